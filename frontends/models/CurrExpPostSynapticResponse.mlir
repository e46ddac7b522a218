dyn.response @CurrExpPostSynapticResponse "Synaptic current with an instantaneous rise and an exponential decay." {
  param tau_syn : ms = 5.0
  state isyn : nA = 0.0
  receptor input : nA decay tau_syn
  disyn/dt = -isyn / tau_syn
  on input(w) { isyn = isyn + w }
  let current = isyn
}
