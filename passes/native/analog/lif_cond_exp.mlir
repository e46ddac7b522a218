native.reference @lif_cond_exp of "analog" {
}
dyn.cell @lif_cond_exp "Leaky integrate-and-fire on an analog circuit, with exponentially decaying synaptic conductances." {
  param v_leak : mV = -65.0
  param v_reset : mV = -65.0
  param v_threshold : mV = -50.0
  param c_mem : nF = 1.0
  param tau_mem : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_exc : ms = 5.0
  param tau_syn_inh : ms = 5.0
  param e_syn_exc : mV = 0.0
  param e_syn_inh : mV = -70.0
  state v : mV = -65.0
  state g_exc : uS = 0.0
  state g_inh : uS = 0.0
  receptor positive : uS
  receptor negative : uS
  current I : nA
  dg_exc/dt = -g_exc / tau_syn_exc
  dg_inh/dt = -g_inh / tau_syn_inh
  on positive(w) { g_exc = g_exc + w }
  on negative(w) { g_inh = g_inh + w }
  regime integrating {
    dv/dt = (v_leak - v) / tau_mem + (g_exc * (e_syn_exc - v) + g_inh * (e_syn_inh - v) + I) / c_mem
    when v >= v_threshold { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
