"""What the commands ``run`` and ``compile`` do."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from snnc.compiler import compile as compile_network
from snnc.compiler import lowering_of
from snnc.ir.diagnostics import OptionError, UserError, did_you_mean
from snnc.ir.text import print_text, save
from snnc.plotting import Recorded, plot_activity

BACKENDS = ("nest", "neuron", "brian2", "brian", "arbor", "spiNNaker", "mock", "snnc")
"""Modules of PyNN that scripts import as their simulator."""


def run_script(
    path: Path, arguments: list[str], options: dict[str, Any], plot: Path | None, report: bool
) -> None:
    """Run a PyNN script on snnc, then draw and report if asked."""
    from snnc.pynn import session

    with running(path, arguments), progress_bar() as progress:
        session.overrides.update(options)
        session.observers.progress = progress
        try:
            runpy.run_path(str(path), run_name="__main__")
        finally:
            session.overrides.clear()
    current = session.current()
    if plot is not None:
        from snnc.pynn.data.plots import recorded_of

        populations, duration = recorded_of(current)
        plot_activity(populations, path.name, plot, duration)
    if report and current.compiled is not None:
        print(current.compiled.report())


@contextmanager
def running(path: Path, arguments: list[str]) -> Iterator[None]:
    """Make snnc the backend that a script imports, and give it its arguments and folder."""
    import snnc.pynn as backend
    from snnc.pynn import hints, native_random

    modules: dict[str, ModuleType] = {f"pyNN.{name}.random": native_random for name in BACKENDS}
    modules.update({f"pyNN.{name}.cells": backend for name in BACKENDS})
    with standing_in(backend, path, arguments, modules):
        hints.install(backend)
        try:
            yield
        finally:
            hints.remove(backend)


@contextmanager
def standing_in(
    backend: ModuleType, path: Path, arguments: list[str], modules: Mapping[str, ModuleType]
) -> Iterator[None]:
    """Make a module all of PyNN's backends, and give a script its arguments and folder.

    Parameters
    ----------
    backend : ModuleType
        What ``pyNN.nest`` and the others stand for.
    path, arguments
        The script.
    modules : mapping of str to ModuleType
        Further modules to replace.

    Raises
    ------
    UserError
        If there is no such script.
    """
    if not path.is_file():
        what = "not a script, but a folder:" if path.is_dir() else "no such file"
        raise UserError(f"{what} '{path}'")
    import pyNN

    saved_argv, saved_path = sys.argv, list(sys.path)
    replaced = {**{f"pyNN.{name}": backend for name in BACKENDS}, **modules}
    saved_modules = {name: sys.modules.get(name) for name in replaced}
    names: dict[str, Any] = pyNN.__dict__
    saved_names = {name: names.get(name) for name in BACKENDS}
    sys.modules.update(replaced)
    names.update(dict.fromkeys(BACKENDS, backend))
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = saved_argv, saved_path
        for kept, saved in ((sys.modules, saved_modules), (names, saved_names)):
            for name, module in saved.items():
                if module is None:
                    kept.pop(name, None)
                else:
                    kept[name] = module


@contextmanager
def progress_bar() -> Iterator[Callable[[float], None] | None]:
    """Yield a function that shows the time reached; None where there is no terminal.

    A time before the last one stands for another simulation.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    text = "{n:.0f} ms simulated, {rate_fmt}"
    with tqdm(unit="ms", delay=2.0, leave=False, bar_format=text) as bar:

        def show(time: float) -> None:
            if time < bar.n:
                bar.reset()
            bar.update(time - bar.n)

        yield show


def run_network(
    path: Path, ms: float, options: dict[str, Any], plot: Path | None, report: bool
) -> None:
    """Run a saved network, say what it did, then draw and report if asked."""
    compiled = compile_network(path, **options)
    with progress_bar() as progress:
        compiled.run(ms, progress)
    populations = []
    for population in compiled.artifact.populations:
        recorded = compiled.simulation.recorded(population.name).get("spikes")
        if recorded is None:
            print(f"{population.label}: spikes not recorded")
            continue
        times, senders = compiled.simulation.spikes(population.name)
        populations.append(Recorded(population.label, population.size, times, senders))
        rate = np.size(times) / max(len(recorded), 1) / ms * 1e3
        print(f"{population.label}: {np.size(times)} spikes recorded, {rate:.2f} Hz")
    if plot is not None:
        plot_activity(populations, path.name, plot, ms)
    if report:
        print(compiled.report())


def write_compiled(
    path: Path, options: dict[str, Any], output: Path, without: Collection[str] = ()
) -> list[Path]:
    """Write a network as built and as lowered, and what is made of it; return the files.

    Raises
    ------
    OptionError
        If the target writes no file that is to be left out.
    """
    lowering = lowering_of(path, **options)
    for name in without:
        if name not in lowering.generator.files:
            hint = did_you_mean(name, lowering.generator.files)
            raise OptionError(f"target '{lowering.target}' has no file '{name}' to leave out{hint}")
    lowered = lowering.lowered()
    artifact = lowering.generator.generate(lowered)
    contents = {"lowered.mlir": print_text(lowered)}
    contents.update((text.file, text.of(lowered)) for text in lowering.generator.texts.values())
    output.mkdir(parents=True, exist_ok=True)
    made = lowering.generator.write(artifact, output, without)  # first, as it may be refused
    save(lowering.source, str(output / "network.mlir"))
    written = [output / "network.mlir"]
    for name, content in contents.items():
        (output / name).write_text(content + "\n")
        written.append(output / name)
    return written + made
