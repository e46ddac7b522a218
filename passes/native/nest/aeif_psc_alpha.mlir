native.reference @aeif_psc_alpha of "nest" {
  note "The refractory time is rounded up to whole steps."
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
  note "In the derivatives the potential is bounded by V_peak (V_th where Delta_T = 0), and a spike is found inside a step, so that a cell with t_ref = 0 can fire more than once in a step."
}
dyn.cell @aeif_psc_alpha "Adaptive exponential integrate-and-fire with alpha-shaped synaptic currents; a weight is the peak." {
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
  state V_m : mV = -70.6
  state w : pA = 0.0
  state I_syn_ex : pA = 0.0
  state I_syn_in : pA = 0.0
  state dI_syn_ex : pA/ms = 0.0
  state dI_syn_in : pA/ms = 0.0
  receptor positive : pA
  receptor negative : pA
  current I : pA
  let peak = select(Delta_T > 0.0 [mV], V_peak, V_th)
  let bounded = min(V_m, peak)
  let upstroke = g_L * Delta_T * exp((bounded - V_th) / Delta_T)
  dw/dt = (a * (bounded - E_L) - w) / tau_w
  ddI_syn_ex/dt = -dI_syn_ex / tau_syn_ex
  ddI_syn_in/dt = -dI_syn_in / tau_syn_in
  dI_syn_ex/dt = dI_syn_ex - I_syn_ex / tau_syn_ex
  dI_syn_in/dt = dI_syn_in - I_syn_in / tau_syn_in
  on positive(weight) { dI_syn_ex = dI_syn_ex + weight * 2.718281828459045 / tau_syn_ex }
  on negative(weight) { dI_syn_in = dI_syn_in + weight * 2.718281828459045 / tau_syn_in }
  regime integrating {
    dV_m/dt = (g_L * (E_L - bounded) + upstroke + I_syn_ex + I_syn_in - w + I_e + I) / C_m
    when V_m >= peak { V_m = V_reset  w = w + b  emit  goto refractory }
  }
  regime refractory {
    after t_ref { goto integrating }
  }
}
