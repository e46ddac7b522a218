native.reference @static_synapse of "nest" {
}
syn.model @static_synapse "Connection with fixed weight and delay." {
  on pre { deliver weight }
}
