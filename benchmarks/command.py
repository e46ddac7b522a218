"""What the command ``snnc bench`` does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from snnc.benchmarks.building import PEER_CELLS, RULES, building_text, rows_of_building
from snnc.benchmarks.description import Network
from snnc.benchmarks.fidelity import compare_with_nest, fidelity_text
from snnc.benchmarks.growth import growth_text
from snnc.benchmarks.limits import machine, triad_gb_s
from snnc.benchmarks.measure import OWN, Row, Setting, measure
from snnc.benchmarks.networks import NETWORKS, module_of
from snnc.benchmarks.potential import add_errors, integrators_text
from snnc.benchmarks.race import race_text
from snnc.benchmarks.recording import WAYS, recording_text, rows_of_recording
from snnc.benchmarks.stages import rows_of_stages, stages_text
from snnc.benchmarks.table import table
from snnc.compiler import PRECISIONS
from snnc.ir.diagnostics import OptionError, did_you_mean

SIMULATORS = ("nest", "brian2")
BUILDING, STAGES, RECORDING = "b5", "compile", "record"
_OTHERS = {
    BUILDING: "B5: building through PyNN, random and distance-dependent connections.",
    STAGES: "The stages of compiling, imports and sizes of the IR.",
    RECORDING: "What recording the potentials of all cells of B1 costs.",
}
NAMES = (*NETWORKS, *_OTHERS)
_FAITHFUL = ("b2", "b3")  # whose distributions of activity are compared
Step = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the user asked for; see ``snnc bench --help``."""

    names: Sequence[str] = ()
    peers: Sequence[str] = ()
    threads: Sequence[int] = (1,)
    precisions: Sequence[str] = ("f64",)
    repeat: int = 5
    scales: Sequence[float] = ()
    ms: float | None = None
    accuracy: bool = False
    brian2_python: str = sys.executable

    def check(self) -> None:
        """Refuse names that are not known and numbers that make no sense.

        Raises
        ------
        OptionError
            Names the one and what is near it.
        """
        for what, given, known in (
            ("benchmark", self.names, NAMES),
            ("peer", self.peers, SIMULATORS),
            ("precision", self.precisions, PRECISIONS),
        ):
            for name in given:
                if name not in known:
                    raise OptionError(f"unknown {what} '{name}'{did_you_mean(name, known)}")
        numbers = (self.repeat, *self.threads, *self.scales, 1.0 if self.ms is None else self.ms)
        if not self.threads or not self.precisions or min(numbers) <= 0:
            raise OptionError("repeats, threads, scales and times must be positive")


def described() -> list[tuple[str, str]]:
    """Return the name of each benchmark, with a line on it."""
    networks = {name: (module_of(name).__doc__ or "").splitlines()[0] for name in NETWORKS}
    return sorted((networks | _OTHERS).items())


def bench(options: Options) -> list[Row]:
    """Run benchmarks, print their tables, and return the rows."""
    options.check()
    print(f"{machine()}; triad {triad_gb_s():.1f} GB/s on one core; medians of {options.repeat}")
    rows: list[Row] = []
    for name in options.names or NAMES:
        if name == BUILDING:
            rows += building(options)
        elif name == STAGES:
            rows += stages(options)
        elif name == RECORDING:
            rows += recording(options)
        else:
            rows += all_scales(name, options)
    return rows


def all_scales(name: str, options: Options) -> list[Row]:
    """Return the rows of a network at each scale, and with ``--accuracy`` of distributions."""
    module = module_of(name)
    networks = [module.network(scale) for scale in options.scales or module.SCALES]
    rows: list[Row] = []
    for network in networks:
        rows += simulating(network, options)
    accuracy(rows, networks[0], options)
    growth = growth_text(rows)
    if growth:
        print(growth, flush=True)
    if options.accuracy and name in _FAITHFUL:
        for network in networks:
            rows += fidelity(network, options)
    return rows


