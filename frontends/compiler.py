"""`compile`: from a network in any of its forms to something that runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from snnc.ir.diagnostics import (
    MissingDependencyError,
    OptionError,
    UnsupportedError,
    UserError,
    did_you_mean,
)
from snnc.ir.registry import TARGETS
from snnc.ir.text import Document, load, verify

if TYPE_CHECKING:
    from snnc.compiled import CompiledNetwork
    from snnc.stages import Lowering

PRECISIONS = ("f64", "f32", "packed")


def compile(
    net: Any,
    target: str = "cpu",
    *,
    threads: int | str = 1,
    precision: str = "f64",
    solver: str = "auto",
    pipeline: str | None = None,
    emulate: bool = False,
) -> CompiledNetwork:
    """Compile a network for a target.

    Parameters
    ----------
    net : Document, path, module or object with ``document()``
        An IR document or module; the path of a saved network (``.mlir``) or of a PyNN script
        (``.py``), whose network at its first run is taken; the module `snnc.pynn`, for its current
        network; or a `snnc.pynn.Network`.
    target : str
        A name that ``snnc targets`` lists.
    threads : int or "auto"
        Number of threads; results do not depend on it.
    precision : {"f64", "f32", "packed"}
        Type of states and of sums of arrivals; ``"packed"`` has f32 states, weights of 16 bits (an
        error of at most 2e-5 of the largest onto a receptor) and sums of integers.
    solver : str
        ``"auto"``, a method for all that has no exact solution (``"rk4"``, ``"euler"``,
        ``"exponential_euler"``, ``"exponential_midpoint"``, ``"extrapolated_splitting"``,
        ``"fine_splitting"``), or choices per model: ``"Izhikevich=euler"``. With ``"euler"`` a
        LEMS file is stepped as jLEMS does it, where parts of a cell read its states late.
    pipeline : str, optional
        Passes to run instead of the target's own.
    emulate : bool
        Compute here what the target would compute elsewhere.

    Returns
    -------
    CompiledNetwork
        With ``run(ms)``, ``data``, ``ir(stage)`` and ``report()``.

    Raises
    ------
    UserError
        If the network or an option is wrong; nothing has been built then.
    """
    from snnc.compiled import CompiledNetwork

    started = time.perf_counter()
    lowering = lowering_of(
        net, target, threads=threads, precision=precision, solver=solver, pipeline=pipeline,
        emulate=emulate,
    )  # fmt: skip
    reason = lowering.generator.unavailable()
    if reason is not None:
        raise MissingDependencyError(f"target '{target}' cannot be used here: {reason}")
    lowering.generator.refuse_to_run()
    seconds = {"load": time.perf_counter() - started}
    try:
        return CompiledNetwork(lowering, seconds)
    except UnsupportedError as error:
        raise _with_alternatives(error, lowering) from None


def lowering_of(
    net: Any,
    target: str = "cpu",
    *,
    threads: int | str = 1,
    precision: str = "f64",
    solver: str = "auto",
    pipeline: str | None = None,
    emulate: bool = False,
    rates: Mapping[str, float] | None = None,
) -> Lowering:
    """Return how a network is lowered for a target, which need not be installed; see `compile`.

    `rates` are expected spikes of a cell in a second, by the symbol of its population, for targets
    that place cells by them.
    """
    from snnc.passes.pipelines import parse_passes, pipeline_text
    from snnc.rates import expecting
    from snnc.stages import Lowering

    if target not in TARGETS:
        raise OptionError(f"unknown target '{target}'{did_you_mean(target, TARGETS.names())}")
    if emulate:
        target = _emulation_of(target)
    text = pipeline or pipeline_text(
        target,
        threads=resolve_threads(threads),
        precision=_checked_precision(precision),
        solver=solver,
    )
    if rates:
        text = expecting(rates, target, text)
    parse_passes(text)
    return Lowering(document_of(net, solver), target, text)


def _emulation_of(target: str) -> str:
    """Return the target that computes here what another one would compute elsewhere."""
    found = TARGETS.get(target).emulation
    if found is None:
        able = [name for name in TARGETS.names() if TARGETS.get(name).emulation]
        raise OptionError(
            f"target '{target}' has no emulation; targets that have one: {', '.join(able)}"
        )
    return found


def _with_alternatives(error: UnsupportedError, lowering: Lowering) -> UnsupportedError:
    """Return an error that names the targets that can do what this one cannot."""
    able = [name for name in TARGETS.names() if name != lowering.target and _can(name, lowering)]
    others = f"; targets that can: {', '.join(able)}" if able else ""
    return UnsupportedError(f"target '{lowering.target}': {error.message}{others}", error.location)


def _can(target: str, lowering: Lowering) -> bool:
    """Tell whether a target can run a network; no simulator is imported to find out."""
    other = lowering_of(lowering.source, target)
    try:
        other.generator.generate(other.lowered())
    except UserError:
        return False
    return other.generator.executor is not None


def resolve_threads(threads: int | str) -> int:
    """Return a number of threads; ``"auto"`` is one for each processor that may be used."""
    if threads == "auto":
        import psutil

        return len(psutil.Process().cpu_affinity() or [0])
    try:
        number = int(threads)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise OptionError(f"wrong threads; found {threads!r}, expected a positive number or 'auto'")
    return number


def _checked_precision(precision: str) -> str:
    if precision not in PRECISIONS:
        raise OptionError(f"unknown precision '{precision}'{did_you_mean(precision, PRECISIONS)}")
    return precision


def document_of(net: Any, solver: str = "auto") -> Document:
    """Return the verified document of a network in any form that `compile` takes.

    `solver` is the one that it is read for: see `compile`.
    """
    if isinstance(net, Document):
        verify(net)
        return net
    if isinstance(net, str | Path):
        return _document_at(Path(net), solver)
    if isinstance(net, ModuleType) or hasattr(net, "document"):
        return net.document()
    if hasattr(net, "regions"):
        document = Document(net)
        verify(document)
        return document
    raise UserError(
        f"cannot compile {type(net).__name__}; expected a document, a path, or a PyNN network"
    )


def _document_at(path: Path, solver: str) -> Document:
    if not path.exists():
        raise UserError(f"no such file '{path}'")
    if path.suffix == ".py":
        from snnc.pynn.scripts import capture_network

        return capture_network(path)
    from snnc.importing.formats import format_of

    found = format_of(path)
    return load(path) if found is None else found.read(path, solver)
