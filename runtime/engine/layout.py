"""How a network is cut into slices, and where each slice's arrivals are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.accumulator import Accumulator, Segment
from snnc.codegen.artifact import Artifact
from snnc.ir.diagnostics import SnncError


class Slice(NamedTuple):
    """The cells `first`, ..., `last` - 1 of a population, owned by `thread`."""

    thread: int
    first: int
    last: int


class Layout:
    """Which thread owns which cells, and the offsets of their arrivals.

    Every thread has one accumulator, with a segment for each population and receptor. It depends on
    the sizes and bounds of an artifact only, so it exists before any connection.

    Parameters
    ----------
    artifact : Artifact
        The network.

    Attributes
    ----------
    partitions : int
        Number of threads.
    float_dtype : numpy.dtype
        Type of states and accumulators; sums of integers take the place of float32.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.partitions = artifact.threads
        self.float_dtype = np.dtype(np.float64 if artifact.precision == "f64" else np.float32)
        self._bounds: dict[str, NDArray[np.int64]] = {}
        for population in artifact.populations:
            bounds = np.array(population.bounds, np.int64)
            ends = bounds[0], bounds[-1]
            if len(bounds) != self.partitions + 1 or ends != (0, population.size):
                raise SnncError(
                    f"internal error: bounds {population.bounds} of '{population.name}' for "
                    f"{self.partitions} threads and {population.size} cells"
                )
            self._bounds[population.name] = bounds
        self._accumulators = [
            Accumulator(artifact.populations, artifact.cells, p) for p in range(self.partitions)
        ]

    def bounds(self, population: str) -> NDArray[np.int64]:
        """Return the first cell of each thread, and the size: int64 of shape (P + 1,)."""
        return self._bounds[population]

    def slices(self, population: str) -> Iterator[Slice]:
        """Yield the slices of a population that are not empty."""
        bounds = self._bounds[population].tolist()
        for p, (first, last) in enumerate(pairwise(bounds)):
            if first < last:
                yield Slice(p, first, last)

    def accumulator_offset(self, p: int, population: str, receptor: str) -> int:
        """Return the element of thread `p`'s accumulator for the first cell of its slice."""
        return self._accumulators[p].first[population, receptor]

    def origin(self, p: int, segments: Iterable[Segment]) -> int:
        """Return the first element of thread `p`'s accumulator in some segments."""
        return self._accumulators[p].origin(segments)

    def accumulator_size(self, p: int) -> int:
        """Return the number of elements of the accumulator of thread `p`."""
        return self._accumulators[p].size
