dyn.cell @Izhikevich "Quadratic integrate-and-fire with a recovery variable (Izhikevich 2003); arrivals step the membrane potential." {
  param a : 1/ms = 0.02
  param b : 1/ms = 0.2
  param c : mV = -65.0
  param d : mV/ms = 2.0
  param i_offset : nA = 0.0
  state v : mV = -70.0
  state u : mV/ms = -14.0
  receptor excitatory : mV
  receptor inhibitory : mV
  current injected : nA
  dv/dt = 0.04 [1/mV/ms] * v * v + 5.0 [1/ms] * v + 140.0 [mV/ms] - u + (i_offset + injected) / 0.001 [nF]
  du/dt = a * (b * v - u)
  on excitatory(w) { v = v + w }
  on inhibitory(w) { v = v + w }
  when v >= 30.0 [mV] { v = c  u = u + d  emit }
}
