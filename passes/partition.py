"""`partition`: which thread owns which cells, and with them their incoming synapses.

Every population is cut into one contiguous slice a thread, so that each thread gets the same share
of every kind of cell; populations too small to cut are dealt out whole to the thread with the
least work. Results do not depend on the cut.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i64
from xdsl.passes import ModulePass

from snnc.hardware.cpu import CPU
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import snn

# Slices start on whole cache lines of flags, of one byte each.
GRAIN = CPU.cache_line


@dataclass(frozen=True)
class PartitionPass(ModulePass):
    """Cut every population into one slice a thread."""

    name = "partition"

    threads: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the ``bounds`` of every population."""
        if self.threads < 1:
            raise OptionError(f"threads must be positive; found {self.threads}")
        load = [0] * self.threads
        for population in op.walk():
            if isinstance(population, snn.PopulationOp):
                bounds = _cut(population.size, load)
                population.attributes["bounds"] = DenseArrayBase.from_list(i64, bounds)


def _cut(size: int, load: list[int]) -> list[int]:
    """Return the bounds of the slices of a population of `size` cells; add to the `load`."""
    threads = len(load)
    if size < 2 * GRAIN * threads:
        owner = load.index(min(load))
        load[owner] += size
        return [0] * (owner + 1) + [size] * (threads - owner)
    bounds = [_grain(size * p / threads) for p in range(threads)] + [size]
    for p in range(threads):
        load[p] += bounds[p + 1] - bounds[p]
    return bounds


def _grain(cell: float) -> int:
    return round(cell / GRAIN) * GRAIN
