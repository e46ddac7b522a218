native.reference @lif_curr_exp of "analog" {
}
dyn.cell @lif_curr_exp "Leaky integrate-and-fire on an analog circuit, with exponentially decaying synaptic currents." {
  param v_leak : mV = -65.0
  param v_reset : mV = -65.0
  param v_threshold : mV = -50.0
  param c_mem : nF = 1.0
  param tau_mem : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_exc : ms = 5.0
  param tau_syn_inh : ms = 5.0
  state v : mV = -65.0
  state i_exc : nA = 0.0
  state i_inh : nA = 0.0
  receptor positive : nA
  receptor negative : nA
  current I : nA
  di_exc/dt = -i_exc / tau_syn_exc
  di_inh/dt = -i_inh / tau_syn_inh
  on positive(w) { i_exc = i_exc + w }
  on negative(w) { i_inh = i_inh + w }
  regime integrating {
    dv/dt = (v_leak - v) / tau_mem + (i_exc + i_inh + I) / c_mem
    when v >= v_threshold { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
