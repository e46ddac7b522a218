"""How often cells fire: from a short run, or from what a user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snnc.ir.diagnostics import OptionError


def measured_rates(net: Any, ms: float) -> dict[str, float]:
    """Return the spikes of a cell in a second, by population, of a run on the ``cpu``.

    Parameters
    ----------
    net : Document, path, module or object with ``document()``
        See `snnc.compile`.
    ms : float
        Time to run, in ms.

    Raises
    ------
    OptionError
        If the time is not positive.
    """
    from snnc.compiler import compile as compile_network

    if not ms > 0.0:
        raise OptionError(f"rates are measured over a positive time; found {ms:g} ms")
    simulation = compile_network(net).simulation
    populations = simulation.artifact.populations
    for plan in populations:
        simulation.record(plan.name, ["spikes"])
    simulation.run(ms)
    found = {
        plan.name: float(simulation.spike_counts(plan.name).mean()) / ms * 1e3
        for plan in populations
        if plan.size
    }
    simulation.close()
    return found


def expecting(rates: Mapping[str, float], target: str, pipeline: str) -> str:
    """Return a pipeline that knows the rates of populations.

    Raises
    ------
    OptionError
        If the passes of the target ask for none.
    """
    if "partition-cores" not in pipeline:
        from snnc.passes.pipelines import pipeline_names, pipeline_text

        able = [name for name in pipeline_names() if "partition-cores" in pipeline_text(name)]
        raise OptionError(
            f"target '{target}' places no cells by their rates; targets that do: {', '.join(able)}"
        )
    text = " ".join(f"{name}={rate:.6g}" for name, rate in rates.items())
    return f'expect-rates{{rates="{text}"}},{pipeline}'


def chosen_rates(net: Any, given: Sequence[str], ms: float | None) -> dict[str, Any]:
    """Return ``rates`` for `lowering_of`: measured ones, and those that are given before them.

    Parameters
    ----------
    net
        The network.
    given : sequence of str
        ``NAME=HZ`` each.
    ms : float or None
        Time over which rates are measured, if they are.

    Raises
    ------
    OptionError
        A word that is no rate.
    """
    rates = {} if ms is None else measured_rates(net, ms)
    for word in given:
        name, _, number = word.partition("=")
        try:
            rates[name] = float(number)
        except ValueError:
            raise OptionError(f"expected NAME=HZ; found '{word}'") from None
    return {"rates": rates} if rates else {}
