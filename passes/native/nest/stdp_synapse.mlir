native.reference @stdp_synapse of "nest" {
  fixed w_min = 0.0
  fixed dendritic_delay_fraction = 1.0
  postsynaptic tau_minus
  note "Weights change when a presynaptic spike is sent; the whole delay is dendritic."
}
syn.model @stdp_synapse "Spike pair plasticity, all pairs, with changes by powers of the distance of the weight from its limits (Guetig et al. 2003)." {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  param lambda : 1 = 0.01
  param alpha : 1 = 1.0
  param Wmax : weight = 100.0
  param w_min : weight = 0.0
  param dendritic_delay_fraction : 1 = 1.0
  param mu_plus : 1 = 1.0
  param mu_minus : 1 = 1.0
  state Kplus : 1 = 0.0 per pre
  state Kminus : 1 = 0.0 per post hidden
  dKplus/dt = -Kplus / tau_plus
  dKminus/dt = -Kminus / tau_minus
  on pre {
    let lowest = w_min / Wmax
    let relative = weight / Wmax
    let depressed = Wmax * max(lowest, relative - alpha * lambda * Kminus * pow(max(relative - lowest, 0.0), mu_minus))
    weight = depressed
    Kplus = Kplus + 1.0
    deliver depressed
  }
  on post {
    let relative = weight / Wmax
    weight = Wmax * min(1.0, relative + lambda * Kplus * pow(max(1.0 - relative, 0.0), mu_plus))
    Kminus = Kminus + 1.0
  }
}
