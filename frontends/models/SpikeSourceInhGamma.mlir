dyn.cell @SpikeSourceInhGamma "Source of spikes of an inhomogeneous gamma process: at a time since the last spike the hazard is that of a gamma distribution of shape a and scale b, which are constant in bins that begin at tbins (Muller et al. 2007); from start on, until start + duration." {
  param a : 1 sequence = 1.0
  param b : s sequence = 1.0
  param tbins : ms sequence = 0.0
  param start : ms = 0.0
  param duration : ms = 10000000000.0
  state age : ms = 0.0 hidden
  let shape = piecewise(a, tbins, t + 0.5 * dt)
  let scale = piecewise(b, tbins, t + 0.5 * dt)
  let hazard = log_gamma_sf(shape, previous(age) / scale) - log_gamma_sf(shape, age / scale)
  dage/dt = 1.0
  when t < start { age = max(t + dt - start, 0.0 [ms]) }
  when t >= start and t < start + duration and -log(uniform(next)) <= hazard { age = 0.0 [ms]  emit }
}
