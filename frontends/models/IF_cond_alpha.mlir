dyn.cell @IF_cond_alpha "Leaky integrate-and-fire with fixed threshold and alpha-shaped synaptic conductance; a weight is the peak." {
  param v_rest : mV = -65.0
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_E : ms = 0.3
  param tau_syn_I : ms = 0.5
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -70.0
  param v_thresh : mV = -50.0
  param v_reset : mV = -65.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  state rise_exc : uS/ms = 0.0 hidden
  state rise_inh : uS/ms = 0.0 hidden
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  let e = 2.718281828459045
  drise_exc/dt = -rise_exc / tau_syn_E
  drise_inh/dt = -rise_inh / tau_syn_I
  dgsyn_exc/dt = rise_exc - gsyn_exc / tau_syn_E
  dgsyn_inh/dt = rise_inh - gsyn_inh / tau_syn_I
  on excitatory(w) { rise_exc = rise_exc + w * e / tau_syn_E }
  on inhibitory(w) { rise_inh = rise_inh + w * e / tau_syn_I }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
