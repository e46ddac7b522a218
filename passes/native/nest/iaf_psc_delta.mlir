native.reference @iaf_psc_delta of "nest" {
  note "The refractory time is rounded up to whole steps."
}
dyn.cell @iaf_psc_delta "Leaky integrate-and-fire; arrivals step the potential, and are lost while refractory." {
  param E_L : mV = -70.0
  param C_m : pF = 250.0
  param tau_m : ms = 10.0
  param t_ref : ms = 2.0
  param V_th : mV = -55.0
  param V_reset : mV = -70.0
  param I_e : pA = 0.0
  state V_m : mV = -70.0
  receptor any : mV
  current I : pA
  regime integrating {
    dV_m/dt = (E_L - V_m) / tau_m + (I_e + I) / C_m
    on any(w) { V_m = V_m + w }
    when V_m >= V_th { V_m = V_reset  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
