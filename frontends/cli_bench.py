"""The command ``snnc bench``.

Benchmarks stand above the frontends, which know them by name only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from snnc.cli_errors import reporting_errors


def _harness() -> Any:
    return import_module("snnc.benchmarks.command")


def _described() -> list[tuple[str, str]]:
    return _harness().described()


class BenchCommand(click.Command):
    """A command whose help ends with the benchmarks there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each benchmark."""
        with formatter.section("Benchmarks"):
            formatter.write_dl(_described())


class Name(click.ParamType):
    """A benchmark, which the shell can complete; names are checked by the harness."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the benchmarks that begin like that."""
        return [
            CompletionItem(name, help=text)
            for name, text in _described()
            if name.startswith(incomplete)
        ]


class Several(click.ParamType):
    """Values between commas.

    Parameters
    ----------
    kind : callable
        Turns the text of one into a value.
    known : callable, optional
        Returns the values that the shell completes.
    """

    name = "values"

    def __init__(self, kind: Callable[[str], Any], known: Callable[[], Any] = lambda: ()) -> None:
        self.kind, self.known = kind, known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the values of a text."""
        parts = [part for part in value.split(",") if part]
        try:
            return [self.kind(part) for part in parts]
        except ValueError:
            expected = "whole numbers" if self.kind is int else "numbers"
            self.fail(f"found '{value}', expected {expected} between commas", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the last of the values."""
        before, comma, last = incomplete.rpartition(",")
        used = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{one}")
            for one in self.known()
            if one.startswith(last) and one not in used
        ]


@click.command(cls=BenchCommand)
@click.argument("names", nargs=-1, type=Name())
@click.option(
    "--peers",
    type=Several(str, lambda: _harness().SIMULATORS),
    default="",
    metavar="PEER,...",
    help="Simulators to run beside snnc: nest, brian2.",
)
@click.option(
    "--threads",
    type=Several(int),
    default="1",
    show_default=True,
    metavar="N,...",
    help="Numbers of threads.",
)
@click.option("--repeat", default=5, show_default=True, help="Runs of each, with own seeds.")
@click.option(
    "--scale",
    "scales",
    type=Several(float),
    default="",
    metavar="X,...",
    help="Sizes relative to the original [default: the network's].",
)
@click.option(
    "--precision",
    "precisions",
    type=Several(str, lambda: _harness().PRECISIONS),
    default="f64",
    show_default=True,
    metavar="TYPE,...",
    help="Of snnc: f64, f32, packed.",
)
@click.option("--ms", type=float, help="Biological time that is timed [default: the network's].")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the rows here.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the rows as a PNG.")
@click.option(
    "--accuracy",
    is_flag=True,
    help="Measure the error of v, and compare what b2 and b3 do with NEST, at each precision.",
)
@click.option(
    "--brian2-python",
    default=sys.executable,
    metavar="PATH",
    help="An interpreter that has Brian2 [default: this one].",
)
@reporting_errors
def bench(names: tuple[str, ...], output: Path | None, plot: Path | None, **options: Any) -> None:
    """Time networks on snnc and on peers side by side: all benchmarks, or NAMES.

    Every figure is a median over runs. Ratios are a peer's time over snnc's.
    """
    harness = _harness()
    rows = harness.bench(harness.Options(names=names, **options))
    if output is not None:
        harness.write(rows, output)
    if plot is not None:
        import_module("snnc.benchmarks.plot").plot(rows, plot)
