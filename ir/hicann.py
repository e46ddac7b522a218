"""What rules of a wafer's mapping and descriptions of its chips share."""

ROWS_PER_DRIVER = 2
"""Rows that a synapse driver drives (halco: ``RowOnSynapseDriver``)."""

ROW_BITS = 2
"""First bits of an address, which rows compare (marocco: ``SynapseDriverRequirements.h``)."""
