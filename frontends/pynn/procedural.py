"""PyNN's older interface of functions; deprecated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snnc.pynn import script
from snnc.pynn.cells.assemblies import Assembly
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.identity import ID
from snnc.pynn.cells.populations import Population
from snnc.pynn.refusals import TypeRefused
from snnc.pynn.wiring.connectors import connector_class
from snnc.pynn.wiring.projections import Projection
from snnc.pynn.wiring.synapses import synapse_type


def _group(cells: Any) -> BasePopulation | Assembly:
    if isinstance(cells, ID):
        return cells.as_view()
    if isinstance(cells, BasePopulation | Assembly):
        return cells
    raise TypeRefused(f"a population, view, assembly or cell is expected; found {cells!r}")


def create(cellclass: Any, cellparams: Mapping[str, Any] | None = None, n: int = 1) -> Population:
    """Return a population of `n` cells; use `Population`."""
    script.deprecated("create()", "Population()")
    return Population(n, cellclass, cellparams)


def connect(
    pre: Any,
    post: Any,
    weight: Any = 0.0,
    delay: Any = None,
    receptor_type: str | None = None,
    p: float = 1,
    rng: Any = None,
) -> Projection:
    """Connect cells with a probability; use `Projection`."""
    script.deprecated("connect()", "Projection()")
    connector = connector_class("FixedProbabilityConnector")
    assert connector is not None
    return Projection(
        _group(pre),
        _group(post),
        connector(p_connect=p, rng=rng),
        synapse_type("StaticSynapse")(weight=weight, delay=delay),
        receptor_type=receptor_type,
    )


def set(cells: Any, **parameters: Any) -> None:
    """Set parameters; use the method of the population."""
    script.deprecated("set()", "Population.set()")
    if isinstance(cells, ID):
        raise AttributeError(
            "a single cell is set by assignment, as in population[0].tau_m = 20.0, or through a "
            "view, as in set(population[0:1], tau_m=20.0)"
        )
    _group(cells).set(**parameters)


def initialize(cells: Any, **initial_values: Any) -> None:
    """Set state variables; use the method of the population."""
    script.deprecated("initialize()", "Population.initialize()")
    _group(cells).initialize(**initial_values)


def record(
    variables: str | Sequence[str],
    source: Any,
    filename: Any,
    sampling_interval: float | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> None:
    """Record variables to a file; use the method of the population."""
    script.deprecated("record()", "Population.record()")
    group = _group(source)
    group.record(variables, to_file=filename, sampling_interval=sampling_interval)
    group.annotate(**(annotations or {}))


def record_v(source: Any, filename: Any) -> None:
    """Record the membrane potential to a file; use `Population.record`."""
    script.deprecated("record_v()", "Population.record('v')")
    _group(source).record("v", to_file=filename)


def record_gsyn(source: Any, filename: Any) -> None:
    """Record synaptic conductances to a file; use `Population.record`."""
    script.deprecated("record_gsyn()", "Population.record(['gsyn_exc', 'gsyn_inh'])")
    _group(source).record(["gsyn_exc", "gsyn_inh"], to_file=filename)
