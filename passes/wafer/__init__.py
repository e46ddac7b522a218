"""Networks on wafers of HICANNs."""
