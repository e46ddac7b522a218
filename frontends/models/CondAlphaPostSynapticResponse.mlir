dyn.response @CondAlphaPostSynapticResponse "Alpha-shaped synaptic conductance; a weight is the peak." {
  param e_syn : mV = 0.0
  param tau_syn : ms = 5.0
  state gsyn : uS = 0.0
  state rise : uS/ms = 0.0 hidden
  receptor input : uS decay tau_syn
  drise/dt = -rise / tau_syn
  dgsyn/dt = rise - gsyn / tau_syn
  on input(w) { rise = rise + w * 2.718281828459045 / tau_syn }
  let current = gsyn * (e_syn - v)
}
