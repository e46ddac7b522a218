native.cell @IntFire2 of "neuron" "NEURON's event-driven integrate-and-fire cell with an exponential synaptic current and a bias." {
  param taum : ms = 10.0
  param taus : ms = 20.0
  param ib : 1 = 0.0
  state m : 1 = 0.0
  state i : 1 = 0.0
  receptor default : 1
}
