syn.model @STDP_SpikePairRule_AdditiveWeightDependence "Spike pair STDP, all pairs, with changes that do not depend on the weight." {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  param A_plus : 1 = 0.01
  param A_minus : 1 = 0.01
  param w_min : weight = 0.0
  param w_max : weight = 1.0
  param dendritic_delay_fraction : 1 = 1.0
  state x : 1 = 0.0 per pre hidden
  state y : 1 = 0.0 per post hidden
  dx/dt = -x / tau_plus
  dy/dt = -y / tau_minus
  on pre {
    let lowest = w_min / w_max
    let relative = weight * (1.0 / w_max)
    let depressed = w_max * max(lowest, relative - A_minus * y)
    weight = depressed
    x = x + 1.0
    deliver depressed
  }
  on post {
    let relative = weight * (1.0 / w_max)
    weight = w_max * min(1.0, relative + A_plus * x)
    y = y + 1.0
  }
}
