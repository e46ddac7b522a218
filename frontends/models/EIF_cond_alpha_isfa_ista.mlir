dyn.cell @EIF_cond_alpha_isfa_ista "Adaptive exponential integrate-and-fire (Brette & Gerstner 2005) with alpha-shaped synaptic conductance; a weight is the peak." {
  param cm : nF = 0.281
  param tau_refrac : ms = 0.1
  param v_spike : mV = -40.0
  param v_reset : mV = -70.6
  param v_rest : mV = -70.6
  param tau_m : ms = 9.3667
  param i_offset : nA = 0.0
  param a : nS = 4.0
  param b : nA = 0.0805
  param delta_T : mV = 2.0
  param tau_w : ms = 144.0
  param v_thresh : mV = -50.4
  param e_rev_E : mV = 0.0
  param tau_syn_E : ms = 5.0
  param e_rev_I : mV = -80.0
  param tau_syn_I : ms = 5.0
  state v : mV = -70.6
  state w : nA = 0.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  state rise_exc : uS/ms = 0.0 hidden
  state rise_inh : uS/ms = 0.0 hidden
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  let e = 2.718281828459045
  let v_peak = select(delta_T > 0.0 [mV], v_spike, v_thresh)
  let v_bound = min(v, v_peak)
  let upstroke = delta_T * exp((v_bound - v_thresh) / max(delta_T, 1.0e-09 [mV]))
  dw/dt = (a * (v_bound - v_rest) - w) / tau_w
  drise_exc/dt = -rise_exc / tau_syn_E
  drise_inh/dt = -rise_inh / tau_syn_I
  dgsyn_exc/dt = rise_exc - gsyn_exc / tau_syn_E
  dgsyn_inh/dt = rise_inh - gsyn_inh / tau_syn_I
  on excitatory(weight) { rise_exc = rise_exc + weight * e / tau_syn_E }
  on inhibitory(weight) { rise_inh = rise_inh + weight * e / tau_syn_I }
  regime integrating {
    dv/dt = (v_rest - v_bound + upstroke) / tau_m + (gsyn_exc * (e_rev_E - v_bound) + gsyn_inh * (e_rev_I - v_bound) - w + i_offset + injected) / cm
    when v >= v_peak { v = v_reset  w = w + b  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
