"""The programs of the threads: what each does in a time step, in order.

Step k takes the state from k dt to (k + 1) dt: draw the counts of Poisson sources, deliver packed
spikes that have been under way for more than an epoch, meet the other threads, deliver all other
spikes that arrive at the end of the step, set the injected currents, add those of couplings,
advance the cells, list the spikes of sources, collect all spikes of stamp k + 1, show coupled
cells' states to all threads, advance the states of synapses on either side of a spike, and record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snnc.codegen.artifact import KernelSource
from snnc.runtime.engine.driver import MEETING, Instruction
from snnc.runtime.engine.tables import Table, Tables, tables
from snnc.runtime.jit.cache import Kernel, Kernels

Rows = list[tuple[int, list[int]]]
Work = Iterable[tuple[KernelSource, Rows]]


class Program:
    """Tables of kernels in the order in which they run in a step, for each thread.

    Parameters
    ----------
    kernels : Kernels
        Where compiled kernels come from.
    partitions : int
        Number of threads.
    """

    def __init__(self, kernels: Kernels, partitions: int) -> None:
        self._kernels = kernels
        self._partitions = partitions
        self._tables: list[Tables] = []
        self._meeting = 0
        self.kernels: list[Kernel] = []

    def add(self, work: Work) -> list[Tables]:
        """Append kernels with their rows; rows of the same kernel share a table.

        Returns
        -------
        list of list of Table or None
            For each kernel with rows, a table for each thread that has some.
        """
        merged: dict[KernelSource, Rows] = {}
        for source, rows in work:
            if rows:
                merged.setdefault(source, []).extend(rows)
        added = [self._tables_of(source, rows) for source, rows in merged.items()]
        self._tables += added
        return added

    def meet(self) -> None:
        """Have threads wait for each other after what has been added."""
        self._meeting = len(self._tables)

    def _tables_of(self, source: KernelSource, rows: Rows) -> Tables:
        kernel = self._kernels.get(source)
        self.kernels.append(kernel)
        return tables(kernel, rows, self._partitions)

    def instructions(self) -> Sequence[list[Instruction]]:
        """Return the program of each thread."""
        result: list[list[Instruction]] = []
        for thread in range(self._partitions):
            own = [
                [table.instruction for group in groups if (table := group[thread]) is not None]
                for groups in (self._tables[: self._meeting], self._tables[self._meeting :])
            ]
            result.append([*own[0], MEETING, *own[1]])
        return result


def run_once(groups: Iterable[Tables], step: int) -> None:
    """Run kernels on all threads' tables, outside the time loop."""
    for group in groups:
        for table in group:
            if isinstance(table, Table):
                table.run(step)
