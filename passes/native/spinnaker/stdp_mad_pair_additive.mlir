native.reference @stdp_mad_pair_additive of "spinnaker" {
  fixed dendritic_delay_fraction = 1.0
  note "Weights change when a presynaptic spike comes, by what has been since the one before; traces are multiples of 2^-11."
  note "Amounts are multiples of 2^-15 of the weight's unit, and not of w_max: sPyNNaker gets A_plus * w_max and A_minus * w_max."
}
syn.model @stdp_mad_pair_additive "Spike pair plasticity, all pairs, with changes that do not depend on the weight." {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  param A_plus : 1 = 0.01
  param A_minus : 1 = 0.01
  param w_min : weight = 0.0
  param w_max : weight = 1.0
  param dendritic_delay_fraction : 1 = 1.0
  state pre_trace : 1 = 0.0 per pre hidden
  state post_trace : 1 = 0.0 per post hidden
  dpre_trace/dt = -pre_trace / tau_plus
  dpost_trace/dt = -post_trace / tau_minus
  on pre {
    let lowest = w_min / w_max
    let relative = weight / w_max
    let depressed = w_max * max(lowest, relative - A_minus * post_trace)
    weight = depressed
    pre_trace = pre_trace + 1.0
    deliver depressed
  }
  on post {
    let relative = weight / w_max
    weight = w_max * min(1.0, relative + A_plus * pre_trace)
    post_trace = post_trace + 1.0
  }
}
