dyn.cell @IF_facets_hardware1 "Leaky integrate-and-fire with exponentially decaying synaptic conductance, as the first FACETS chip has it." {
  param g_leak : nS = 40.0
  param tau_syn_E : ms = 30.0
  param tau_syn_I : ms = 30.0
  param v_reset : mV = -80.0
  param e_rev_I : mV = -80.0
  param v_rest : mV = -65.0
  param v_thresh : mV = -55.0
  state v : mV = -65.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  let cm = 0.2 [nF]
  let e_rev_E = 0.0 [mV]
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  regime integrating {
    dv/dt = (g_leak * (v_rest - v) + gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after 1.0 [ms] { goto integrating }
  }
}
