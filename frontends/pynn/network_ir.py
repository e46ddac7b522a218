"""The network of a session, written as IR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc import model_library
from snnc.ir.build import NetworkBuilder
from snnc.ir.values import Space

if TYPE_CHECKING:
    from snnc.ir.text import Document
    from snnc.pynn.cells.assemblies import Assembly
    from snnc.pynn.cells.groups import BasePopulation
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.electrodes import StandardCurrentSource
    from snnc.pynn.session import Session
    from snnc.pynn.wiring.projections import Projection


def write_document(
    session: Session,
    populations: Sequence[Population] | None = None,
    projections: Sequence[Projection] | None = None,
) -> Document:
    """Return the network of a session, or the part of it that is asked for.

    Parameters
    ----------
    session : Session
        The network.
    populations, projections : sequence, optional
        What to write; all by default.
    """
    writer = _Writer(session)
    chosen = session.populations if populations is None else populations
    for population in chosen:
        writer.population(population)
    for projection in session.projections if projections is None else projections:
        writer.projection(projection)
    for source in session.sources:
        writer.source(source, chosen)
    for population in chosen:
        writer.records(population)
    return writer.builder.finish()


class _Writer:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.builder = NetworkBuilder("net", dt=session.dt, seed=session.seed)
        self._models: dict[str, str] = {}
        self._views: dict[tuple[str, Any], str] = {}
        self._assemblies: dict[tuple[str, ...], str] = {}
        self._taken = {population.symbol for population in session.populations}
        self._taken.update(projection.symbol for projection in session.projections)

    def model(self, name: str) -> str:
        if name not in self._models:
            self._models[name] = self.builder.use_model(*model_library.source(name))
        return self._models[name]

    def population(self, population: Population) -> None:
        celltype = population.celltype
        self.builder.population(
            population.symbol,
            population.size,
            self.model(celltype.model),
            label=population.label,
            object_id=population.object_id,
            first_id=population.first_id,
            parameters=population.given_parameters,
            initial=population.given_initial,
            positions=population.placed_positions(),
            location=population.location,
        )

    def projection(self, projection: Projection) -> None:
        self.builder.projection(
            projection.symbol,
            self.group(projection.pre, projection.location),
            self.group(projection.post, projection.location),
            projection.connection_rule(),
            self.model(projection.synapse_type.model_name()),
            projection.port,
            projection.value("weight"),
            projection.value("delay"),
            parameters=projection.model_values(),
            initial=projection.given_initial,
            label=projection.label,
            object_id=projection.object_id,
            space=space_value(projection.space),
            location=projection.location,
        )

    def source(self, source: StandardCurrentSource, chosen: Sequence[Population]) -> None:
        targets = [t for t in source.targets if all(p in chosen for p in t.base_populations())]
        if not targets:
            return
        name = self._free(source.symbol)
        self.builder.source(
            name,
            source.kind,
            object_id=source.object_id,
            parameters=source.values(),
            location=source.location,
        )
        for target in targets:
            self.builder.inject(name, self.group(target), location=source.location)

    def records(self, population: Population) -> None:
        recorder = population.recorder
        for index, variables in recorder.by_selection():
            target = population.symbol
            if index.size < population.size:
                target = self.selection(population, index)
            self.builder.record(
                target,
                variables,
                recorder.sampling_interval,
                location=recorder.location or population.location,
            )

    def group(self, group: BasePopulation | Assembly, location: Any = None) -> str:
        """Return the symbol of a population, view or assembly; views are written when met."""
        members = [self._member(part) for part in group.parts()]
        if len(members) == 1:
            return members[0]
        key = tuple(members)
        if key not in self._assemblies:
            name = self._free(group.label)
            self.builder.assembly(name, members, label=group.label, location=location)
            self._assemblies[key] = name
        return self._assemblies[key]

    def _member(self, part: BasePopulation) -> str:
        root = part.grandparent
        if part is root:
            return root.symbol
        return self.selection(root, part.selector, part.label)

    def selection(
        self, population: Population, selector: slice | np.ndarray, label: str | None = None
    ) -> str:
        selector = _as_slice(selector)
        if isinstance(selector, slice):
            bounds = selector.indices(population.size)
            key: Any = bounds
            indices: Any = range(*bounds)
        else:
            key, indices = selector.tobytes(), selector
        entry = (population.symbol, key)
        if entry not in self._views:
            name = self._free(f"{population.symbol}_part")
            self.builder.view(name, population.symbol, indices, label=label)
            self._views[entry] = name
        return self._views[entry]

    def _free(self, wanted: str) -> str:
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted).strip("_") or "group"
        base = f"_{base}" if base[0].isdigit() else base
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name


def _as_slice(selector: slice | np.ndarray) -> slice | np.ndarray:
    """Return a slice for indices one after the other, which print shorter."""
    if isinstance(selector, slice) or selector.size == 0 or (np.diff(selector) != 1).any():
        return selector
    return slice(int(selector[0]), int(selector[-1]) + 1)


def space_value(space: Any) -> Space:
    """Return PyNN's space as a value of the IR."""
    axes = "".join("xyz"[axis] for axis in space.axes)
    boundaries = space.periodic_boundaries
    if boundaries is not None:
        x, y, z = (None if b is None else (float(b[0]), float(b[1])) for b in boundaries)
        boundaries = x, y, z
    return Space(axes, _vector(space.scale_factor), _vector(space.offset), boundaries)


def _vector(value: Any) -> tuple[float, float, float]:
    x, y, z = np.broadcast_to(np.asarray(value, dtype=float), (3,)).tolist()
    return x, y, z
