dyn.cell @AdExp "Adaptive exponential integrate-and-fire (Brette & Gerstner 2005) without receptors." {
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
  state v : mV = -70.6
  state w : nA = 0.0
  current injected : nA
  let v_peak = select(delta_T > 0.0 [mV], v_spike, v_thresh)
  let v_bound = min(v, v_peak)
  let upstroke = delta_T * exp((v_bound - v_thresh) / max(delta_T, 1.0e-09 [mV]))
  dw/dt = (a * (v_bound - v_rest) - w) / tau_w
  regime integrating {
    dv/dt = (v_rest - v_bound + upstroke) / tau_m + (i_offset + injected - w) / cm
    when v >= v_peak { v = v_reset  w = w + b  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
