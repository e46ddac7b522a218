"""`verify`: the same network with the same input on several targets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from snnc.compiled import CompiledNetwork
from snnc.compiler import compile as compile_network
from snnc.compiler import document_of
from snnc.ir.diagnostics import OptionError
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.replay import empty_lists
from snnc.ir.text import Document
from snnc.ir.text import verify as check
from snnc.runtime.native.trains import Trains
from snnc.runtime.verify.comparison import NEVER
from snnc.runtime.verify.observation import Observation, Observed, Wanted, observed, record
from snnc.runtime.verify.statistics import Statistics, statistics
from snnc.verifying.judge import Judge
from snnc.verifying.network import filled, passed, scored
from snnc.verifying.own_ways import Explainer, ways_of
from snnc.verifying.variants import Variant, variants_of
from snnc.verifying.verification import Verification

SEEDS = 4
Progress = Callable[[str, float], None]


def verify(
    net: Any,
    targets: str | Sequence[str | Variant] = ("cpu", "nest"),
    *,
    ms: float = 200.0,
    open_loop: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Run a network on several targets and compare what they do, spike by spike.

    All targets get the same connections, weights, delays, initial values and input: what is random
    is drawn once.

    Parameters
    ----------
    net : Document, path, module or object with ``document()``
        What `snnc.compile` takes.
    targets : str or sequence of str or Variant
        Targets, with options after colons: ``"cpu,cpu:precision=f32,nest"``. The options are those
        of `snnc.compile`, and ``dt`` for another time step in ms.
    ms : float
        Time to simulate.
    open_loop : bool
        Replay the spikes of the first target into uncoupled copies of the cells on all of them, so
        that a difference in one cell does not reach the others.
    progress : callable, optional
        Called with the target's label and the time reached in ms, now and then.

    Returns
    -------
    Verification
        A comparison for each pair of targets and population; print it.

    Raises
    ------
    UserError
        The network or an option is wrong, or a target lacks something that the network needs.
    """
    if not 0.0 < ms < NEVER:
        raise OptionError(f"impossible time; found {ms:g} ms, expected more than 0")
    variants = variants_of(targets)
    document = document_of(net)
    job = _Job(document, variants, ms, progress)
    coupled = job.with_listed_sources()
    # Whatever a target lacks is found here, before any has run.
    compiled = [job.compiled(one, coupled) for one in variants]
    if open_loop:
        uncoupled = job.uncoupled(coupled, compiled[0])
        compiled = [job.compiled(one, uncoupled) for one in variants]
    return job.compared(compiled, open_loop)


@dataclass(frozen=True)
class _Compiled:
    """A network, as it was compiled for a target, and the time that this took in s."""

    label: str
    document: Document
    network: CompiledNetwork
    seconds: float


class _Job:
    """A network, the targets it is run on, and what is observed."""

    def __init__(
        self, document: Document, variants: Sequence[Variant], ms: float, progress: Progress | None
    ) -> None:
        self.document = document
        self.variants = variants
        self.ms = ms
        self.progress = progress
        steps = [ms / (one.dt or document.network.dt) for one in variants]
        self.wanted = scored(document, max(steps))

    def with_listed_sources(self) -> Document:
        """Return the network with the spikes that its sources give on this machine."""
        listed = passed(self.document, "replay-sources")
        if not empty_lists(listed):
            return self.document
        simulation = compile_network(self.document).simulation
        models = models_of(self.document.module).items()
        driven = [name for name, op in models if not describe_model(op).source]
        trains = Trains(simulation.artifact, driven)
        try:
            sizes = {plan.name: plan.size for plan in simulation.artifact.populations}
            steps = round(self.ms / simulation.dt)
            spikes = {
                name: Observed(sizes[name], stamps.astype(np.float64) * simulation.dt, cells)
                for name, (stamps, cells) in trains.advance(steps).items()
            }
        finally:
            trains.close()
            simulation.close()
        return filled(listed, spikes)

    def uncoupled(self, coupled: Document, first: _Compiled) -> Document:
        """Return the network whose synapses replay the spikes of the first target."""
        run = self._observe(first, self._spikes())
        return filled(passed(coupled, "uncouple"), run.populations)

    def _spikes(self) -> dict[str, Wanted]:
        return {name: Wanted(one.size) for name, one in self.wanted.items()}

    def compiled(self, variant: Variant, document: Document) -> _Compiled:
        """Compile a network for a target."""
        started = time.perf_counter()
        own = _prepared(variant, document)
        network = compile_network(own, variant.target, **variant.options)
        return _Compiled(variant.label, document, network, time.perf_counter() - started)

    def run(self, compiled: _Compiled) -> Observation:
        """Run the network on a target."""
        return self._observe(compiled, self.wanted)

    def _observe(self, compiled: _Compiled, wanted: Mapping[str, Wanted]) -> Observation:
        simulation = compiled.network.simulation
        seconds = {"compile": compiled.seconds}
        try:
            names = [plan.name for plan in simulation.artifact.populations]
            record(simulation, dict(wanted), [name for name in names if name not in wanted])
            for stage, work in (
                ("build", simulation.build),
                ("run", lambda: simulation.run(self.ms, progress=self._shown(compiled.label))),
            ):
                started = time.perf_counter()
                work()
                seconds[stage] = time.perf_counter() - started
            found = {name: observed(simulation, name, one) for name, one in wanted.items()}
        finally:
            simulation.close()
        return Observation(compiled.label, simulation.dt, self.ms, seconds, found)

    def _shown(self, label: str) -> Callable[[float], None] | None:
        progress = self.progress
        return None if progress is None else lambda t: progress(label, t)

    def compared(self, compiled: Sequence[_Compiled], open_loop: bool) -> Verification:
        """Return the comparison of all pairs of runs, with verdicts."""
        runs = [self.run(one) for one in compiled]
        judge = Judge(self.document, open_loop, self._scatter)
        explainer = Explainer(
            judge,
            {one.label: one for one in self.variants},
            {one.label: ways_of(one.network) for one in compiled},
            lambda variant: self.run(self.compiled(variant, compiled[0].document)),
        )
        pairs = [
            explainer.explained(one, a, b)
            for a, b in combinations(runs, 2)
            for one in judge.compared(a, b)
        ]
        return Verification(self.document.network.label, self.ms, open_loop, runs, pairs)

    def _scatter(self) -> dict[str, list[Statistics]]:
        """Return the activity of networks with other seeds on the first target."""
        wanted = self._spikes()
        result: dict[str, list[Statistics]] = {name: [] for name in wanted}
        for n in range(1, SEEDS + 1):
            other = passed(self.document, f"reseed{{by={n}}}")
            run = self._observe(self.compiled(self.variants[0], other), wanted)
            for name, one in run.populations.items():
                result[name].append(statistics(one, self.ms))
        return result


def _prepared(variant: Variant, document: Document) -> Document:
    """Return the network as a target gets it."""
    if variant.dt is not None:
        document = passed(document, f"set-time-step{{dt={variant.dt!r}}}")
    if variant.change is not None:
        document = variant.change(document)
    check(document)
    return document
