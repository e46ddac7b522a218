"""What is carried over when a network that has run is compiled and built anew.

Parameters and choices are not among it: the new network has them. Populations and projections are
recognised by their names, and by their numbers of cells and connections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.connectivity.bundles import Bundle
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.synapse_states import PreStates
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.history import Volley
from snnc.runtime.engine.recording import Recording
from snnc.runtime.engine.time_loop import Engine
from snnc.runtime.jit.cache import Kernels


@dataclass
class PopulationState:
    """States of cells as memory has them, with what they are per unit, and spikes that are kept."""

    states: dict[str, NDArray[Any]]
    scales: dict[str, float]
    volleys: list[Volley]


@dataclass
class ProjectionState:
    """What the synapses of a projection have changed, in the order (pre, post, ordinal).

    Attributes
    ----------
    arrays, baseline : dict of ndarray, shape (m,)
        Values of each synapse at present and after a reset, in coherent units.
    pre : dict of str to PreStates
        By source population.
    rings : dict of (str, int) to PostHistory
        By target population and thread.
    """

    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    baseline: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    pre: dict[str, PreStates] = field(default_factory=dict)
    rings: dict[tuple[str, int], PostHistory] = field(default_factory=dict)


@dataclass
class SimulationState:
    """The state of a simulation between two runs; see `Simulation.export_state`."""

    step: int
    started: bool
    populations: dict[str, PopulationState]
    projections: dict[str, ProjectionState]
    recording: Recording


def exported(
    engine: Engine,
    cells: dict[str, Cells],
    wiring: Wiring,
    recording: Recording,
    kernels: Kernels,
) -> SimulationState:
    """Return the state of a built network; arrays may be shared with it."""
    populations = {
        name: PopulationState(
            {state: values.read() for state, values in c.states.items()},
            {one.name: one.scale for one in c.cell.states},
            c.volleys(engine.step),
        )
        for name, c in cells.items()
    }
    projections = {
        name: _exported_synapses(name, bundle, wiring, kernels)
        for name, (bundle, _) in wiring.bundle_of.items()
        if not bundle.synapse.is_static
    }
    return SimulationState(engine.step, engine.started, populations, projections, recording)


def _exported_synapses(
    name: str, bundle: Bundle, wiring: Wiring, kernels: Kernels
) -> ProjectionState:
    located = bundle.locator(kernels).edges(0)
    state = ProjectionState()
    for array in bundle.arrays:
        state.arrays[array] = located.gather([part.rows.arrays[array] for part in bundle.parts])
        state.baseline[array] = located.gather([part.baseline[array] for part in bundle.parts])
    state.pre = {source: pre for (own, source), pre in wiring.states.pre.items() if own == name}
    state.rings = {
        (target, thread): ring
        for (own, target, thread), ring in wiring.states.rings.items()
        if own == name
    }
    return state


def imported(
    state: SimulationState,
    engine: Engine,
    cells: dict[str, Cells],
    wiring: Wiring,
    recording: Recording,
    kernels: Kernels,
) -> None:
    """Give a built network the state of another."""
    for name, old in state.projections.items():
        if name in wiring.bundle_of and not wiring.bundle_of[name][0].synapse.is_static:
            _import_synapses(name, old, wiring, kernels)
    for name, population in state.populations.items():
        if name in cells:
            _import_cells(population, cells[name], state.step)
    recording.take_over(state.recording)
    engine.go_on(state.step, state.started)


def _import_cells(old: PopulationState, cells: Cells, step: int) -> None:
    for state in cells.cell.states:
        values = old.states.get(state.name)
        if values is not None and values.size == cells.size:
            values = _rescaled(values, state.scale / old.scales[state.name])
            cells.states[state.name].write(values)
    if all(v.ids[-1] < cells.size for v in old.volleys):
        cells.fill(old.volleys, step)


def _rescaled(values: NDArray[Any], factor: float) -> NDArray[Any]:
    """Return states in another unit, whole numbers rounded."""
    if factor == 1.0:
        return values
    return np.rint(values * factor) if values.dtype.kind in "iu" else values * factor


def _import_synapses(name: str, old: ProjectionState, wiring: Wiring, kernels: Kernels) -> None:
    bundle, _ = wiring.bundle_of[name]
    located = bundle.locator(kernels).edges(0)
    for array, values in old.arrays.items():
        if array in bundle.arrays and values.shape == located.pre.shape:
            located.scatter([part.rows.arrays[array] for part in bundle.parts], values)
            located.scatter([part.baseline[array] for part in bundle.parts], old.baseline[array])
    for source, pre in old.pre.items():
        if (name, source) in wiring.states.pre:
            wiring.states.pre[name, source].take_over(pre)
    for (target, thread), ring in old.rings.items():
        new = wiring.states.rings.get((name, target, thread))
        if new is not None and new.heads.size == ring.heads.size:
            wiring.states.rings[name, target, thread] = ring
