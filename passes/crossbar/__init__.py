"""Passes for analog chips whose events go through a crossbar to buses of synapse drivers."""
