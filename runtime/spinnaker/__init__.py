"""SpiNNaker's cores: synapses as bytes in the forms of its own tools, and emulation."""
