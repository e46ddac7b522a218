"""A compiled network: it runs, and shows what became of it on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from snnc.codegen.artifact import Artifact
from snnc.codegen.target import Target
from snnc.ir.registry import TARGETS
from snnc.ir.text import Document
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import copy_of, stage_names, stage_text

if TYPE_CHECKING:
    from neo import Block

    from snnc.runtime.engine.report import Report
    from snnc.runtime.simulation import Simulation


class CompiledNetwork:
    """A network compiled for a target.

    Parameters
    ----------
    source : Document
        The network as built.
    target : str
        Name of the target.
    pipeline : str
        The passes that lower it.
    seconds : mapping of str to float
        Times of the stages before.

    Attributes
    ----------
    source, target, pipeline
        As given.
    simulation : Simulation
        The engine, with everything that can be read and changed between runs.
    """

    def __init__(
        self, source: Document, target: str, pipeline: str, seconds: Mapping[str, float]
    ) -> None:
        self.source = source
        self.target = target
        self._target: Target = TARGETS.get(target)
        self.pipeline = pipeline
        self.seconds = dict(seconds)
        self.artifact = self._lower()
        self.simulation: Simulation = self._target.execute(self.artifact)

    def _lower(self) -> Artifact:
        document = copy_of(self.source)
        started = time.perf_counter()
        run_passes(document, parse_passes(self.pipeline))
        lowered = time.perf_counter()
        artifact = self._target.generate(document)
        self.seconds["passes"] = lowered - started
        self.seconds["code generation"] = time.perf_counter() - lowered
        return artifact

    def __repr__(self) -> str:
        cells = sum(population.size for population in self.artifact.populations)
        return (
            f"CompiledNetwork({self.artifact.name!r}, target={self.target!r}, "
            f"{cells} cells, {len(self.artifact.projections)} projections, "
            f"t={self.simulation.t:g} ms)"
        )

    def run(self, ms: float, progress: Callable[[float], None] | None = None) -> None:
        """Simulate for a time.

        Parameters
        ----------
        ms : float
            Time in ms.
        progress : callable, optional
            Called now and then with the time reached, in ms.
        """
        self.simulation.run(ms, progress=progress)

    @property
    def data(self) -> Block:
        """What was recorded: a Neo block with one segment, spikes and signals in PyNN's form."""
        from snnc.runtime.neo_data import block_of

        return block_of(self.simulation)

    @property
    def stages(self) -> list[str]:
        """Names that `ir` takes."""
        return stage_names(self.pipeline)

    def ir(self, stage: str = "snn", generic: bool = False) -> str:
        """Return the text of the network at a stage.

        Parameters
        ----------
        stage : str
            ``"snn"`` as built, the name of a pass for what it leaves, ``"step"``, ``"lowered"``, or
            ``"kernel"`` for the generated source.
        generic : bool
            Print MLIR's generic form.
        """
        return stage_text(self.source, self.pipeline, stage, generic)

    def report(self) -> Report:
        """Return times of the stages, kernels with their sizes, and memory."""
        report = self.simulation.report()
        report.stages = {**self.seconds, **report.stages}
        return report

    def save(self, path: str) -> None:
        """Write the network as ``NAME.mlir``, with its arrays in ``NAME.npz``."""
        from snnc.ir.text import save

        save(self.source, path)

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: target, threads, precision and the solver of each model."""
        return {
            "target": self.target,
            "threads": self.artifact.threads,
            "precision": self.artifact.precision,
            "solvers": {name: cell.solver for name, cell in self.artifact.cells.items()},
        }
