syn.model @TsodyksMarkramSynapse "Short-term depression and facilitation (Tsodyks, Uziel & Markram 2000), three states." {
  param U : 1 = 0.5
  param tau_rec : ms = 100.0
  param tau_facil : ms = 0.0
  decay tau_syn
  let tau_u = max(tau_facil, 1.0e-09 [ms])
  state u : 1 = 0.0 per pre
  state y : 1 = 0.0 per pre hidden
  state z : 1 = 0.0 per pre hidden
  du/dt = -u / tau_u
  dy/dt = -y / tau_syn
  dz/dt = y / tau_syn - z / tau_rec
  on pre {
    let use = u + U * (1.0 - u)
    let released = use * (1.0 - y - z)
    u = use
    y = y + released
    deliver weight * released
  }
}
