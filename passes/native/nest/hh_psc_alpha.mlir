native.reference @hh_psc_alpha of "nest" {
  note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; currents and arrivals change at dt."
  note "A spike is a potential of 0 mV or more whose peak has passed; none is found for t_ref after it."
}
dyn.cell @hh_psc_alpha "Hodgkin-Huxley (1952) with alpha-shaped synaptic currents; a weight is the peak." {
  param C_m : pF = 100.0
  param g_Na : nS = 12000.0
  param g_K : nS = 3600.0
  param g_L : nS = 30.0
  param E_Na : mV = 50.0
  param E_K : mV = -77.0
  param E_L : mV = -54.402
  param t_ref : ms = 2.0
  param I_e : pA = 0.0
  param tau_syn_ex : ms = 0.2
  param tau_syn_in : ms = 2.0
  state V_m : mV = -65.0
  state Act_m : 1 = 0.05293248525724958
  state Inact_h : 1 = 0.5961207535084603
  state Act_n : 1 = 0.3176769140606974
  state I_syn_ex : pA = 0.0
  state I_syn_in : pA = 0.0
  state dI_syn_ex : pA/ms = 0.0 hidden
  state dI_syn_in : pA/ms = 0.0 hidden
  receptor positive : pA
  receptor negative : pA
  current I : pA
  ddI_syn_ex/dt = -dI_syn_ex / tau_syn_ex
  ddI_syn_in/dt = -dI_syn_in / tau_syn_in
  dI_syn_ex/dt = dI_syn_ex - I_syn_ex / tau_syn_ex
  dI_syn_in/dt = dI_syn_in - I_syn_in / tau_syn_in
  on positive(w) { dI_syn_ex = dI_syn_ex + w * 2.718281828459045 / tau_syn_ex }
  on negative(w) { dI_syn_in = dI_syn_in + w * 2.718281828459045 / tau_syn_in }
  let alpha_n = 0.01 [1/mV/ms] * (V_m + 55.0 [mV]) / (1.0 - exp(-(V_m + 55.0 [mV]) / 10.0 [mV]))
  let beta_n = 0.125 [1/ms] * exp(-(V_m + 65.0 [mV]) / 80.0 [mV])
  let alpha_m = 0.1 [1/mV/ms] * (V_m + 40.0 [mV]) / (1.0 - exp(-(V_m + 40.0 [mV]) / 10.0 [mV]))
  let beta_m = 4.0 [1/ms] * exp(-(V_m + 65.0 [mV]) / 18.0 [mV])
  let alpha_h = 0.07 [1/ms] * exp(-(V_m + 65.0 [mV]) / 20.0 [mV])
  let beta_h = 1.0 [1/ms] / (1.0 + exp(-(V_m + 35.0 [mV]) / 10.0 [mV]))
  let I_Na = g_Na * pow(Act_m, 3.0) * Inact_h * (V_m - E_Na)
  let I_K = g_K * pow(Act_n, 4.0) * (V_m - E_K)
  let I_L = g_L * (V_m - E_L)
  dV_m/dt = (I_syn_ex + I_syn_in + I_e + I - I_Na - I_K - I_L) / C_m
  dAct_m/dt = alpha_m * (1.0 - Act_m) - beta_m * Act_m
  dInact_h/dt = alpha_h * (1.0 - Inact_h) - beta_h * Inact_h
  dAct_n/dt = alpha_n * (1.0 - Act_n) - beta_n * Act_n
  regime watching {
    when V_m >= 0.0 [mV] and previous(V_m) > V_m { emit  goto spiking }
  }
  regime spiking {
    after t_ref { goto watching }
  }
}
