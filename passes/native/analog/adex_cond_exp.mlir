native.reference @adex_cond_exp of "analog" {
}
dyn.cell @adex_cond_exp "Adaptive exponential integrate-and-fire on an analog circuit, with exponentially decaying synaptic conductances." {
  param v_leak : mV = -70.6
  param v_reset : mV = -70.6
  param v_threshold : mV = -40.0
  param v_exp : mV = -50.4
  param delta_exp : mV = 2.0
  param c_mem : nF = 0.281
  param tau_mem : ms = 9.3667
  param tau_refrac : ms = 0.1
  param tau_adapt : ms = 144.0
  param a_adapt : uS = 0.004
  param b_adapt : nA = 0.0805
  param i_offset : nA = 0.0
  param tau_syn_exc : ms = 5.0
  param tau_syn_inh : ms = 5.0
  param e_syn_exc : mV = 0.0
  param e_syn_inh : mV = -80.0
  state v : mV = -70.6
  state w : nA = 0.0
  state g_exc : uS = 0.0
  state g_inh : uS = 0.0
  receptor positive : uS
  receptor negative : uS
  current I : nA
  let peak = select(delta_exp > 0.0 [mV], v_threshold, v_exp)
  let bounded = min(v, peak)
  let upstroke = delta_exp * exp((bounded - v_exp) / max(delta_exp, 1.0e-09 [mV]))
  dw/dt = (a_adapt * (bounded - v_leak) - w) / tau_adapt
  dg_exc/dt = -g_exc / tau_syn_exc
  dg_inh/dt = -g_inh / tau_syn_inh
  on positive(weight) { g_exc = g_exc + weight }
  on negative(weight) { g_inh = g_inh + weight }
  regime integrating {
    dv/dt = (v_leak - bounded + upstroke) / tau_mem + (g_exc * (e_syn_exc - bounded) + g_inh * (e_syn_inh - bounded) - w + i_offset + I) / c_mem
    when v >= peak { v = v_reset  w = w + b_adapt  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
