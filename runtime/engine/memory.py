"""Refusing what does not fit into memory before anything is allocated."""

from __future__ import annotations

import psutil

from snnc.codegen.artifact import Artifact
from snnc.ir.diagnostics import ResourceLimitError

_BYTES = {"float64": 8, "float32": 4, "int64": 8, "int32": 4}
_NUMBER = 8
_GIB = 2**30


def available() -> int:
    """Return how many bytes the machine has left."""
    return int(psutil.virtual_memory().available)


def population_bytes(artifact: Artifact) -> int:
    """Return how many bytes states, parameters and arrivals of all populations take."""
    total = 0
    for population in artifact.populations:
        cell = artifact.cells[population.cell]
        states = sum(_BYTES.get(state.dtype, _NUMBER) for state in cell.states)
        arrays = sum(field.kind in ("array", "step_array") for field in cell.fields)
        others = _NUMBER * (len(cell.receptors) + arrays + 1)
        total += population.size * (states + others)
    return total


def check_network(artifact: Artifact, connections: int = 0) -> None:
    """Refuse a network that does not fit.

    Parameters
    ----------
    artifact : Artifact
        The network.
    connections : int
        Estimated bytes of its connections.

    Raises
    ------
    ResourceLimitError
        Names the estimate, its parts and what there is.
    """
    populations = population_bytes(artifact)
    free = available()
    if populations + connections > free:
        raise ResourceLimitError(
            f"the network does not fit into memory; found an estimate of "
            f"{(populations + connections) / _GIB:.1f} GiB (populations "
            f"{populations / _GIB:.1f}, connections {connections / _GIB:.1f}), expected at most "
            f"the {free / _GIB:.1f} GiB that are available"
        )


def check_record(steps: int, bytes_per_step: float, connections: int = 0) -> None:
    """Refuse to record more samples in a run than fit.

    Parameters
    ----------
    steps : int
        Of the run.
    bytes_per_step : float
        What each adds to the samples, on average.
    connections : int
        Estimated bytes of connections that are made before.

    Raises
    ------
    ResourceLimitError
        Names the estimate and what there is.
    """
    needed, free = steps * bytes_per_step, available() - connections
    if needed > free:
        raise ResourceLimitError(
            f"the samples of this run do not fit into memory; found an estimate of "
            f"{needed / _GIB:.1f} GiB, expected at most the {free / _GIB:.1f} GiB that are "
            "available: record fewer cells, or with a longer sampling interval"
        )
