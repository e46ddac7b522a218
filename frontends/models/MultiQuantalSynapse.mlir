syn.model @MultiQuantalSynapse "Short-term plasticity of n release sites (Loebel et al. 2009), of which a are filled (at most n, so that the initial value fills all); a spike delivers the weight once for each site that releases." {
  param U : 1 = 0.5
  param n : 1 = 1.0
  param tau_rec : ms = 800.0
  param tau_facil : ms = 0.0
  let tau_u = max(tau_facil, 1.0e-09 [ms])
  state u : 1 = 0.0 per pre
  state a : 1 = 1.0e+09 per edge
  state empty : 1 = 1.0 per pre hidden
  du/dt = -u / tau_u
  dempty/dt = -empty / tau_rec
  on pre {
    let use = u + U * (1.0 - u)
    let filled = min(a, n)
    let available = filled + binomial(recovery, n - filled, 1.0 - empty)
    let released = binomial(release, available, use)
    u = use
    empty = 1.0
    a = available - released
    deliver weight * released
  }
}
