dyn.cell @SpikeSourceGamma "Source of spikes of a gamma process: intervals of shape alpha and rate beta, from start on, until start + duration." {
  param alpha : 1 = 2.0
  param beta : Hz = 1.0
  param start : ms = 0.0
  param duration : ms = 10000000000.0
  state wait : 1 = 0.0 hidden
  regime silent {
    when t >= start and t < start + duration { wait = standard_gamma(first, alpha) - beta * (t + dt - start)  goto active }
  }
  regime active {
    dwait/dt = -beta
    when wait <= 0.0 and t < start + duration { wait = wait + standard_gamma(next, alpha)  emit }
    when t >= start + duration { goto silent }
  }
}
