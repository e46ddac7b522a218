dyn.cell @IF_cond_exp "Leaky integrate-and-fire with fixed threshold and exponentially decaying synaptic conductance." {
  param v_rest : mV = -65.0
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -70.0
  param v_thresh : mV = -50.0
  param v_reset : mV = -65.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
