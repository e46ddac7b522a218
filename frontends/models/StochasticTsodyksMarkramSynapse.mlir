syn.model @StochasticTsodyksMarkramSynapse "Short-term plasticity of one release site that is full or empty (Fuhrmann et al. 2002); empty ones refill at the rate 1/tau_rec." {
  param U : 1 = 0.5
  param tau_rec : ms = 100.0
  param tau_facil : ms = 0.0
  let tau_u = max(tau_facil, 1.0e-09 [ms])
  state u : 1 = 0.0 per pre
  state empty : 1 = 1.0 per pre hidden
  state full : 1 = 1.0 per edge hidden
  du/dt = -u / tau_u
  dempty/dt = -empty / tau_rec
  on pre {
    let use = u + U * (1.0 - u)
    let ready = max(full, select(uniform(recovery) > empty, 1.0, 0.0))
    let released = ready * select(uniform(release) < use, 1.0, 0.0)
    u = use
    empty = 1.0
    full = ready - released
    deliver weight * released
  }
}
