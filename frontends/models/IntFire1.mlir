native.cell @IntFire1 of "neuron" "NEURON's leaky integrate-and-fire event-driven cell: a spike adds its weight to m, which decays; it fires at 1." {
  param tau : ms = 10.0
  param refrac : ms = 5.0
  state m : 1 = 0.0
  receptor default : 1
}
