native.reference @stdp_synapse of "nest" {
  setting mu_plus = 0.0
  setting mu_minus = 0.0
  fixed w_min = 0.0
  fixed dendritic_delay_fraction = 1.0
  postsynaptic tau_minus
  note "Weights change when a presynaptic spike is sent; the whole delay is dendritic."
}
syn.model @stdp_synapse "Spike pair plasticity, all pairs, with changes that do not depend on the weight." {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  param lambda : 1 = 0.01
  param alpha : 1 = 1.0
  param Wmax : weight = 100.0
  param w_min : weight = 0.0
  param dendritic_delay_fraction : 1 = 1.0
  state Kplus : 1 = 0.0 per pre
  state Kminus : 1 = 0.0 per post hidden
  dKplus/dt = -Kplus / tau_plus
  dKminus/dt = -Kminus / tau_minus
  on pre {
    let lowest = w_min / Wmax
    let relative = weight / Wmax
    let depressed = Wmax * max(lowest, relative - alpha * lambda * Kminus)
    weight = depressed
    Kplus = Kplus + 1.0
    deliver depressed
  }
  on post {
    let relative = weight / Wmax
    weight = Wmax * min(1.0, relative + lambda * Kplus)
    Kminus = Kminus + 1.0
  }
}