def simulating(network: Network, options: Options) -> list[Row]:
    """Return the rows of one network."""
    note = f"; {network.note}" if network.note else ""
    print(f"\n{network.title}, {network.size} cells{note}")
    settings = settings_of(options, network)
    with progress(len(settings) * options.repeat) as step:
        rows = measure(network, settings, options.ms or network.duration, options.repeat, step)
    print(table(rows), flush=True)
    if network.published:
        print(race_text(rows, network.published), flush=True)
    return rows


def accuracy(rows: list[Row], network: Network, options: Options) -> None:
    """Print the integrators of rows, with their errors where there are peers to compare."""
    settings = [one for one in settings_of(options, network) if one.threads == options.threads[0]]
    if options.accuracy or any(setting.target != OWN for setting in settings):
        with progress(len(settings)) as step:
            add_errors(rows, network, settings, step)
    print(integrators_text(rows), flush=True)


def fidelity(network: Network, options: Options) -> list[Row]:
    """Return rows on distributions of activity at every precision beside NEST's."""
    settings = [Setting(OWN, options.threads[0], precision) for precision in PRECISIONS]
    with progress((len(settings) + 1) * max(options.repeat, 2)) as step:
        ms = options.ms or network.duration
        rows = compare_with_nest(network, settings, ms, options.repeat, step)
    print(fidelity_text(rows), flush=True)
    return rows


def building(options: Options) -> list[Row]:
    """Return the rows of B5."""
    print("\nBuilding through PyNN; a ratio is of build times")
    rows: list[Row] = []
    runs = 1 + len(PEER_CELLS) * ("nest" in options.peers)
    for scale in options.scales or (1.0,):
        for threads in options.threads:
            with progress(len(RULES) * runs * options.repeat) as step:
                peers = list(options.peers)
                rows += rows_of_building(scale, peers, threads, options.repeat, step)
    print(table(rows))
    print(building_text(rows), flush=True)
    return rows


def stages(options: Options) -> list[Row]:
    """Return the rows on compiling."""
    print("\nCompiling 8 populations and 64 projections")
    rows: list[Row] = []
    for precision in options.precisions:
        with progress(2 * options.repeat) as step:
            rows += rows_of_stages(options.repeat, options.threads[0], precision, step)
    print(table(rows))
    for row in rows:
        print(stages_text(row), flush=True)
    return rows


def recording(options: Options) -> list[Row]:
    """Return the rows on what recording costs."""
    print("\nCOBA without recording, and with the potential of every cell at every step")
    pairs: list[list[Row]] = []
    settings = [Setting(OWN, t, p) for t in options.threads for p in options.precisions]
    with progress(len(WAYS) * len(settings) * options.repeat) as step:
        for setting in settings:
            scale, ms = (options.scales or (1.0,))[0], options.ms or 1000.0
            pairs.append(rows_of_recording(scale, setting, ms, options.repeat, step))
    rows = [row for pair in pairs for row in pair]
    print(table(rows))
    print("build: with the memory for the samples of the run, which is there before it begins")
    for pair in pairs:
        print(recording_text(pair), flush=True)
    return rows


@contextmanager
def progress(total: int) -> Iterator[Step]:
    """Yield what is to be called after each run; it moves a bar if there is a terminal."""
    from tqdm import tqdm

    with tqdm(total=total, leave=False, disable=not sys.stderr.isatty()) as bar:

        def step(text: str) -> None:
            bar.set_description(text)
            bar.update()

        yield step


def settings_of(options: Options, network: Network) -> list[Setting]:
    """Return who runs a network, and how."""
    settings = [
        Setting(OWN, threads, precision)
        for threads in options.threads
        for precision in options.precisions
    ]
    for peer in (name for name in options.peers if name in network.peers):
        python = options.brian2_python if peer == "brian2" else sys.executable
        settings += [Setting(peer, threads, python=python) for threads in options.threads]
    return settings


def write(rows: list[Row], path: Path) -> None:
    """Write rows as JSON, what is not a number as null, each with the machine."""
    where = machine()
    plain = [{**_plain(row), "machine": where} for row in rows]  # type: ignore[dict-item]
    path.write_text(json.dumps(plain, indent=1) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and value != value else value
