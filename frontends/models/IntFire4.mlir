native.cell @IntFire4 of "neuron" "NEURON's event-driven integrate-and-fire cell with a fast excitatory and a slower, alpha-shaped inhibitory current, by the sign of the weight." {
  param taue : ms = 5.0
  param taui1 : ms = 10.0
  param taui2 : ms = 20.0
  param taum : ms = 50.0
  state e : 1 = 0.0
  state i1 : 1 = 0.0
  state i2 : 1 = 0.0
  state m : 1 = 0.0
  receptor default : 1
}
