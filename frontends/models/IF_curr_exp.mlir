dyn.cell @IF_curr_exp "Leaky integrate-and-fire with fixed threshold and exponentially decaying synaptic current, one for each sign." {
  param v_rest : mV = -65.0
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param i_offset : nA = 0.0
  param v_reset : mV = -65.0
  param v_thresh : mV = -50.0
  state v : mV = -65.0
  state isyn_exc : nA = 0.0
  state isyn_inh : nA = 0.0
  receptor excitatory : nA decay tau_syn_E
  receptor inhibitory : nA decay tau_syn_I
  current injected : nA
  disyn_exc/dt = -isyn_exc / tau_syn_E
  disyn_inh/dt = -isyn_inh / tau_syn_I
  on excitatory(w) { isyn_exc = isyn_exc + w }
  on inhibitory(w) { isyn_inh = isyn_inh + w }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (isyn_exc + isyn_inh + i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
