dyn.cell @SpikeSourcePoisson "Source of spikes of a Poisson process with a constant rate, between start and start + duration." {
  param rate : Hz = 1.0
  param start : ms = 0.0
  param duration : ms = 10000000000.0
  emit poisson select(t >= start and t < start + duration, rate, 0.0 [1/ms])
}
