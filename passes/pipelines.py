"""Pipelines: one named text per target, and the running of any.

A pipeline is text, ``pass,pass{option=value}``; what a stage of it leaves is IR that can be
printed, saved and taken up again by the rest of the pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from time import process_time
from typing import Any

from xdsl.context import Context
from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException

from snnc.hardware.descriptions import chip_names, describe
from snnc.ir.diagnostics import OptionError, SnncError, did_you_mean
from snnc.ir.locations import from_diagnostic
from snnc.ir.pass_context import Connect, PassContext, cannot_connect
from snnc.ir.registry import EMULATION, PASSES, TARGETS
from snnc.ir.text import Document

_CPU = (
    "snnc-canonicalise,"
    "solve{{method={solver}{overrides}}},"
    "hoist-constants,"
    "place-parameters,"
    "solve-synapses,"
    "place-synapse-states,"
    "bucket-delays,"
    "fuse-poisson,"
    "{pack}choose-storage,"
    "partition{{threads={threads}}},"
    "erase-units{{precision={precision}}}"
)
PIPELINES: dict[str, str] = {
    "cpu": _CPU,
    "nest": "snnc-canonicalise,match-native{{simulator=nest}},partition{{threads={threads}}}",
    "brian2": "snnc-canonicalise",
    "neuron": (
        "snnc-canonicalise,solve{{method={solver}{overrides}}},hoist-constants,"
        "solve-synapses,partition{{threads={threads}}}"
    ),
    "spinnaker": (
        "match-native{{simulator=spinnaker}},partition-cores,choose-current-unit,"
        "choose-shifts,place-cores,grow-trees,allocate-keys,make-tables,compress-tables,"
        "walk-packets"
    ),
    "spinnaker-emulation": (
        "match-native{{simulator=spinnaker}},partition-cores,choose-current-unit,"
        "choose-shifts,quantise,"
        + _CPU.replace("{pack}", "pack-arrivals,").replace("{precision}", "f32")
    ),
}

TOPOLOGIES: dict[str, str] = {
    "crossbar": (
        "choose-chip{{chip={target}}},match-analog,list-synapses,quantise-weights,place-circuits,"
        "label-events,fill-rows,walk-events"
    ),
    "wafer": (
        "choose-chip{{chip={target} number=1}},match-analog,list-synapses,"
        "quantise-weights{{parallel=1}},place-neurons,route-lines,assign-rows,walk-lines"
    ),
}
"""Pipelines of the targets that are analog chips, by the topology of their description."""

REPLICA = "stand-in," + _CPU.replace(
    "place-parameters", "place-parameters{{all_cells=true}}"
).format(solver="auto", overrides="", threads=1, pack="", precision="f64")
"""What makes the values, connections and input of a network that another simulator runs."""


def pipeline_text(
    target: str,
    *,
    threads: int = 1,
    precision: str = "f64",
    solver: str = "auto",
) -> str:
    """Return the pipeline of a target with its options filled in.

    Parameters
    ----------
    target : str
        A name in `PIPELINES`.
    threads : int
        Number of threads.
    precision : {"f64", "f32", "packed"}
        Type of states and accumulators; ``"packed"`` has f32 states and integer accumulators.
    solver : str
        A method for what has no exact solution, or ``"auto"``; further ``MODEL=METHOD`` after
        commas override it for single models.

    Raises
    ------
    OptionError
        If the target has no pipeline, or not what is chosen.
    """
    text = _pipeline(target)
    choices = (("threads", threads, 1), ("precision", precision, "f64"), ("solver", solver, "auto"))
    for name, chosen, default in choices:
        if f"{{{name}}}" not in text and chosen != default:
            able = [other for other, one in PIPELINES.items() if f"{{{name}}}" in one]
            raise OptionError(
                f"target '{target}' has no choice of {name}; found '{chosen}'; targets that have "
                f"it: {', '.join(able)}"
            )
    method, _, overrides = solver.partition(",")
    if "=" in method:
        method, overrides = "auto", solver
    return text.format(
        target=target,
        solver=method,
        overrides=f' overrides="{overrides}"' if overrides else "",
        threads=threads,
        pack="pack-arrivals," if precision == "packed" else "",
        precision="f32" if precision == "packed" else precision,
    )


def pipeline_names() -> list[str]:
    """Return the targets that have pipelines."""
    return [
        name
        for name in TARGETS.names()
        if name in PIPELINES or name.removesuffix(EMULATION) in chip_names()
    ]


def _pipeline(target: str) -> str:
    if target in PIPELINES:
        return PIPELINES[target]
    chip = target.removesuffix(EMULATION)
    if chip in chip_names() and (topology := describe(chip).topology) in TOPOLOGIES:
        mapping = TOPOLOGIES[topology].replace("{target}", chip)
        return mapping if chip == target else f"{mapping},emulate-analog,{_CPU}"
    raise OptionError(f"unknown pipeline '{target}'{did_you_mean(target, pipeline_names())}")


def with_options(pipeline: str, passes: Iterable[str]) -> str:
    """Return a pipeline text in which some passes have other options.

    Parameters
    ----------
    pipeline : str
        The text.
    passes : iterable of str
        Passes of it with their options, as ``"choose-shifts{bound=expected}"``.

    Raises
    ------
    OptionError
        If the pipeline does not have a pass.
    """
    for one in passes:
        name = one.partition("{")[0].strip()
        found = rf"(?<![\w-]){re.escape(name)}(?![\w-])({{[^}}]*}})?"
        if not re.search(found, pipeline):
            names = [spec.name for spec in parse_passes(pipeline)]
            raise OptionError(f"the target has no pass '{name}'{did_you_mean(name, names)}")
        pipeline = re.sub(found, lambda _, one=one: one, pipeline)
    return pipeline


def parse_passes(text: str) -> list[ModulePass]:
    """Return the passes of a pipeline text.

    Raises
    ------
    OptionError
        If the text is malformed, or names an unknown pass or option.
    """
    try:
        specs = list(parse_pipeline(text))
    except ArgSpecParseError as error:
        raise OptionError(f"malformed pipeline '{text}'; {_last_line(error)}") from None
    return [_one_pass(spec) for spec in specs]


def _one_pass(spec: Any) -> ModulePass:
    name = spec.name
    kind: type[ModulePass] = PASSES.get(name) if name in PASSES else _stock_pass(name)
    try:
        return kind.from_pass_spec(spec)
    except Exception as error:
        raise OptionError(f"pass '{name}': {_last_line(error)}") from None


def _stock_pass(name: str) -> type[ModulePass]:
    from xdsl.transforms import get_all_passes

    stock = get_all_passes()
    if name not in stock:
        raise OptionError(f"unknown pass '{name}'{did_you_mean(name, PASSES.names())}")
    return stock[name]()


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__


def run_passes(
    document: Document,
    passes: list[ModulePass],
    after: Callable[[ModulePass, Document], None] | None = None,
    connect: Connect = cannot_connect,
) -> None:
    """Run passes on a document in place, and note their times in it.

    Parameters
    ----------
    document : Document
        What is rewritten.
    passes : list of ModulePass
        The passes, in order.
    after : callable, optional
        Called after each pass, to verify, print or time.
    connect : callable, optional
        Makes the synapses of a network, for passes that list them.
    """
    ctx = PassContext(document=document, connect=connect)
    for one in passes:
        started = process_time()
        _run_one(ctx, one, document)
        spent = document.seconds.get(one.name, 0.0) + process_time() - started
        document.seconds[one.name] = spent
        if after is not None:
            after(one, document)


def _run_one(ctx: Context, one: ModulePass, document: Document) -> None:
    try:
        one.apply(ctx, document.module)
    except SnncError:
        raise
    except DiagnosticException as error:
        raise from_diagnostic(error, document.module) from None
