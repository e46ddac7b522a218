syn.model @STDP_Vogels2011Rule_AdditiveWeightDependence "Symmetric plasticity of inhibition (Vogels et al. 2011) by nearest spikes, with depression at each presynaptic spike." {
  param tau : ms = 20.0
  param eta : weight = 1.0e-10
  param rho : "1/ms" = 3.0
  param w_min : weight = 0.0
  param w_max : weight = 1.0
  param dendritic_delay_fraction : 1 = 1.0
  state x : 1 = 0.0 per pre hidden
  state y : 1 = 0.0 per post hidden
  dx/dt = -x / tau
  dy/dt = -y / tau
  on pre {
    let changed = max(w_min, min(w_max, weight + eta * (y - 2.0 * rho * tau)))
    weight = changed
    x = 1.0
    deliver changed
  }
  on post {
    weight = max(w_min, min(w_max, weight + eta * x))
    y = 1.0
  }
}
