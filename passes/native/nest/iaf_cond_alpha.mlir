native.reference @iaf_cond_alpha of "nest" {
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
}
dyn.cell @iaf_cond_alpha "Leaky integrate-and-fire with alpha-shaped synaptic conductances; a weight is the peak." {
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
  state dg_ex : nS/ms = 0.0
  state dg_in : nS/ms = 0.0
  receptor positive : nS
  receptor negative : nS
  current I : pA
  ddg_ex/dt = -dg_ex / tau_syn_ex
  ddg_in/dt = -dg_in / tau_syn_in
  dg_ex/dt = dg_ex - g_ex / tau_syn_ex
  dg_in/dt = dg_in - g_in / tau_syn_in
  on positive(w) { dg_ex = dg_ex + w * 2.718281828459045 / tau_syn_ex }
  on negative(w) { dg_in = dg_in + -w * 2.718281828459045 / tau_syn_in }
  regime integrating {
    dV_m/dt = (g_L * (E_L - V_m) + g_ex * (E_ex - V_m) + g_in * (E_in - V_m) + I_e + I) / C_m
    when V_m >= V_th { V_m = V_reset  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
