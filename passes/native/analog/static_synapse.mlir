native.reference @static_synapse of "analog" {
}
syn.model @static_synapse "Connection with fixed weight and delay." {
  on pre { deliver weight }
}
