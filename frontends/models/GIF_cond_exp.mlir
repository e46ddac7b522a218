dyn.cell @GIF_cond_exp "Generalised integrate-and-fire with a spike-triggered current, a moving threshold and stochastic firing (Mensi et al. 2012, Pozzorini et al. 2015)." {
  param v_rest : mV = -65.0
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 4.0
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -70.0
  param v_reset : mV = -65.0
  param i_offset : nA = 0.0
  param delta_v : mV = 0.5
  param v_t_star : mV = -48.0
  param lambda0 : Hz = 1.0
  param tau_eta.1 : ms = 1.0
  param tau_eta.2 : ms = 10.0
  param tau_eta.3 : ms = 100.0
  param tau_gamma.1 : ms = 1.0
  param tau_gamma.2 : ms = 10.0
  param tau_gamma.3 : ms = 100.0
  param a_eta.1 : nA = 1.0
  param a_eta.2 : nA = 1.0
  param a_eta.3 : nA = 1.0
  param a_gamma.1 : mV = 1.0
  param a_gamma.2 : mV = 1.0
  param a_gamma.3 : mV = 1.0
  state v : mV = -65.0
  state v_t : mV = -48.0
  state i_eta : nA = 0.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  state eta_1 : nA = 0.0 hidden
  state eta_2 : nA = 0.0 hidden
  state eta_3 : nA = 0.0 hidden
  state gamma_1 : mV = 0.0 hidden
  state gamma_2 : mV = 0.0 hidden
  state gamma_3 : mV = 0.0 hidden
  receptor excitatory : uS decay tau_syn_E
  receptor inhibitory : uS decay tau_syn_I
  current injected : nA
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  deta_1/dt = -eta_1 / tau_eta.1
  deta_2/dt = -eta_2 / tau_eta.2
  deta_3/dt = -eta_3 / tau_eta.3
  dgamma_1/dt = -gamma_1 / tau_gamma.1
  dgamma_2/dt = -gamma_2 / tau_gamma.2
  dgamma_3/dt = -gamma_3 / tau_gamma.3
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  when t >= 0.0 [ms] { v_t = v_t_star + gamma_1 + gamma_2 + gamma_3  i_eta = eta_1 + eta_2 + eta_3 }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_offset + injected - i_eta) / cm
    when -log(uniform(escape)) <= lambda0 * dt * exp((v - v_t) / delta_v) {
      v = v_reset
      eta_1 = eta_1 + a_eta.1
      eta_2 = eta_2 + a_eta.2
      eta_3 = eta_3 + a_eta.3
      gamma_1 = gamma_1 + a_gamma.1
      gamma_2 = gamma_2 + a_gamma.2
      gamma_3 = gamma_3 + a_gamma.3
      i_eta = i_eta + a_eta.1 + a_eta.2 + a_eta.3
      v_t = v_t + a_gamma.1 + a_gamma.2 + a_gamma.3
      emit
      goto refractory
    }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
