syn.model @STDP_SpikePairRule_GutigWeightDependence "Spike pair STDP, all pairs, with changes that follow powers of the distance of the weight from its limits (Guetig et al. 2003)." {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  param A_plus : 1 = 0.01
  param A_minus : 1 = 0.01
  param w_min : weight = 0.0
  param w_max : weight = 1.0
  param mu_plus : 1 = 0.5
  param mu_minus : 1 = 0.5
  param dendritic_delay_fraction : 1 = 1.0
  state x : 1 = 0.0 per pre hidden
  state y : 1 = 0.0 per post hidden
  dx/dt = -x / tau_plus
  dy/dt = -y / tau_minus
  on pre {
    let lowest = w_min / w_max
    let relative = weight * (1.0 / w_max)
    let depressed = w_max * max(lowest, relative - A_minus * y * pow(max(relative - lowest, 0.0), mu_minus))
    weight = depressed
    x = x + 1.0
    deliver depressed
  }
  on post {
    let relative = weight * (1.0 / w_max)
    weight = w_max * min(1.0, relative + A_plus * x * pow(max(1.0 - relative, 0.0), mu_plus))
    y = y + 1.0
  }
}
