"""The command ``snnc``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from snnc import __version__
from snnc.cli_bench import bench
from snnc.cli_errors import F, reporting_errors
from snnc.ir.diagnostics import OptionError, UserError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="snnc")
def main() -> None:
    """Compile and run spiking neural networks.

    FILE is a PyNN script (.py), a saved network (.mlir) or a model file (NineML, LEMS
    and NeuroML 2: .xml, .nml, .9ml; NESTML: .nestml).

    With eval "$(_SNNC_COMPLETE=bash_source snnc)" in ~/.bashrc, Tab completes commands and options.
    """


def compile_options(command: F) -> F:
    """Add the options that choose a target and how it computes."""
    options = [
        click.option("--target", "-t", default=None, help="Target to run on [default: cpu]."),
        click.option("--threads", "-j", default=None, help="Number of threads, or 'auto'."),
        click.option(
            "--precision",
            type=click.Choice(["f64", "f32", "packed"]),
            help="Type of states and sums.",
        ),
        click.option("--solver", help="Method for what has no exact solution, or MODEL=METHOD,…"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def passes_option(command: F) -> F:
    """Add the option that changes options of passes."""
    return click.option(
        "--pass",
        "passes",
        multiple=True,
        metavar="'PASS{OPTION=VALUE}'",
        help="Options of a pass of the target, as 'choose-shifts{bound=expected}'.",
    )(command)


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


@main.command()
@click.argument("script", type=click.Path(path_type=Path))
@compile_options
@passes_option
@click.option("--emulate", is_flag=True, help="Compute here what a machine would.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw what was recorded as a PNG.")
@click.option("--ms", type=float, help="Time to simulate; not for scripts [default: 1000].")
@click.option("--report", is_flag=True, help="Print times, kernels and memory at the end.")
@click.option(
    "--run-with",
    type=click.Choice(["spynnaker"]),
    help="Let SpiNNaker's own tools run it, on the cores where target spinnaker maps it.",
)
@click.option("--ranks", type=int, help="Number of MPI processes to distribute the network over.")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@reporting_errors
def run(
    script: Path,
    target: str | None,
    threads: str | None,
    precision: str | None,
    solver: str | None,
    passes: tuple[str, ...],
    emulate: bool,
    plot: Path | None,
    ms: float | None,
    report: bool,
    run_with: str | None,
    ranks: int | None,
    args: tuple[str, ...],
) -> None:
    """Run a PyNN script, whichever backend it imports, a saved network or a model file.

    ARGS are the script's own arguments; put -- before those that begin with a dash.
    """
    from snnc.ranks import distribute, finish, this_rank
    from snnc.running import run_network, run_script

    if run_with is not None:
        _run_with_spynnaker(script, target, args, passes)
        return
    if ranks is not None:
        distribute(ranks, target or "cpu")
        threads = str(ranks)
        plot = plot if this_rank() == 0 else None
    options = given(
        target=target, threads=threads, precision=precision, solver=solver,
        passes=passes or None, emulate=emulate or None,
    )  # fmt: skip
    if script.suffix != ".py":
        run_network(script, ms or 1000.0, options, plot, report)
    else:
        run_script(script, list(args), options, plot, report)
    finish()


def _run_with_spynnaker(
    script: Path, target: str | None, args: tuple[str, ...], passes: tuple[str, ...]
) -> None:
    from snnc.spynnaker_run import run_with_spynnaker

    if target not in (None, "spinnaker") or script.suffix != ".py":
        raise OptionError("'--run-with spynnaker' runs PyNN scripts, for the target spinnaker")
    run_with_spynnaker(script, list(args), passes)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--targets",
    "-t",
    default="cpu,nest",
    show_default=True,
    help="Two or more, separated by commas; each may have options: TARGET:OPTION=VALUE:...",
)
@click.option("--ms", type=float, default=200.0, show_default=True, help="Time to simulate.")
@click.option("--open-loop", is_flag=True, help="Replay the first target's spikes into all cells.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the results here.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw rasters and a trace as a PNG.")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@reporting_errors
def verify(
    file: Path,
    targets: str,
    ms: float,
    open_loop: bool,
    output: Path | None,
    plot: Path | None,
    args: tuple[str, ...],
) -> None:
    """Run FILE on several targets with the same connections and input, and compare the spikes.

    Options of a target are precision, solver, threads and dt, so that numerics can be compared,
    too: --targets cpu,cpu:precision=f32,cpu:dt=0.05. A script's network is the one that it runs
    first. The exit status is 1 if targets disagree beyond the tolerances of the models.

    With --open-loop, cells are uncoupled and get the spikes that the first target gave in the
    coupled network, so that a small difference in one cell does not become a large one in all.

    ARGS are the script's own arguments; put -- before those that begin with a dash.
    """
    from snnc.verifying.command import verify_file

    found = verify_file(file, list(args), targets, ms, open_loop)
    click.echo(str(found))
    if output is not None:
        found.write(output)
    if plot is not None:
        found.plot(plot)
    sys.exit(0 if found.agrees else 1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@compile_options
@passes_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write to."
)
@click.option(
    "--rates",
    "-r",
    multiple=True,
    metavar="NAME=HZ",
    help="Expected rate of a population's cells, by which chips are chosen; may be repeated.",
)
@click.option("--profile", type=float, metavar="MS", help="Measure rates in a run on the CPU.")
@click.option(
    "--without",
    multiple=True,
    metavar="NAME",
    help="A file to leave out, as it takes long: spinnaker's ds.sqlite3.",
)
@reporting_errors
def compile(
    file: Path,
    target: str | None,
    threads: str | None,
    precision: str | None,
    solver: str | None,
    passes: tuple[str, ...],
    output: Path,
    without: tuple[str, ...],
    rates: tuple[str, ...],
    profile: float | None,
) -> None:
    """Compile FILE and write the network, its lowered form and what the target makes of it."""
    from snnc.rates import chosen_rates
    from snnc.running import write_compiled

    options = given(
        target=target, threads=threads, precision=precision, solver=solver, passes=passes
    )
    options |= chosen_rates(file, rates, profile)
    for path in write_compiled(file, options, output, without):
        click.echo(path)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@compile_options
@passes_option
@click.option("--stage", "-s", default="snn", show_default=True, help="Stage; 'list' lists them.")
@click.option("--generic", is_flag=True, help="Print MLIR's generic form.")
@reporting_errors
def emit(
    file: Path,
    target: str | None,
    threads: str | None,
    precision: str | None,
    solver: str | None,
    passes: tuple[str, ...],
    stage: str,
    generic: bool,
) -> None:
    """Print the IR or the generated source of FILE at a stage."""
    from snnc.compiler import lowering_of
    from snnc.stages import target_of

    target = target or target_of(stage)
    options = given(
        target=target, threads=threads, precision=precision, solver=solver, passes=passes
    )
    lowering = lowering_of(file, **options)
    click.echo("\n".join(lowering.stages) if stage == "list" else lowering.text(stage, generic))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "-f", "language", required=True, help="neuroml, nineml, nestml, brian2 or nmodl."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead.")
@reporting_errors
def export(file: Path, language: str, output: Path | None) -> None:
    """Print the models of FILE, and its network, in another model language.

    neuroml and nineml hold whole networks, nestml the cells; brian2 and nmodl are the equations of
    cells and synapses as those simulators get them.
    """
    from snnc.compiler import document_of
    from snnc.importing.export import export as text_of

    text = text_of(document_of(file), language)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write '{output}': {error.strerror or error}") from None
        click.echo(output)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-p", "--pipeline", default="", help="Passes: 'pass,pass{option=value}'.")
@click.option("--generic", is_flag=True, help="Print MLIR's generic form.")
@reporting_errors
def opt(file: Path, pipeline: str, generic: bool) -> None:
    """Run passes on an IR file and print the result."""
    from snnc.ir.text import load, parse, print_text, verify
    from snnc.passes.pipelines import parse_passes, run_passes
    from snnc.stages import synapses_of

    passes = parse_passes(pipeline) if pipeline else []
    document = parse(sys.stdin.read(), "<stdin>") if str(file) == "-" else load(file)
    verify(document)
    run_passes(document, passes, after=lambda _, result: verify(result), connect=synapses_of)
    click.echo(print_text(document, generic))


@main.command()
@reporting_errors
def targets() -> None:
    """List the targets, and whether each can be used here."""
    from snnc.ir.registry import TARGETS

    width = max(map(len, TARGETS.names()))
    for name in TARGETS.names():
        reason = TARGETS.get(name).unavailable()
        state = "available" if reason is None else f"not available: {reason}"
        click.echo(f"{name:{width}} {TARGETS.describe(name)} ({state})")


@main.command()
@reporting_errors
def passes() -> None:
    """List the passes, and the pipeline of each target."""
    from snnc.ir.registry import PASSES
    from snnc.passes.pipelines import pipeline_names, pipeline_text

    for name in PASSES.names():
        click.echo(f"{name:22} {PASSES.describe(name)}")
    for target in pipeline_names():
        click.echo(f"\npipeline of {target}:\n  {pipeline_text(target)}")


main.add_command(bench)


if __name__ == "__main__":
    main()
