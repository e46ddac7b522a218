"""The forms in which targets get a network: coupled, and uncoupled; with its sources listed."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from snnc.ir.diagnostics import UserError
from snnc.ir.dialects.snn import PopulationOp, ProjectionOp
from snnc.ir.dialects.snn_rules import network_scope
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.replay import empty_lists, fill_lists
from snnc.ir.text import Document
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.passes.solving.orders import solver_orders
from snnc.runtime.verify.observation import Observed, Wanted
from snnc.stages import copy_of

# Potentials of all targets are kept: at most so many samples of each.
MOST_SAMPLES = 10_000_000


def passed(document: Document, passes: str) -> Document:
    """Return what passes make of a network."""
    copy = copy_of(document)
    run_passes(copy, parse_passes(passes))
    return copy


def filled(document: Document, observed: Mapping[str, Observed]) -> Document:
    """Return a network whose empty lists of spikes are what the cells they replay did."""
    copy = copy_of(document)
    fill_lists(copy, {name: observed[of].trains() for name, of in empty_lists(copy).items()})
    return copy


def scored(document: Document, samples: float) -> dict[str, Wanted]:
    """Return what to observe of each population that has input.

    Parameters
    ----------
    document : Document
        The network.
    samples : float
        Number of steps to be simulated.

    Raises
    ------
    UserError
        There are none.
    """
    models = models_of(document.module)
    found: dict[str, Wanted] = {}
    for op in document.network.symbols().values():
        if isinstance(op, PopulationOp):
            info = describe_model(models[op.model])
            if not info.source:
                known = info.threshold if info.threshold and info.threshold[0] == "v" else None
                potential = "v" if "v" in info.recordables else None
                threshold = known[1] if known else None
                found[op.symbol] = Wanted(op.size, potential, threshold, info.refractory)
    if not found:
        raise UserError("nothing to compare; expected a network with cells that have input")
    total = sum(one.size for one in found.values()) * samples
    return {name: one.thinned(MOST_SAMPLES / max(total, 1.0)) for name, one in found.items()}


def orders_of(document: Document) -> dict[str, int | None]:
    """Return the order of the solver of each population; None if it is exact."""
    orders = solver_orders(document)
    return {
        op.symbol: orders[op.model]
        for op in document.network.symbols().values()
        if isinstance(op, PopulationOp)
    }


def is_coupled(document: Document) -> bool:
    """Return whether cells get spikes of other cells, not of sources alone."""
    return bool(empty_lists(passed(document, "uncouple")))


def is_recurrent(document: Document) -> bool:
    """Return whether a population can act on itself, if through others."""
    scope, reached = network_scope(document.network), TopologicalSorter[str]()
    for op in document.network.symbols().values():
        if isinstance(op, ProjectionOp):
            before = [one.symbol for one in scope.group(op, op.pre).populations]
            for population in scope.group(op, op.post).populations:
                reached.add(population.symbol, *before)
    try:
        reached.prepare()
    except CycleError:
        return True
    return False
