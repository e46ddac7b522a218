dyn.cell @IF_cond_exp_gsfa_grr "Leaky integrate-and-fire with conductances for spike-frequency adaptation and relative refractoriness (Muller et al. 2007)." {
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
  param tau_sfa : ms = 100.0
  param e_rev_sfa : mV = -75.0
  param q_sfa : nS = 15.0
  param tau_rr : ms = 2.0
  param e_rev_rr : mV = -75.0
  param q_rr : nS = 3000.0
  state v : mV = -65.0
  state g_r : nS = 0.0
  state g_s : nS = 0.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  dg_r/dt = -g_r / tau_rr
  dg_s/dt = -g_s / tau_sfa
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + g_s * (e_rev_sfa - v) + g_r * (e_rev_rr - v) + i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  g_s = g_s + q_sfa  g_r = g_r + q_rr  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
