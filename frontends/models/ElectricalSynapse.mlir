syn.model @ElectricalSynapse "A gap junction: a conductance between the membranes of two cells, through which current flows both ways." {
  reads v : mV
  couple weight * (pre.v - post.v)
}
