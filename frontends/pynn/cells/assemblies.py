"""Assemblies: populations and views taken together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from pyNN import descriptions

from snnc.pynn import script, session
from snnc.pynn.cells.common import Cells, find_cells
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.identity import ID
from snnc.pynn.cells.parameters import is_plain, simplified
from snnc.pynn.cells.populations import Population
from snnc.pynn.refusals import NothingRecorded, TypeRefused


class Assembly(Cells):
    """Populations and views, which may be of different cell types, one after the other.

    Parameters
    ----------
    *populations : Population or PopulationView
        The members. No cell is taken twice: a member that overlaps earlier ones is left out.
    label : str, optional
        A name.
    """

    def __init__(self, *populations: BasePopulation, label: str | None = None) -> None:
        self.session = populations[0].session if populations else session.current()
        self.location = script.caller()
        self.populations: list[BasePopulation] = []
        for member in populations:
            self._insert(member)
        if label is not None and not isinstance(label, str):
            raise TypeRefused(f"a label is a string; found {label!r}")
        self.label = label or f"assembly{self.session.ordinal('assembly')}"
        self.annotations: dict[str, Any] = {}

    def _insert(self, member: Any) -> None:
        if not isinstance(member, BasePopulation):
            raise TypeRefused(f"an assembly is made of populations and views; found {member!r}")
        for other in self.populations:
            if other.grandparent is member.grandparent and (
                np.intersect1d(other.indices, member.indices).size
            ):
                script.warn(f"{member.label!r} overlaps {other.label!r}, and is left out")
                return
        self.populations.append(member)

    def __repr__(self) -> str:
        members = ", ".join(repr(member) for member in self.populations)
        return f"Assembly({members}, label={self.label!r})"

    def parts(self) -> list[BasePopulation]:
        """Return the populations and views that this consists of."""
        return list(self.populations)

    def base_populations(self) -> list[Population]:
        """Return the populations that the cells belong to."""
        return list(dict.fromkeys(member.grandparent for member in self.populations))

    # Cells.

    @property
    def size(self) -> int:
        """Number of cells."""
        return sum(member.size for member in self.populations)

    def __len__(self) -> int:
        return self.size

    @property
    def cell_numbers(self) -> np.ndarray:
        """Numbers of the cells, shape (size,)."""
        return np.concatenate([member.cell_numbers for member in self.populations])

    @property
    def all_cells(self) -> np.ndarray:
        """The cells, an object array of `ID`, shape (size,)."""
        return np.concatenate([member.all_cells for member in self.populations])

    @property
    def first_id(self) -> int:
        """The smallest number of a cell."""
        return int(self.cell_numbers.min())

    @property
    def last_id(self) -> int:
        """The largest number of a cell."""
        return int(self.cell_numbers.max())

    def __iter__(self) -> Iterator[ID]:
        return chain.from_iterable(self.populations)

    def __getitem__(self, index: Any) -> Any:
        """Return a cell (for an integer) or an assembly of views (for several)."""
        ends = np.cumsum([member.size for member in self.populations])
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -self.size <= index < self.size:
                raise IndexError(f"{self.label!r} has {self.size} cells; found index {index}")
            place = int(index) % self.size
            which = int(np.searchsorted(ends, place, side="right"))
            member = self.populations[which]
            return member[place - int(ends[which]) + member.size]
        if not isinstance(index, slice | tuple | list | np.ndarray):
            raise TypeRefused(
                "indices must be integers, slices, lists, arrays or tuples; "
                f"found {type(index).__name__}"
            )
        wanted = index if isinstance(index, slice) else np.asarray(index)
        indices = np.arange(self.size)[wanted]
        which = np.searchsorted(ends, indices, side="right")
        views = [
            self.populations[i][indices[which == i] - (ends[i] - self.populations[i].size)]
            for i in np.unique(which)
        ]
        return Assembly(*views)

    def id_to_index(self, id: Any) -> Any:
        """Return the position of a cell, or an array of the positions of several.

        Raises
        ------
        IndexError
            If a cell is not in the assembly.
        """
        return find_cells(id, self.cell_numbers, self.label)

    def __add__(self, other: Any) -> Assembly:
        if isinstance(other, BasePopulation):
            return Assembly(*self.populations, other)
        if isinstance(other, Assembly):
            return Assembly(*self.populations, *other.populations)
        raise TypeRefused(f"populations and assemblies can be added; found {other!r}")

    def __iadd__(self, other: Any) -> Assembly:
        if not isinstance(other, BasePopulation | Assembly):
            raise TypeRefused(f"populations and assemblies can be added; found {other!r}")
        for member in other.parts():
            self._insert(member)
        return self

    def get_population(self, label: str) -> BasePopulation:
        """Return the member of a label.

        Raises
        ------
        KeyError
            If there is none.
        """
        for member in self.populations:
            if member.label == label:
                return member
        raise KeyError(f"the assembly has no population with the label {label!r}")

    # Types.

    @property
    def homogeneous_synapses(self) -> bool:
        """Whether weights mean the same in all members."""
        return len({member.conductance_based for member in self.populations}) <= 1

    _homogeneous_synapses = homogeneous_synapses

    @property
    def conductance_based(self) -> bool:
        """Whether synaptic weights are conductances, in all members."""
        return all(member.conductance_based for member in self.populations)

    @property
    def receptor_types(self) -> list[str]:
        """Names of the receptors that all members have."""
        first, *others = self.populations
        return [r for r in first.receptor_types if all(r in o.receptor_types for o in others)]

    @property
    def injectable(self) -> bool:
        """Whether current can be injected into all members."""
        return all(member.injectable for member in self.populations)

    def can_record(self, variable: str, location: Any = None) -> bool:
        """Return whether a variable can be recorded from all members."""
        return all(member.can_record(variable, location) for member in self.populations)

    def find_units(self, variable: Any) -> str:
        """Return the unit of a state variable or parameter, the same in all members."""
        units = {member.find_units(variable) for member in self.populations}
        if len(units) > 1:
            raise ValueError(f"the members have different units: {', '.join(sorted(units))}")
        return units.pop()

    # Space.

    @property
    def positions(self) -> np.ndarray:
        """Positions of the cells, in um, shape (3, size)."""
        return np.hstack([member.positions for member in self.populations])

    # Parameters and state.

    def get(
        self, parameter_names: str | Sequence[str], gather: bool = False, simplify: bool = True
    ) -> Any:
        """Return parameters of the cells; see `Population.get`."""
        names = [parameter_names] if isinstance(parameter_names, str) else parameter_names
        values = []
        for name in names:
            whole = np.hstack([member.get(name, simplify=False) for member in self.populations])
            values.append(simplified(whole) if simplify else whole)
        return values[0] if isinstance(parameter_names, str) else values

    def set(self, **parameters: Any) -> None:
        """Set parameters of all cells; an array has a value for each."""
        self._each("set", parameters)

    def initialize(self, **initial_values: Any) -> None:
        """Set state variables of all cells; an array has a value for each."""
        self._each("initialize", initial_values)

    def _each(self, method: str, values: dict[str, Any]) -> None:
        first = 0
        for member in self.populations:
            part = slice(first, first + member.size)
            own = {name: self._part(value, part) for name, value in values.items()}
            getattr(member, method)(**own)
            first = part.stop

    def _part(self, value: Any, part: slice) -> Any:
        listed = isinstance(value, list | tuple | np.ndarray) and not is_plain(value)
        if listed and len(value) == self.size and len(self.populations) > 1:
            return value[part]
        return value

    def get_annotations(
        self, annotation_keys: str | Sequence[str], simplify: bool = True
    ) -> dict[str, Any]:
        """Return the annotations of the members, by key."""
        keys = [annotation_keys] if isinstance(annotation_keys, str) else annotation_keys
        found: dict[str, Any] = {}
        for key in keys:
            values = [member.annotations[key] for member in self.populations]
            arrays = all(isinstance(value, np.ndarray) for value in values)
            joined = np.hstack(values) if arrays else np.array(values)
            found[key] = simplified(joined) if simplify and joined.dtype.kind in "if" else joined
        return found

    # Recording.

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: Any = None,
    ) -> None:
        """Record variables of all cells; see `Population.record`."""
        for member in self.populations:
            member.record(variables, None, sampling_interval, locations)
        if variables is not None:
            self.queue_file(variables, to_file)

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> Any:
        """Return what was recorded as one Neo block; channels count through all members."""
        blocks = [member.get_data(variables, clear=clear) for member in self.populations]
        first = 0
        for block, member in zip(blocks, self.populations, strict=True):
            for segment in block.segments:
                for signal in segment.analogsignals:
                    own = member.id_to_index(
                        signal.array_annotations["channel_index"] + member.grandparent.first_id
                    )
                    signal.array_annotations["channel_index"] = own + first
            first += member.size
        merged, *others = blocks
        for block in others:
            _merge(merged, block)
        merged.name = self.label
        merged.description = self.describe()
        merged.annotate(**self.annotations, **(annotations or {}))
        return merged

    def get_spike_counts(self, gather: bool = True) -> dict[int, int]:
        """Return the number of spikes of each recorded cell."""
        counts: dict[int, int] = {}
        for member in self.populations:
            try:
                counts.update(member.get_spike_counts())
            except NothingRecorded:
                continue
        return counts

    def describe(
        self, template: str | None = "assembly_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {
            "label": self.label,
            "populations": [member.describe(template=None) for member in self.populations],
        }
        return descriptions.render(engine, template, context)


def _merge(block: Any, other: Any) -> None:
    """Put the segments of `other` into those of `block`: traces beside traces, trains after."""
    for segment, more in zip(block.segments, other.segments, strict=True):
        for train in more.spiketrains:
            segment.spiketrains.append(train)
        present = {signal.name: i for i, signal in enumerate(segment.analogsignals)}
        for signal in more.analogsignals:
            at = present.get(signal.name)
            same = at is not None and segment.analogsignals[at].shape[0] == signal.shape[0]
            if same and segment.analogsignals[at].units == signal.units:
                segment.analogsignals[at] = _beside(segment.analogsignals[at], signal)
                segment.analogsignals[at].segment = segment
            else:
                segment.analogsignals.append(signal)
                signal.segment = segment


def _beside(left: Any, right: Any) -> Any:
    import neo

    channels = [s.array_annotations["channel_index"] for s in (left, right)]
    cells = [s.annotations["channel_ids"] for s in (left, right)]
    return neo.AnalogSignal(
        np.hstack([left.magnitude, right.magnitude]),
        units=left.units,
        t_start=left.t_start,
        sampling_period=left.sampling_period,
        name=left.name,
        source_population=left.annotations["source_population"],
        channel_ids=np.concatenate(cells),
        array_annotations={"channel_index": np.concatenate(channels)},
    )
