native.reference @iaf_cond_exp of "nest" {
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
}
dyn.cell @iaf_cond_exp "Leaky integrate-and-fire with exponentially decaying synaptic conductances." {
  param E_L : mV = -70.0
  param C_m : pF = 250.0
  param g_L : nS = 16.6667
  param t_ref : ms = 2.0
  param V_th : mV = -55.0
  param V_reset : mV = -70.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 2.0
  param tau_syn_in : ms = 2.0
  param E_ex : mV = 0.0
  param E_in : mV = -85.0
  state V_m : mV = -70.0
  state g_ex : nS = 0.0
  state g_in : nS = 0.0
  receptor positive : nS
  receptor negative : nS
  current I : pA
  dg_ex/dt = -g_ex / tau_syn_ex
  dg_in/dt = -g_in / tau_syn_in
  on positive(w) { g_ex = g_ex + w }
  on negative(w) { g_in = g_in + -w }
  regime integrating {
    dV_m/dt = (g_L * (E_L - V_m) + g_ex * (E_ex - V_m) + g_in * (E_in - V_m) + I_e + I) / C_m
    when V_m >= V_th { V_m = V_reset  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
