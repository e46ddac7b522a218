"""What a simulator does in its own way and says so: a method of low order, random numbers.

A method is no disagreement if the ``cpu`` target, told to use it, does the same: then the equations
and all that goes into them are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from snnc.compiled import CompiledNetwork
from snnc.ir.dialects.step import METHODS
from snnc.runtime.native.simulation import NativeSimulation
from snnc.runtime.verify.comparison import Comparison
from snnc.runtime.verify.conventions import Convention
from snnc.runtime.verify.observation import Observation
from snnc.verifying.judge import Judge
from snnc.verifying.variants import Variant

Run = Callable[[Variant], Observation]


@dataclass(frozen=True)
class OwnWays:
    """The ways of a target.

    Attributes
    ----------
    solvers : dict of str to str
        Its method for each model that it solves in another way than ``cpu``.
    draws : bool
        Whether it draws random numbers that the others do not.
    """

    solvers: Mapping[str, str] = field(default_factory=dict)
    draws: bool = False

    def like(self, variant: Variant) -> Variant:
        """Return the ``cpu`` target with the methods and the time step of this one."""
        own = ",".join(f"{model}={method}" for model, method in self.solvers.items())
        solver = own or variant.options.get("solver", "")
        options = {"solver": solver} if solver else {}
        return Variant(f"cpu:solver={solver}" if solver else "cpu", "cpu", options, variant.dt)


def ways_of(network: CompiledNetwork) -> OwnWays:
    """Return the ways of the target that a network has been compiled for."""
    simulation = network.simulation
    if not isinstance(simulation, NativeSimulation):
        return OwnWays()
    return OwnWays(simulation.native.solvers, simulation.native.draws)


class Explainer:
    """Explains pairs that disagree by the ways of their targets.

    Parameters
    ----------
    judge : Judge
        Compares runs.
    variants : mapping of str to Variant
        The targets by label.
    ways : mapping of str to OwnWays
        Their ways.
    run : callable
        Runs the network on a further target.
    """

    def __init__(
        self,
        judge: Judge,
        variants: Mapping[str, Variant],
        ways: Mapping[str, OwnWays],
        run: Run,
    ) -> None:
        self._judge = judge
        self._variants = variants
        self._ways = ways
        self._run = run
        self._runs: dict[tuple[str, float | None], Observation] = {}

    def explained(self, one: Comparison, a: Observation, b: Observation) -> Comparison:
        """Return a comparison of two runs with the way that explains it, if one does."""
        if one.agrees:
            return one
        drawing = [run.label for run in (a, b) if self._ways[run.label].draws]
        if drawing:
            return self._judge.by_activity(one, drawing[0])
        others = [run for run in (a, b) if self._ways[run.label].solvers]
        if others and all(self._is_like_cpu(run, one.population) for run in (a, b)):
            text = "; ".join(map(self._method, others))
            return replace(
                one, agrees=True, reasons=(), remarks=(), convention=Convention("solver", text)
            )
        return one

    def _method(self, run: Observation) -> str:
        like = self._ways[run.label].like(self._variants[run.label])
        methods = self._ways[run.label].solvers
        solved = (f"{name} by {how} (order {METHODS[how]})" for name, how in methods.items())
        return f"{run.label} solves {', '.join(solved)}, and {like.label} does the same"

    def _is_like_cpu(self, run: Observation, population: str) -> bool:
        """Tell whether a run is that of the ``cpu`` target with the same methods."""
        variant = self._variants[run.label]
        other = self._ways[run.label].like(variant)
        if other == variant:
            return True
        key = other.label, other.dt
        if key not in self._runs:
            self._runs[key] = self._run(other)
        found = self._judge.compared(self._runs[key], run)
        return next(pair.agrees for pair in found if pair.population == population)
