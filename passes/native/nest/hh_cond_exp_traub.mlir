native.reference @hh_cond_exp_traub of "nest" {
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
  note "A spike is an upward crossing of V_T + 30 mV whose peak has passed; none is found for t_ref after it."
}
dyn.cell @hh_cond_exp_traub "Hodgkin-Huxley with the kinetics of Traub & Miles (1991) and exponentially decaying synaptic conductances." {
  param C_m : pF = 200.0
  param g_Na : nS = 20000.0
  param g_K : nS = 6000.0
  param g_L : nS = 10.0
  param E_Na : mV = 50.0
  param E_K : mV = -90.0
  param E_L : mV = -60.0
  param V_T : mV = -63.0
  param t_ref : ms = 2.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 2.0
  param tau_syn_in : ms = 2.0
  param E_ex : mV = 0.0
  param E_in : mV = -85.0
  state V_m : mV = -60.0
  state Act_m : 1 = 0.0
  state Inact_h : 1 = 1.0
  state Act_n : 1 = 0.0
  state g_ex : nS = 0.0
  state g_in : nS = 0.0
  receptor positive : nS
  receptor negative : nS
  current I : pA
  dg_ex/dt = -g_ex / tau_syn_ex
  dg_in/dt = -g_in / tau_syn_in
  on positive(w) { g_ex = g_ex + w }
  on negative(w) { g_in = g_in + -w }
  let V = V_m - V_T
  let alpha_n = 0.16 [1/ms] / exprel((15.0 [mV] - V) / 5.0 [mV])
  let beta_n = 0.5 [1/ms] * exp((10.0 [mV] - V) / 40.0 [mV])
  let alpha_m = 1.28 [1/ms] / exprel((13.0 [mV] - V) / 4.0 [mV])
  let beta_m = 1.4 [1/ms] / exprel((V - 40.0 [mV]) / 5.0 [mV])
  let alpha_h = 0.128 [1/ms] * exp((17.0 [mV] - V) / 18.0 [mV])
  let beta_h = 4.0 [1/ms] / (1.0 + exp((40.0 [mV] - V) / 5.0 [mV]))
  let I_Na = g_Na * pow(Act_m, 3.0) * Inact_h * (E_Na - V_m)
  let I_K = g_K * pow(Act_n, 4.0) * (E_K - V_m)
  let I_L = g_L * (E_L - V_m)
  dV_m/dt = (I_Na + I_K + I_L + g_ex * (E_ex - V_m) + g_in * (E_in - V_m) + I_e + I) / C_m
  dAct_m/dt = alpha_m * (1.0 - Act_m) - beta_m * Act_m
  dInact_h/dt = alpha_h * (1.0 - Inact_h) - beta_h * Inact_h
  dAct_n/dt = alpha_n * (1.0 - Act_n) - beta_n * Act_n
  regime watching {
    when V_m >= V_T + 30.0 [mV] and previous(V_m) > V_m { emit  goto spiking }
  }
  regime spiking {
    after t_ref { goto watching }
  }
}
