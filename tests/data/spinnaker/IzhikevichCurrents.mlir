dyn.cell @IzhikevichCurrents "Quadratic integrate-and-fire (Izhikevich 2003) with exponentially decaying currents." {
  param a : 1/ms = 0.02
  param b : 1/ms = 0.2
  param c : mV = -65.0
  param d : mV/ms = 2.0
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state u : mV/ms = -13.0
  state isyn_exc : nA = 0.0
  state isyn_inh : nA = 0.0
  receptor excitatory : nA decay tau_syn_E
  receptor inhibitory : nA decay tau_syn_I
  current injected : nA
  dv/dt = 0.04 [1/mV/ms] * v * v + 5.0 [1/ms] * v + 140.0 [mV/ms] - u + (isyn_exc + isyn_inh + i_offset + injected) / 1.0 [nF]
  du/dt = a * (b * v - u)
  disyn_exc/dt = -isyn_exc / tau_syn_E
  disyn_inh/dt = -isyn_inh / tau_syn_I
  on excitatory(w) { isyn_exc = isyn_exc + w }
  on inhibitory(w) { isyn_inh = isyn_inh + w }
  when v >= 30.0 [mV] { v = c  u = u + d  emit }
}
