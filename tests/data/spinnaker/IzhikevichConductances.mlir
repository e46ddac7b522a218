dyn.cell @IzhikevichConductances "Quadratic integrate-and-fire (Izhikevich 2003) with exponentially decaying conductances." {
  param a : 1/ms = 0.02
  param b : 1/ms = 0.2
  param c : mV = -65.0
  param d : mV/ms = 2.0
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -70.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state u : mV/ms = -13.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  dv/dt = 0.04 [1/mV/ms] * v * v + 5.0 [1/ms] * v + 140.0 [mV/ms] - u + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_offset + injected) / 1.0 [nF]
  du/dt = a * (b * v - u)
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  when v >= 30.0 [mV] { v = c  u = u + d  emit }
}
