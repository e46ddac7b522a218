native.reference @IZK_cond_exp of "spinnaker" {
  note "Arrivals of a step act at its beginning, then the cell advances, then conductances decay."
  note "Arithmetic is that of fx.cell: s16.15, with ring buffers of 16 bits; the midpoint method, over 1.85 time steps after a spike, and 1311/32768 for 0.04."
}
dyn.cell @IZK_cond_exp "Quadratic integrate-and-fire with a recovery variable (Izhikevich 2003) and exponentially decaying synaptic conductances." {
  param a : 1/ms = 0.02
  param b : 1/ms = 0.2
  param c : mV = -65.0
  param d : mV/ms = 2.0
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param e_rev_E : mV = 0.0
  param e_rev_I : mV = -70.0
  param i_offset : nA = 0.0
  state v : mV = -70.0
  state u : mV/ms = -14.0
  state gsyn_exc : uS = 0.0
  state gsyn_inh : uS = 0.0
  receptor excitatory : uS
  receptor inhibitory : uS
  current injected : nA
  dv/dt = 0.04 [1/mV/ms] * v * v + 5.0 [1/ms] * v + 140.0 [mV/ms] - u + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_offset + injected) / 1.0 [nF]
  du/dt = a * (b * v - u)
  dgsyn_exc/dt = -gsyn_exc / tau_syn_E
  dgsyn_inh/dt = -gsyn_inh / tau_syn_I
  on excitatory(w) { gsyn_exc = gsyn_exc + w }
  on inhibitory(w) { gsyn_inh = gsyn_inh + w }
  when v >= 30.0 [mV] { v = c  u = u + d  emit }
}
fx.cell @IZK_cond_exp {
  fx.state @v scale 1.000000e+00 : !fx.s<16, 15>
  fx.state @u scale 1.000000e+00 : !fx.s<16, 15>
  fx.state @gsyn_exc scale 1.024000e+03 : !fx.s<16, 15>
  fx.state @gsyn_inh scale 1.024000e+03 : !fx.s<16, 15>
  fx.state @fired scale 1.000000e+00 : !fx.s<31, 0>
  %dt = fx.dt : !fx.s<16, 15>
  %a = fx.param "a" : !fx.s<16, 15>
  %b = fx.param "b" : !fx.s<16, 15>
  %c = fx.param "c" : !fx.s<16, 15>
  %d = fx.param "d" : !fx.s<16, 15>
  %i_offset = fx.param "i_offset" : !fx.s<16, 15>
  %e_rev_E = fx.param "e_rev_E" : !fx.s<16, 15>
  %e_rev_I = fx.param "e_rev_I" : !fx.s<16, 15>
  %longer = fx.const 60620 : !fx.s<16, 15>
  %dt_fired = fx.mul %dt, %longer "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
  %all = fx.const 4294967295 : !fx.u<0, 32>
  %tau_exc = fx.param "tau_syn_E" : !fx.s<16, 15>
  %part_exc = fx.div %dt, %tau_exc : !fx.s<16, 15>
  %decay_exc = fx.decay %part_exc : !fx.s<16, 15> -> !fx.u<0, 32>
  %lost_exc = fx.sub %all, %decay_exc : !fx.u<0, 32>
  %steps_exc = fx.div %tau_exc, %dt : !fx.s<16, 15>
  %init_exc = fx.mul %steps_exc, %lost_exc "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.u<0, 32>
  %tau_inh = fx.param "tau_syn_I" : !fx.s<16, 15>
  %part_inh = fx.div %dt, %tau_inh : !fx.s<16, 15>
  %decay_inh = fx.decay %part_inh : !fx.s<16, 15> -> !fx.u<0, 32>
  %lost_inh = fx.sub %all, %decay_inh : !fx.u<0, 32>
  %steps_inh = fx.div %tau_inh, %dt : !fx.s<16, 15>
  %init_inh = fx.mul %steps_inh, %lost_inh "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.u<0, 32>
  fx.update {
    %none = fx.const 0 : !fx.s<16, 15>
    %half = fx.const 16384 : !fx.s<16, 15>
    %five = fx.const 163840 : !fx.s<16, 15>
    %quadratic = fx.const 1311 : !fx.s<16, 15>
    %offset = fx.const 4587520 : !fx.s<16, 15>
    %threshold = fx.const 983040 : !fx.s<16, 15>
    %zero = fx.const 0 : !fx.s<31, 0>
    %one = fx.const 1 : !fx.s<31, 0>
    %v = fx.load "v" : !fx.s<16, 15>
    %u = fx.load "u" : !fx.s<16, 15>
    %fired = fx.load "fired" : !fx.s<31, 0>
    %after = fx.compare %fired ">" %zero : !fx.s<31, 0>
    %h = fx.select %after, %dt_fired, %dt : !fx.s<16, 15>
    %exc_before = fx.load "gsyn_exc" : !fx.s<16, 15>
    %exc_sum = fx.arrivals "excitatory" : !fx.s<16, 15>
    %exc_new = fx.mul %exc_sum, %init_exc "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    %exc = fx.add %exc_before, %exc_new : !fx.s<16, 15>
    %inh_before = fx.load "gsyn_inh" : !fx.s<16, 15>
    %inh_sum = fx.arrivals "inhibitory" : !fx.s<16, 15>
    %inh_new = fx.mul %inh_sum, %init_inh "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    %inh = fx.add %inh_before, %inh_new : !fx.s<16, 15>
    %unit = fx.const 32 : !fx.s<16, 15>
    %g_exc = fx.mul %exc, %unit "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %g_inh = fx.mul %inh, %unit "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %force_exc = fx.sub %e_rev_E, %v : !fx.s<16, 15>
    %force_inh = fx.sub %e_rev_I, %v : !fx.s<16, 15>
    %minus_inh = fx.sub %none, %g_inh : !fx.s<16, 15>
    %current_exc = fx.mul %g_exc, %force_exc "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %current_inh = fx.mul %minus_inh, %force_inh "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %synaptic = fx.sub %current_exc, %current_inh : !fx.s<16, 15>
    %injected = fx.current : !fx.s<16, 15>
    %biased = fx.add %synaptic, %i_offset : !fx.s<16, 15>
    %input = fx.add %biased, %injected : !fx.s<16, 15>
    %shifted = fx.add %offset, %input : !fx.s<16, 15>
    %pre = fx.sub %shifted, %u : !fx.s<16, 15>
    %curved = fx.mul %quadratic, %v "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %slope = fx.add %five, %curved : !fx.s<16, 15>
    %rise = fx.mul %slope, %v "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %alpha = fx.add %pre, %rise : !fx.s<16, 15>
    %advance = fx.mul %h, %alpha "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %advance_half = fx.mul %advance, %half "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %eta = fx.add %v, %advance_half : !fx.s<16, 15>
    %b_v = fx.mul %b, %v "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %gap = fx.sub %b_v, %u : !fx.s<16, 15>
    %h_gap = fx.mul %h, %gap "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %h_gap_a = fx.mul %h_gap, %a "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %beta = fx.mul %h_gap_a, %half "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %pre_mid = fx.sub %pre, %beta : !fx.s<16, 15>
    %curved_mid = fx.mul %quadratic, %eta "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %slope_mid = fx.add %five, %curved_mid : !fx.s<16, 15>
    %rise_mid = fx.mul %slope_mid, %eta "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %alpha_mid = fx.add %pre_mid, %rise_mid : !fx.s<16, 15>
    %dv = fx.mul %h, %alpha_mid "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %v_moved = fx.add %v, %dv : !fx.s<16, 15>
    %a_h = fx.mul %a, %h "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %minus_u = fx.sub %none, %u : !fx.s<16, 15>
    %u_mid = fx.sub %minus_u, %beta : !fx.s<16, 15>
    %b_eta = fx.mul %b, %eta "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %gap_mid = fx.add %u_mid, %b_eta : !fx.s<16, 15>
    %du = fx.mul %a_h, %gap_mid "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %u_moved = fx.add %u, %du : !fx.s<16, 15>
    %fire = fx.compare %v_moved ">=" %threshold : !fx.s<16, 15>
    %v_next = fx.select %fire, %c, %v_moved : !fx.s<16, 15>
    %u_jumped = fx.add %u_moved, %d : !fx.s<16, 15>
    %u_next = fx.select %fire, %u_jumped, %u_moved : !fx.s<16, 15>
    %fired_next = fx.select %fire, %one, %zero : !fx.s<31, 0>
    fx.fire %fire
    fx.store "v" %v_next : !fx.s<16, 15>
    fx.store "u" %u_next : !fx.s<16, 15>
    fx.store "fired" %fired_next : !fx.s<31, 0>
    %exc_next = fx.mul %exc, %decay_exc "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    fx.store "gsyn_exc" %exc_next : !fx.s<16, 15>
    %inh_next = fx.mul %inh, %decay_inh "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    fx.store "gsyn_inh" %inh_next : !fx.s<16, 15>
  }
}
