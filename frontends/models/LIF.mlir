dyn.cell @LIF "Leaky integrate-and-fire with fixed threshold, without receptors." {
  param cm : nF = 1.0
  param tau_refrac : ms = 0.1
  param v_reset : mV = -65.0
  param v_rest : mV = -65.0
  param tau_m : ms = 20.0
  param i_offset : nA = 0.0
  param v_thresh : mV = -50.0
  state v : mV = -65.0
  current injected : nA
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
