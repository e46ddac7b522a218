"""Networks with all that is symbolic in them as numbers, as the CPU target makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from snnc import model_library
from snnc.codegen.languages.network import Cell, Cells, Connections, Current, Network
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.text import Document, parse

if TYPE_CHECKING:
    from snnc.codegen.artifact import PopulationPlan, ProjectionPlan, SelectionPlan
    from snnc.runtime.simulation import Simulation

_CELL, _RECEPTOR, _PORT = "IF_curr_exp", "excitatory", "injected"
MAX_CONNECTIONS = 1_000_000
"""Files with more are of no use to those who read them."""


def has_network(document: Document) -> bool:
    """Tell whether a document is more than models."""
    return any(op.name == "snn.network" for op in document.module.ops)


def with_network(document: Document) -> Document:
    """Return a document with a network: its own, or one cell or synapse of each of its models."""
    if has_network(document):
        return document
    builder = NetworkBuilder("models")
    for name, op in models_of(document.module).items():
        info = describe_model(op)
        if info.kind == "cell":
            builder.use_model(str(op), document.filename)
            builder.population(f"{name}_cells", 1, name)
        elif info.kind == "synapse":
            builder.use_model(str(op), document.filename)
            _add_pair(builder, name, _PORT if info.reads else _RECEPTOR)
    return builder.finish()


def _add_pair(builder: NetworkBuilder, synapse: str, receptor: str) -> None:
    """Add two cells with a synapse between them."""
    builder.use_model(*model_library.source(_CELL))
    ends = f"{synapse}_source", f"{synapse}_target"
    for end in ends:
        builder.population(end, 1, _CELL)
    rule = "all_to_all", {}
    builder.projection(f"{synapse}_synapse", *ends, rule, synapse, receptor, 1.0, 1.0)


def listed_network(document: Document) -> Network:
    """Return a network with its values and connections.

    Raises
    ------
    UnsupportedError
        If it has more than `MAX_CONNECTIONS` connections, or the CPU target cannot make it.
    """
    from snnc.compiler import compile

    return _Listed(document, compile(document).simulation).network()


def _packaged(document: Document) -> Iterator[str]:
    """Yield the names of the models that are those of the packaged library."""
    for name, op in models_of(document.module).items():
        file = model_library.PACKAGED / f"{name}{model_library.SUFFIX}"
        if file.is_file():
            known = parse(file.read_text(encoding="utf-8"), str(file))
            if str(models_of(known.module)[name]) == str(op):
                yield name


class _Listed:
    def __init__(self, document: Document, simulation: Simulation) -> None:
        self.document = document
        self.simulation = simulation
        self.artifact = simulation.artifact
        self.sizes = {plan.name: plan.size for plan in self.artifact.populations}

    def network(self) -> Network:
        self.simulation.build()
        total = sum(self.simulation.size(plan.name) for plan in self.artifact.projections)
        if total > MAX_CONNECTIONS:
            raise UnsupportedError(
                f"the network has {total} connections, too many to be listed; "
                f"expected at most {MAX_CONNECTIONS}"
            )
        return Network(
            self.artifact.name,
            self.artifact.dt,
            [self.cells(plan) for plan in self.artifact.populations],
            [self.connections(plan) for plan in self.artifact.projections],
            [
                Current(
                    plan.name, plan.kind, plan.parameters,
                    [cell for target in plan.targets for cell in self.members(target)],
                )
                for plan in self.artifact.sources
            ],
            list(self.recorded()),
            frozenset(_packaged(self.document)),
        )  # fmt: skip

    def cells(self, plan: PopulationPlan) -> Cells:
        simulation, name = self.simulation, plan.name
        parameters = {key: simulation.parameters(name, key) for key in plan.parameters}
        initial = {key: simulation.state(name, key) for key in plan.initial}
        return Cells(name, plan.size, plan.cell, parameters, initial, plan.positions)

    def members(self, selection: SelectionPlan) -> list[Cell]:
        return [
            (name, int(index))
            for name, selector in selection.members
            for index in np.arange(self.sizes[name])[selector]
        ]

    def whole(self, selection: SelectionPlan) -> str | None:
        """Return the population that a selection is the whole of."""
        (name, _), *others = selection.members
        members = self.members(selection)
        return (
            name if not others and members == [(name, n) for n in range(self.sizes[name])] else None
        )

    def connections(self, plan: ProjectionPlan) -> Connections:
        edges = self.simulation.edges(plan.name)
        pre, post = self.members(plan.pre), self.members(plan.post)
        ends = self.whole(plan.pre), self.whole(plan.post)
        return Connections(
            plan.name,
            [pre[i] for i in edges.pre],
            [post[i] for i in edges.post],
            plan.receptor,
            self.artifact.synapses[plan.synapse].model,
            self.weights(plan),
            self.simulation.edge_values(plan.name, "delay"),
            (plan.connector, plan.options),
            plan.weight,
            None if None in ends else (str(ends[0]), str(ends[1])),
        )

    def weights(self, plan: ProjectionPlan) -> np.ndarray:
        # What is one number for all has not lost digits in the storage of synapses.
        if isinstance(plan.weight, float):
            return np.full(self.simulation.size(plan.name), plan.weight)
        return self.simulation.edge_values(plan.name, "weight")

    def recorded(self) -> Iterator[tuple[Cell, str]]:
        for plan in self.artifact.records:
            for cell in self.members(plan.target):
                yield from ((cell, variable) for variable in plan.variables)
