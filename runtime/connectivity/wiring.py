"""The connections of a network while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from snnc.codegen.artifact import Artifact, ProjectionPlan
from snnc.runtime.connectivity.bundles import Bundle, make_instance
from snnc.runtime.connectivity.edges import ProjectionInstance, ordinals_of
from snnc.runtime.connectivity.packing import Packing
from snnc.runtime.connectivity.synapse_parameters import SynapseParameters
from snnc.runtime.connectivity.synapse_states import SynapseStates
from snnc.runtime.connectivity.synapse_tables import FOREVER, SynapseTables, spiking
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Layout
from snnc.runtime.jit.cache import Kernels

# A ring keeps room for a spike of every cell in every step of a chunk.
_CHUNK_WITH_RINGS = 64


class Wiring:
    """All connections of a network.

    Parameters
    ----------
    artifact : Artifact
        The network.
    layout : Layout
        Who owns what.
    cells : dict of str to Cells
        The populations.
    kernels : Kernels
        Where compiled kernels come from.

    Attributes
    ----------
    bundles : list of Bundle
        In network order.
    bundle_of : dict of str to (Bundle, int)
        The bundle of each projection, and its number in it.
    packing : Packing
        Weights as integers.
    states : SynapseStates
        What synapses of a cell share.
    tables : SynapseTables
        What kernels are given.
    """

    def __init__(
        self, artifact: Artifact, layout: Layout, cells: dict[str, Cells], kernels: Kernels
    ) -> None:
        self._artifact = artifact
        self._layout = layout
        self._kernels = kernels
        self.packing = Packing(kernels, layout, cells)
        self.bundles: list[Bundle] = []
        self.bundle_of: dict[str, tuple[Bundle, int]] = {}
        self.states = SynapseStates(cells, layout)
        self._parameters = SynapseParameters(cells, layout)
        self.tables = SynapseTables(
            artifact, layout, cells, self.bundles, self.packing, self._parameters, self.states
        )
        self._ordinals = ordinals_of(artifact.populations)
        for plans in _grouped(artifact):
            self._add(plans)
        self._summarise()

    def _add(self, plans: list[ProjectionPlan]) -> None:
        artifact = self._artifact
        synapse = artifact.synapses[plans[0].synapse]
        instances = [
            make_instance(
                plan, synapse, artifact.populations, artifact.seed, artifact.dt, self._ordinals
            )
            for plan in plans
        ]
        bundle = Bundle(synapse, instances, self._layout, artifact.populations)
        self.bundles.append(bundle)
        for number, plan in enumerate(plans):
            self.bundle_of[plan.name] = bundle, number

    # Building

    def estimate(self) -> int:
        """Return about how many bytes the connections will take."""
        return sum(bundle.estimate(self._kernels) for bundle in self.bundles)

    def nbytes(self) -> int:
        """Return how many bytes the rows take."""
        return sum(part.rows.nbytes for bundle in self.bundles for part in bundle.parts)

    def build(self) -> None:
        """Make all connections."""
        with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
            for bundle in self.bundles:
                bundle.build(self._kernels, executor)
                self.packing.shorten(bundle, executor)
            self.packing.pack(self.bundles, executor)
        for bundle in self.bundles:
            self.states.add(bundle)
        self._summarise()

    @contextlib.contextmanager
    def unpacked(self) -> Iterator[None]:
        """Have all weights as floats while some are changed."""
        self.packing.unpack(self.bundles)
        try:
            yield
        finally:
            with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
                self.packing.pack(self.bundles, executor)

    def rebuild(self, bundle: Bundle) -> None:
        """Make the connections of a bundle anew, its projections having changed."""
        with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
            bundle.build(self._kernels, executor)
        self.states.add(bundle)
        self._summarise()

    # What the time loop needs to know

    def _summarise(self) -> None:
        """Note the delays and the carried values of each source population."""
        self._shortest = FOREVER
        self._longest: dict[str, int] = {}
        self._carried: dict[str, dict[tuple[str, str], None]] = {}
        for bundle in spiking(self.bundles):
            for part in bundle.parts:
                delays, source = part.rows.delays, part.source
                self._shortest = min(self._shortest, int(delays[0]))
                self._longest[source] = max(self._longest.get(source, 0), int(delays[-1]))
                names = {(bundle.projections[0], name): None for name in bundle.synapse.carried}
                self._carried.setdefault(source, {}).update(names)

    def min_delay(self) -> int:
        """Return the shortest delay in steps; a long time when there are no connections."""
        return self._shortest

    def max_delay(self, source: str) -> int:
        """Return the longest delay of a population's spikes in steps, 0 without connections."""
        return self._longest.get(source, 0)

    def carried(self, source: str) -> list[tuple[str, str]]:
        """Return the keys of the values that spikes of a population carry."""
        return list(self._carried.get(source, ()))

    def reads_counts(self, source: str) -> bool:
        """Return whether synapses are reached by counts of a population's spikes."""
        return any(p.source == source for b in self._counted(True) for p in b.parts)

    def reads_spikes(self, source: str) -> bool:
        """Return whether synapses are reached by a population's spikes one by one."""
        return any(p.source == source for b in self._counted(False) for p in b.parts)

    def _counted(self, yes: bool) -> Iterator[Bundle]:
        return (b for b in spiking(self.bundles) if (b.synapse.form.weight == "counts") == yes)

    @property
    def couplings(self) -> list[ProjectionInstance]:
        """The projections that act in every step, in network order."""
        coupled = (b for b in self.bundles if b.synapse.couple is not None)
        return [one for bundle in coupled for one in bundle.instances]

    def longest_chunk(self) -> int:
        """Return the most steps that may run without a call of `prepare`."""
        return _CHUNK_WITH_RINGS if self.states.rings else FOREVER

    def takes(self, population: str, parameter: str) -> bool:
        """Return whether kernels take a parameter of cells in the form that it has now."""
        return self._parameters.take(self.bundles, population, parameter)

    # Time

    def prepare(self, step: int, steps: int) -> bool:
        """Make room in the rings for a chunk; return whether tables must be made anew."""
        return self.states.prepare(self.bundle_of, step, steps)

    def reset(self) -> None:
        """Return weights and states of synapses to the start."""
        for bundle in self.bundles:
            for part in bundle.parts:
                for name, values in part.baseline.items():
                    part.rows.arrays[name][:] = values
        self.states.reset()


def _grouped(artifact: Artifact) -> list[list[ProjectionPlan]]:
    """Return the projections that are built together, in network order."""
    groups: dict[tuple[Any, str], list[ProjectionPlan]] = {}
    for plan in artifact.projections:
        static = artifact.synapses[plan.synapse].is_static
        where: tuple[Any, str] = (plan.bundle if static else plan.name, plan.synapse)
        groups.setdefault(where, []).append(plan)
    return list(groups.values())
