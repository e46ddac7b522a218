native.reference @static_synapse of "spinnaker" {
}
syn.model @static_synapse "Connection with fixed weight and delay." {
  on pre { deliver weight }
}
