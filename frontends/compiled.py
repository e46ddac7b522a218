"""A compiled network: it runs, and shows what became of it on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from snnc.stages import Lowering

if TYPE_CHECKING:
    from neo import Block

    from snnc.codegen.artifact import Artifact
    from snnc.runtime.engine.report import Report
    from snnc.runtime.simulation import Simulation


class CompiledNetwork:
    """A network compiled for a target.

    Parameters
    ----------
    lowering : Lowering
        The network as built, the target, and the passes.
    seconds : mapping of str to float
        Times of the stages before.

    Attributes
    ----------
    source, target, pipeline
        As in `lowering`.
    simulation : Simulation
        The engine, with everything that can be read and changed between runs.
    """

    def __init__(self, lowering: Lowering, seconds: Mapping[str, float]) -> None:
        self._lowering = lowering
        self.source = lowering.source
        self.target = lowering.target
        self.pipeline = lowering.pipeline
        self.seconds = dict(seconds)
        self._artifact = self._lower()
        self.simulation: Simulation = lowering.generator.execute(self._artifact)

    def _lower(self) -> Any:
        started = time.perf_counter()
        document = self._lowering.lowered()
        lowered = time.perf_counter()
        artifact = self._lowering.generator.generate(document)
        self.seconds["passes"] = lowered - started
        self.seconds["code generation"] = time.perf_counter() - lowered
        return artifact

    @property
    def artifact(self) -> Artifact:
        """The network as the ``cpu`` target has it, whichever target runs it."""
        return self.simulation.artifact

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
        return self._lowering.stages

    def ir(self, stage: str = "snn", generic: bool = False) -> str:
        """Return the text of the network at a stage.

        Parameters
        ----------
        stage : str
            ``"snn"`` as built, the name of a pass for what it leaves, ``"step"``, ``"lowered"``, or
            the name of generated source: ``"kernel"`` for ``cpu``.
        generic : bool
            Print MLIR's generic form.
        """
        return self._lowering.text(stage, generic)

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
        """Return what was chosen: the target, its threads, and how models are solved there."""
        return {"target": self.target, **self._artifact.settings()}
