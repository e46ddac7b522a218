dyn.cell @SpikeSourceArray "Source of spikes at given times." {
  param spike_times : ms sequence
  emit at spike_times
}
