native.reference @iaf_cond_exp_sfa_rr of "nest" {
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
}
dyn.cell @iaf_cond_exp_sfa_rr "Leaky integrate-and-fire with conductances for adaptation and relative refractoriness." {
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
  param tau_sfa : ms = 110.0
  param tau_rr : ms = 1.97
  param E_sfa : mV = -70.0
  param E_rr : mV = -70.0
  param q_sfa : nS = 14.48
  param q_rr : nS = 3214.0
  state V_m : mV = -70.0
  state g_ex : nS = 0.0
  state g_in : nS = 0.0
  state g_rr : nS = 0.0
  state g_sfa : nS = 0.0
  receptor positive : nS
  receptor negative : nS
  current I : pA
  dg_ex/dt = -g_ex / tau_syn_ex
  dg_in/dt = -g_in / tau_syn_in
  on positive(w) { g_ex = g_ex + w }
  on negative(w) { g_in = g_in + -w }
  dg_sfa/dt = -g_sfa / tau_sfa
  dg_rr/dt = -g_rr / tau_rr
  regime integrating {
    dV_m/dt = (g_L * (E_L - V_m) + g_ex * (E_ex - V_m) + g_in * (E_in - V_m) + g_sfa * (E_sfa - V_m) + g_rr * (E_rr - V_m) + I_e + I) / C_m
    when V_m >= V_th { V_m = V_reset  g_sfa = g_sfa + q_sfa  g_rr = g_rr + q_rr  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
