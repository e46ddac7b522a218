"""Passes that map a network onto SpiNNaker: from populations to routing tables."""
