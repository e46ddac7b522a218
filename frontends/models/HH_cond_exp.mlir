dyn.cell @HH_cond_exp "Hodgkin-Huxley in one compartment with the kinetics of Traub & Miles (1991) and exponentially decaying synaptic conductance." {
  param gbar_Na : uS = 20.0
  param gbar_K : uS = 6.0
  param g_leak : uS = 0.01
  param cm : nF = 0.2
  param v_offset : mV = -63.0
  param e_rev_Na : mV = 50.0
  param e_rev_K : mV = -90.0
  param e_rev_leak : mV = -65.0
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -80.0
  param tau_syn_E : ms = 0.2
  param tau_syn_I : ms = 2.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  state h : 1 = 1.0
  state m : 1 = 0.0
  state n : 1 = 0.0
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  let depolarisation = v - v_offset
  let alpha_m = 1.28 [1/ms] / exprel((13.0 [mV] - depolarisation) / 4.0 [mV])
  let beta_m = 1.4 [1/ms] / exprel((depolarisation - 40.0 [mV]) / 5.0 [mV])
  let alpha_h = 0.128 [1/ms] * exp((17.0 [mV] - depolarisation) / 18.0 [mV])
  let beta_h = 4.0 [1/ms] / (1.0 + exp((40.0 [mV] - depolarisation) / 5.0 [mV]))
  let alpha_n = 0.16 [1/ms] / exprel((15.0 [mV] - depolarisation) / 5.0 [mV])
  let beta_n = 0.5 [1/ms] * exp((10.0 [mV] - depolarisation) / 40.0 [mV])
  let i_Na = gbar_Na * pow(m, 3.0) * h * (e_rev_Na - v)
  let i_K = gbar_K * pow(n, 4.0) * (e_rev_K - v)
  let i_leak = g_leak * (e_rev_leak - v)
  let i_syn = gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v)
  dv/dt = (i_Na + i_K + i_leak + i_syn + i_offset + injected) / cm
  dm/dt = alpha_m - (alpha_m + beta_m) * m
  dh/dt = alpha_h - (alpha_h + beta_h) * h
  dn/dt = alpha_n - (alpha_n + beta_n) * n
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  regime watching {
    when v >= v_offset + 30.0 [mV] and previous(v) > v { emit  goto spiking }
  }
  regime spiking {
    after 2.0 [ms] { goto watching }
  }
}
