native.reference @bernoulli_synapse of "nest" {
  draws
}
syn.model @bernoulli_synapse "Each spike is transmitted with a fixed probability." {
  param p_transmit : 1 = 1.0
  on pre { deliver weight * select(uniform(transmission) < p_transmit, 1.0, 0.0) }
}
