native.reference @IF_curr_exp of "spinnaker" {
  note "Arrivals of a step act at its beginning, then the cell advances, then currents decay."
  note "Arithmetic is that of fx.cell: s16.15, with ring buffers of 16 bits."
}
dyn.cell @IF_curr_exp "Leaky integrate-and-fire with exponentially decaying synaptic currents." {
  param v_rest : mV = -65.0
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 0.1
  param tau_syn_E : ms = 5.0
  param tau_syn_I : ms = 5.0
  param v_reset : mV = -65.0
  param v_thresh : mV = -50.0
  param i_offset : nA = 0.0
  state v : mV = -65.0
  state isyn_exc : nA = 0.0
  state isyn_inh : nA = 0.0
  receptor excitatory : nA
  receptor inhibitory : nA
  current injected : nA
  disyn_exc/dt = -isyn_exc / tau_syn_E
  disyn_inh/dt = -isyn_inh / tau_syn_I
  on excitatory(w) { isyn_exc = isyn_exc + w }
  on inhibitory(w) { isyn_inh = isyn_inh + w }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (isyn_exc - isyn_inh + i_offset + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory {
    after tau_refrac { goto integrating }
  }
}
fx.cell @IF_curr_exp {
  fx.state @v scale 1.000000e+00 : !fx.s<16, 15>
  fx.state @isyn_exc scale 1.000000e+00 : !fx.s<16, 15>
  fx.state @isyn_inh scale 1.000000e+00 : !fx.s<16, 15>
  fx.state @refractory scale 1.000000e+00 : !fx.s<31, 0>
  %dt = fx.dt : !fx.s<16, 15>
  %v_rest = fx.param "v_rest" : !fx.s<16, 15>
  %v_reset = fx.param "v_reset" : !fx.s<16, 15>
  %v_thresh = fx.param "v_thresh" : !fx.s<16, 15>
  %i_offset = fx.param "i_offset" : !fx.s<16, 15>
  %tau_m = fx.param "tau_m" : !fx.s<16, 15>
  %cm = fx.param "cm" : !fx.s<16, 15>
  %tau_refrac = fx.param "tau_refrac" : !fx.s<16, 15>
  %resistance = fx.div %tau_m, %cm : !fx.s<16, 15>
  %part = fx.div %dt, %tau_m : !fx.s<16, 15>
  %leak = fx.decay %part : !fx.s<16, 15> -> !fx.s<16, 15>
  %steps_exact = fx.div %tau_refrac, %dt : !fx.s<16, 15>
  %steps = fx.ceil %steps_exact : !fx.s<16, 15> -> !fx.s<31, 0>
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
    %one = fx.const 1 : !fx.s<31, 0>
    %zero = fx.const 0 : !fx.s<31, 0>
    %none = fx.const 0 : !fx.s<16, 15>
    %v = fx.load "v" : !fx.s<16, 15>
    %left = fx.load "refractory" : !fx.s<31, 0>
    %exc_before = fx.load "isyn_exc" : !fx.s<16, 15>
    %exc_sum = fx.arrivals "excitatory" : !fx.s<16, 15>
    %exc_new = fx.mul %exc_sum, %init_exc "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    %exc = fx.add %exc_before, %exc_new : !fx.s<16, 15>
    %inh_before = fx.load "isyn_inh" : !fx.s<16, 15>
    %inh_sum = fx.arrivals "inhibitory" : !fx.s<16, 15>
    %inh_new = fx.mul %inh_sum, %init_inh "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    %inh = fx.add %inh_before, %inh_new : !fx.s<16, 15>
    %synaptic = fx.sub %exc, %inh : !fx.s<16, 15>
    %injected = fx.current : !fx.s<16, 15>
    %biased = fx.add %synaptic, %i_offset : !fx.s<16, 15>
    %input = fx.add %biased, %injected : !fx.s<16, 15>
    %driven = fx.mul %input, %resistance "nearest" "saturate" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %alpha = fx.add %driven, %v_rest : !fx.s<16, 15>
    %gap = fx.sub %alpha, %v : !fx.s<16, 15>
    %rest = fx.mul %leak, %gap "nearest" "saturate" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<16, 15>
    %moved = fx.sub %alpha, %rest : !fx.s<16, 15>
    %free = fx.compare %left "<=" %zero : !fx.s<31, 0>
    %advanced = fx.select %free, %moved, %v : !fx.s<16, 15>
    %fewer = fx.sub %left, %one : !fx.s<31, 0>
    %waited = fx.select %free, %left, %fewer : !fx.s<31, 0>
    %fire = fx.compare %advanced ">=" %v_thresh : !fx.s<16, 15>
    %v_next = fx.select %fire, %v_reset, %advanced : !fx.s<16, 15>
    %left_next = fx.select %fire, %steps, %waited : !fx.s<31, 0>
    fx.fire %fire
    fx.store "v" %v_next : !fx.s<16, 15>
    fx.store "refractory" %left_next : !fx.s<31, 0>
    %exc_next = fx.mul %exc, %decay_exc "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    fx.store "isyn_exc" %exc_next : !fx.s<16, 15>
    %inh_next = fx.mul %inh, %decay_inh "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
    fx.store "isyn_inh" %inh_next : !fx.s<16, 15>
  }
}
