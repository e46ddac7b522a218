syn.model @StaticSynapse "Synaptic connection with fixed weight and delay." {
  on pre {
    deliver weight
  }
}
