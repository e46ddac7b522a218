dyn.response @CondExpPostSynapticResponse "Synaptic conductance with an instantaneous rise and an exponential decay." {
  param e_syn : mV = 0.0
  param tau_syn : ms = 5.0
  state gsyn : uS = 0.0
  receptor input : uS decay tau_syn
  dgsyn/dt = -gsyn / tau_syn
  on input(w) { gsyn = gsyn + w }
  let current = gsyn * (e_syn - v)
}
