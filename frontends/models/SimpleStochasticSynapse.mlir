syn.model @SimpleStochasticSynapse "Each spike is transmitted with a fixed probability, independently of all others." {
  param p : 1 = 0.5
  on pre {
    deliver weight * select(uniform(transmission) < p, 1.0, 0.0)
  }
}
