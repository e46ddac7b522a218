native.reference @izhikevich of "nest" {
  solver euler
}
dyn.cell @izhikevich "Quadratic integrate-and-fire with a recovery variable (Izhikevich 2003); arrivals step the potential." {
  param a : 1/ms = 0.02
  param b : 1/ms = 0.2
  param c : mV = -65.0
  param d : mV/ms = 8.0
  param V_th : mV = 30.0
  param I_e : pA = 0.0
  state V_m : mV = -65.0
  state U_m : mV/ms = -13.0
  receptor any : mV
  current I : pA
  dV_m/dt = 0.04 [1/mV/ms] * V_m * V_m + 5.0 [1/ms] * V_m + 140.0 [mV/ms] - U_m + (I_e + I) / 1.0 [pF]
  dU_m/dt = a * (b * V_m - U_m)
  on any(w) { V_m = V_m + w }
  when V_m >= V_th { V_m = c  U_m = U_m + d  emit }
}
