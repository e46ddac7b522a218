dyn.response @CondBetaPostSynapticResponse "Synaptic conductance as a difference of exponentials with times tau_rise and tau_decay, which differ; a weight is the peak." {
  param e_syn : mV = 0.0
  param tau_rise : ms = 0.2
  param tau_decay : ms = 1.7
  state gsyn : uS = 0.0
  state rise : uS/ms = 0.0 hidden
  receptor input : uS decay tau_decay
  let ratio = log(tau_decay / tau_rise) / (1.0 / tau_rise - 1.0 / tau_decay)
  let peak = (exp(-ratio / tau_decay) - exp(-ratio / tau_rise)) / (1.0 / tau_rise - 1.0 / tau_decay)
  drise/dt = -rise / tau_rise
  dgsyn/dt = rise - gsyn / tau_decay
  on input(w) { rise = rise + w / peak }
  let current = gsyn * (e_syn - v)
}
