"""The links of chips on a triangular mesh."""

from __future__ import annotations

LINKS: tuple[tuple[int, int], ...] = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))
"""Where links 0 to 5 of a chip lead: east, north-east, north, west, south-west, south (SpiNNaker
datasheet, section 10). A packet that matches no entry leaves by the link it would have kept to."""
