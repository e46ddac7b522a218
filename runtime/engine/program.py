"""The programs of the threads: what each does in a time step, in order.

Step k takes the state from k dt to (k + 1) dt: deliver the spikes that arrive at its end, set the
injected currents, add those of couplings, advance the cells, list the spikes of sources, collect
all spikes of stamp k + 1, show coupled cells' states to all threads, advance the states of synapses
on either side of a spike, and record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snnc.codegen.artifact import KernelSource
from snnc.runtime.engine.driver import Instruction
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

    def _tables_of(self, source: KernelSource, rows: Rows) -> Tables:
        kernel = self._kernels.get(source)
        self.kernels.append(kernel)
        return tables(kernel, rows, self._partitions)

    def instructions(self) -> Sequence[list[Instruction]]:
        """Return the program of each thread."""
        result: list[list[Instruction]] = [[] for _ in range(self._partitions)]
        for group in self._tables:
            for thread, table in enumerate(group):
                if table is not None:
                    result[thread].append(table.instruction)
        return result


def run_once(groups: Iterable[Tables], step: int) -> None:
    """Run kernels on all threads' tables, outside the time loop."""
    for group in groups:
        for table in group:
            if isinstance(table, Table):
                table.run(step)
