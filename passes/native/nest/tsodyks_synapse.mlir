native.reference @tsodyks_synapse of "nest" {
  note "States advance when a spike is sent; the initial z is 1 - x - y."
}
syn.model @tsodyks_synapse "Short-term plasticity of three states (Tsodyks, Uziel & Markram 2000)." {
  param U : 1 = 0.5
  param tau_psc : ms = 3.0
  param tau_rec : ms = 800.0
  param tau_fac : ms = 0.0
  state u : 1 = 0.0 per pre
  state y : 1 = 0.0 per pre
  state z : 1 = 0.0 per pre hidden
  du/dt = -u / tau_fac
  dy/dt = -y / tau_psc
  dz/dt = y / tau_psc - z / tau_rec
  on pre {
    let use = u + U * (1.0 - u)
    let released = use * (1.0 - y - z)
    u = use
    y = y + released
    deliver weight * released
  }
}
