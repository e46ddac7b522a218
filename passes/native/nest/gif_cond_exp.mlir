native.reference @gif_cond_exp of "nest" {
  draws
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
  note "The spike-triggered current and the threshold of a step are those of its start; the potential is V_reset from the step after a spike on."
}
dyn.cell @gif_cond_exp "Generalised integrate-and-fire with a spike-triggered current, a moving threshold and stochastic firing; NEST takes any number of each as lists." {
  param E_L : mV = -70.0
  param C_m : pF = 80.0
  param g_L : nS = 4.0
  param t_ref : ms = 4.0
  param V_reset : mV = -55.0
  param Delta_V : mV = 0.5
  param V_T_star : mV = -35.0
  param lambda_0 : Hz = 1.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 2.0
  param tau_syn_in : ms = 2.0
  param E_ex : mV = 0.0
  param E_in : mV = -85.0
  param tau_stc.1 : ms = 1.0
  param tau_stc.2 : ms = 10.0
  param tau_stc.3 : ms = 100.0
  param q_stc.1 : pA = 0.0
  param q_stc.2 : pA = 0.0
  param q_stc.3 : pA = 0.0
  param tau_sfa.1 : ms = 1.0
  param tau_sfa.2 : ms = 10.0
  param tau_sfa.3 : ms = 100.0
  param q_sfa.1 : mV = 0.0
  param q_sfa.2 : mV = 0.0
  param q_sfa.3 : mV = 0.0
  state V_m : mV = -70.0
  state E_sfa : mV = -35.0
  state I_stc : pA = 0.0
  state g_ex : nS = 0.0
  state g_in : nS = 0.0
  state stc_1 : pA = 0.0 hidden
  state stc_2 : pA = 0.0 hidden
  state stc_3 : pA = 0.0 hidden
  state sfa_1 : mV = 0.0 hidden
  state sfa_2 : mV = 0.0 hidden
  state sfa_3 : mV = 0.0 hidden
  receptor positive : nS
  receptor negative : nS
  current I : pA
  dg_ex/dt = -g_ex / tau_syn_ex
  dg_in/dt = -g_in / tau_syn_in
  dstc_1/dt = -stc_1 / tau_stc.1
  dstc_2/dt = -stc_2 / tau_stc.2
  dstc_3/dt = -stc_3 / tau_stc.3
  dsfa_1/dt = -sfa_1 / tau_sfa.1
  dsfa_2/dt = -sfa_2 / tau_sfa.2
  dsfa_3/dt = -sfa_3 / tau_sfa.3
  on positive(w) { g_ex = g_ex + w }
  on negative(w) { g_in = g_in + -w }
  when t >= 0.0 [ms] { E_sfa = V_T_star + sfa_1 + sfa_2 + sfa_3  I_stc = stc_1 + stc_2 + stc_3 }
  regime integrating {
    dV_m/dt = (g_L * (E_L - V_m) + g_ex * (E_ex - V_m) + g_in * (E_in - V_m) - I_stc + I_e + I) / C_m
    when -log(uniform(escape)) <= lambda_0 * dt * exp((V_m - E_sfa) / Delta_V) {
      V_m = V_reset
      stc_1 = stc_1 + q_stc.1
      stc_2 = stc_2 + q_stc.2
      stc_3 = stc_3 + q_stc.3
      sfa_1 = sfa_1 + q_sfa.1
      sfa_2 = sfa_2 + q_sfa.2
      sfa_3 = sfa_3 + q_sfa.3
      I_stc = I_stc + q_stc.1 + q_stc.2 + q_stc.3
      E_sfa = E_sfa + q_sfa.1 + q_sfa.2 + q_sfa.3
      emit
      goto refractory
    }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
