native.reference @iaf_psc_exp of "nest" {
  note "The refractory time is rounded up to whole steps."
}
dyn.cell @iaf_psc_exp "Leaky integrate-and-fire with exponentially decaying synaptic currents." {
  param E_L : mV = -70.0
  param C_m : pF = 250.0
  param tau_m : ms = 10.0
  param t_ref : ms = 2.0
  param V_th : mV = -55.0
  param V_reset : mV = -70.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 2.0
  param tau_syn_in : ms = 2.0
  state V_m : mV = -70.0
  state I_syn_ex : pA = 0.0
  state I_syn_in : pA = 0.0
  receptor positive : pA
  receptor negative : pA
  current I : pA
  dI_syn_ex/dt = -I_syn_ex / tau_syn_ex
  dI_syn_in/dt = -I_syn_in / tau_syn_in
  on positive(w) { I_syn_ex = I_syn_ex + w }
  on negative(w) { I_syn_in = I_syn_in + w }
  regime integrating {
    dV_m/dt = (E_L - V_m) / tau_m + (I_syn_ex + I_syn_in + I_e + I) / C_m
    when V_m >= V_th { V_m = V_reset  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
