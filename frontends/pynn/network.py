"""Networks: populations and projections as one object."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from snnc.pynn.cells.assemblies import Assembly
from snnc.pynn.cells.populations import Population
from snnc.pynn.cells.views import PopulationView
from snnc.pynn.refusals import TypeRefused
from snnc.pynn.wiring.projections import Projection
from snnc.ranks import this_rank

if TYPE_CHECKING:
    from snnc.ir.text import Document


class Network:
    """Some populations, views, assemblies and projections, taken together.

    Parameters
    ----------
    *components : Population, PopulationView, Assembly or Projection
        The parts. The populations of views and assemblies belong to the network too.
    """

    def __init__(self, *components: Any) -> None:
        self._populations: dict[Population, None] = {}
        self._views: dict[int, PopulationView] = {}
        self._assemblies: dict[Assembly, None] = {}
        self._projections: dict[Projection, None] = {}
        self.add(*components)

    def add(self, *components: Any) -> None:
        """Add parts."""
        for component in components:
            if isinstance(component, Projection):
                self._projections[component] = None
            elif isinstance(component, Population):
                self._populations[component] = None
            elif isinstance(component, PopulationView):
                self._views[id(component)] = component
                self._populations[component.grandparent] = None
            elif isinstance(component, Assembly):
                self._assemblies[component] = None
                self._populations.update(dict.fromkeys(component.base_populations()))
            else:
                raise TypeRefused(f"a network has no parts such as {component!r}")

    @property
    def populations(self) -> frozenset[Population]:
        """The populations."""
        return frozenset(self._populations)

    @property
    def views(self) -> frozenset[PopulationView]:
        """The views that were added."""
        return frozenset(self._views.values())

    @property
    def assemblies(self) -> frozenset[Assembly]:
        """The assemblies that were added."""
        return frozenset(self._assemblies)

    @property
    def projections(self) -> frozenset[Projection]:
        """The projections."""
        return frozenset(self._projections)

    @property
    def sim(self) -> Any:
        """The PyNN module that the network was built with."""
        import snnc.pynn

        return snnc.pynn

    def count_neurons(self) -> int:
        """Return the number of cells."""
        return sum(population.size for population in self._populations)

    def count_connections(self) -> int:
        """Return the number of connections."""
        return sum(projection.size() for projection in self._projections)

    def get_component(self, label: str) -> Any:
        """Return the part of a label, or None."""
        parts = chain(self._populations, self._views.values(), self._assemblies, self._projections)
        return next((part for part in parts if part.label == label), None)

    def filter(self, cell_types: Any = None) -> Assembly:
        """Return an assembly of the populations of some cell types; "all" leaves out sources."""
        if cell_types is None:
            raise TypeRefused("cell types, or 'all', are expected")
        if cell_types == "all":
            return Assembly(*(p for p in self._populations if p.celltype.injectable))
        return Assembly(*(p for p in self._populations if type(p.celltype) in cell_types))

    def record(
        self,
        variables: Any,
        to_file: Any = None,
        sampling_interval: float | None = None,
        include_spike_source: bool = True,
    ) -> None:
        """Record variables of all cells."""
        for group in chain(self._populations, self._assemblies):
            if include_spike_source or group.injectable:
                group.record(variables, to_file=to_file, sampling_interval=sampling_interval)

    def get_data(
        self,
        variables: Any = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> list[Any]:
        """Return the data of each assembly, as Neo blocks."""
        return [a.get_data(variables, gather, clear, annotations) for a in self._assemblies]

    def write_data(
        self,
        io: Any,
        variables: Any = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Write the data of all assemblies to a file."""
        from snnc.pynn.data.neo_data import neo_io

        blocks = self.get_data(variables, gather, clear, annotations)
        if this_rank() == 0:
            target = neo_io(io) if isinstance(io, str) else io
            target.write(blocks)

    def document(self) -> Document:
        """Return the network as IR."""
        from snnc.pynn.network_ir import write_document

        populations = dict(self._populations)
        for projection in self._projections:
            for group in (projection.pre, projection.post):
                populations.update(dict.fromkeys(group.base_populations()))
        return write_document(
            next(iter(populations)).session, list(populations), list(self._projections)
        )
