"""What compiling, building and running a network took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from snnc.runtime.jit.cache import Kernel


@dataclass
class Report:
    """Times, kernels and memory of a simulation.

    Attributes
    ----------
    stages : dict of str to float
        Seconds spent in each stage, in the order in which they began.
    kernels : list of Kernel
        The kernels in use, with origin ("compiled", "disk", "memory"), seconds and size.
    memory : dict of str to int
        Bytes, by what they hold.
    compiled : int
        Number of kernels that had to be compiled.
    simulated : float
        Biological time that has been run, in ms.
    precision : str
        The type of states and of sums of arrivals; see `snnc.compile`.
    weight_error : float
        The largest error of a packed weight, relative to the largest onto the same receptor.
    more : tuple of str
        Further lines, about what only some targets have.
    """

    stages: dict[str, float] = field(default_factory=dict)
    kernels: list[Kernel] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)
    compiled: int = 0
    simulated: float = 0.0
    precision: str = "f64"
    weight_error: float = 0.0
    more: tuple[str, ...] = ()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - start

    def use(self, kernel: Kernel) -> None:
        """Note a kernel."""
        if all(kernel.path != known.path for known in self.kernels):
            self.kernels.append(kernel)
            self.compiled += kernel.origin == "compiled"

    @property
    def real_time_factor(self) -> float:
        """Wall-clock time of running over biological time; nan before anything has run."""
        run = self.stages.get("run", 0.0)
        return 1000.0 * run / self.simulated if self.simulated else float("nan")

    @property
    def accuracy(self) -> str:
        """What the precision costs."""
        match self.precision:
            case "f64":
                return "states and sums of 64 bits, weights that differ of 32"
            case "fixed":
                return "the machine's fixed point, whose errors are listed below"
            case "f32":
                return "states, sums and weights of 32 bits (relative rounding error 6e-08)"
        return (
            "states of 32 bits, weights and sums of integers; a weight errs by at most "
            f"{max(self.weight_error, 6e-8):.1g} of the largest onto its receptor"
        )

    def __str__(self) -> str:
        lines = ["stage" + " " * 27 + "seconds"]
        lines += [f"  {name:<28}{seconds:>9.3f}" for name, seconds in self.stages.items()]
        if self.simulated:
            lines.append(
                f"  {self.simulated:g} ms simulated, {self.real_time_factor:.3g} x real time"
            )
        lines.append(f"precision {self.precision}: {self.accuracy}")
        lines.append(f"kernel{'':24}{'KiB':>7}{'seconds':>10}  origin")
        lines += [
            f"  {k.name:<28}{k.size / 1024:>7.1f}{k.seconds:>10.3f}  {k.origin}"
            for k in self.kernels
        ]
        lines.append(f"memory{'':27}{'MiB':>7}")
        lines += [f"  {name:<29}{size / 2**20:>9.2f}" for name, size in self.memory.items()]
        lines.append(f"  {'total':<29}{sum(self.memory.values()) / 2**20:>9.2f}")
        return "\n".join([*lines, *self.more])
