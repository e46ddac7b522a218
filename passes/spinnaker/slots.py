"""How cores wait for long delays: more slots for fewer cells, or extensions.

An index of a core's ring buffers has bits for the cell, the receptor and the slot, so a core with
half the cells waits twice as long. Beyond its slots, packets are sent again by extensions, a core
for each slice that they come from. The choice is what takes the fewest cores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from snnc.ir.diagnostics import ResourceLimitError
from snnc.ir.dialects.map_delays import MOST_STAGES


@dataclass(frozen=True)
class Slots:
    """What was chosen for the cells of a model.

    Attributes
    ----------
    cell_bits, slot_bits : int
        Of the index; no core has more cells.
    stages : int
        How often packets are sent again for the longest delay.
    """

    cell_bits: int
    slot_bits: int
    stages: int


def choose_slots(
    model: str,
    steps: int,
    bits: int,
    cells: Sequence[tuple[int, int]],
    extensions: Callable[[int, int, int], int | None],
) -> Slots:
    """Return the slots of the cores of a model.

    Parameters
    ----------
    model : str
        Its name, for messages.
    steps : int
        The longest delay onto its cells.
    bits : int
        Bits of cell and slot.
    cells : sequence of (int, int)
        Of each population, its size and how many cells fit on a core otherwise.
    extensions : callable
        From numbers of cells on a core, slots and stages to that of slices with longer delays; None
        if a core cannot extend the delays of one.

    Raises
    ------
    ResourceLimitError
        If the delay is beyond all extensions.
    """
    needed = max(1, (steps - 1).bit_length())
    found: list[tuple[int, int, Slots]] = []
    for cell_bits in range(1, bits):
        slot_bits = min(bits - cell_bits, needed)
        stages = ceil(steps / (1 << slot_bits)) - 1
        here = 1 << cell_bits
        late = extensions(here, 1 << slot_bits, stages) if 0 < stages <= MOST_STAGES else 0
        if stages <= MOST_STAGES and late is not None:
            cores = sum(ceil(size / min(most, here)) for size, most in cells)
            found.append((cores + late, stages, Slots(cell_bits, slot_bits, stages)))
    if not found:
        longest = (MOST_STAGES + 1) << (bits - 1)
        raise ResourceLimitError(
            f"a delay onto cells of '{model}' is {steps} steps; ring buffers and extensions of "
            f"cores hold {longest} at most"
        )
    return min(found, key=lambda one: (one[0], one[1], -one[2].cell_bits))[2]
