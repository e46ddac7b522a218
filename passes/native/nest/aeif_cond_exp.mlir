native.reference @aeif_cond_exp of "nest" {
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
  note "In the derivatives the potential is bounded by V_peak (V_th where Delta_T = 0), and a spike is found inside a step, so that a cell with t_ref = 0 can fire more than once in a step."
}
dyn.cell @aeif_cond_exp "Adaptive exponential integrate-and-fire with exponentially decaying synaptic conductances." {
  param E_L : mV = -70.6
  param C_m : pF = 281.0
  param g_L : nS = 30.0
  param t_ref : ms = 0.0
  param V_th : mV = -50.4
  param V_reset : mV = -60.0
  param V_peak : mV = 0.0
  param Delta_T : mV = 2.0
  param a : nS = 4.0
  param b : pA = 80.5
  param tau_w : ms = 144.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 2.0
  param tau_syn_in : ms = 2.0
  param E_ex : mV = 0.0
  param E_in : mV = -85.0
  state V_m : mV = -70.6
  state w : pA = 0.0
  state g_ex : nS = 0.0
  state g_in : nS = 0.0
  receptor positive : nS
  receptor negative : nS
  current I : pA
  let peak = select(Delta_T > 0.0 [mV], V_peak, V_th)
  let bounded = min(V_m, peak)
  let upstroke = g_L * Delta_T * exp((bounded - V_th) / Delta_T)
  dw/dt = (a * (bounded - E_L) - w) / tau_w
  dg_ex/dt = -g_ex / tau_syn_ex
  dg_in/dt = -g_in / tau_syn_in
  on positive(weight) { g_ex = g_ex + weight }
  on negative(weight) { g_in = g_in + -weight }
  regime integrating {
    dV_m/dt = (g_L * (E_L - bounded) + upstroke + g_ex * (E_ex - bounded) + g_in * (E_in - bounded) - w + I_e + I) / C_m
    when V_m >= peak { V_m = V_reset  w = w + b  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
