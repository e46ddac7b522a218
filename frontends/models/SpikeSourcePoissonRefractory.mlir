dyn.cell @SpikeSourcePoissonRefractory "Source of spikes of a Poisson process with dead time: rate is the mean rate of what is emitted; from start until start + duration." {
  param rate : Hz = 1.0
  param tau_refrac : ms = 0.0
  param start : ms = 0.0
  param duration : ms = 10000000000.0
  state wait : 1 = 0.0 hidden
  let hazard = rate / max(1.0 - rate * tau_refrac, 1.0e-09)
  regime silent {
    when t >= start and t < start + duration { wait = -log(uniform(first)) - hazard * (t + dt - start)  goto active }
  }
  regime active {
    dwait/dt = -hazard
    when wait <= 0.0 and t < start + duration { wait = wait - log(uniform(next))  emit  goto refractory }
    when t >= start + duration { goto silent }
  }
  regime refractory {
    after tau_refrac { goto active }
  }
}
