"""A target with options, as one word: ``cpu:precision=f32:dt=0.05``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from snnc.ir.diagnostics import MissingDependencyError, OptionError, did_you_mean
from snnc.ir.registry import TARGETS
from snnc.ir.text import Document

OPTIONS = ("precision", "solver", "threads")


@dataclass(frozen=True)
class Variant:
    """A target as one network is run on it.

    Attributes
    ----------
    label : str
        What it is called in results.
    target : str
        A name that ``snnc targets`` lists.
    options : mapping of str to object
        What `snnc.compile` takes: precision, solver, threads.
    dt : float, optional
        Time step in ms, instead of the network's own.
    change : callable, optional
        Returns the network that is compiled for this target in place of the one given.
    """

    label: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    dt: float | None = None
    change: Callable[[Document], Document] | None = None


def parse_variant(text: str) -> Variant:
    """Return the target and options in ``TARGET[:OPTION=VALUE...]``.

    Raises
    ------
    OptionError
        An unknown target or option, or a value that is no number where one is needed.
    """
    target, *settings = text.strip().split(":")
    if target not in TARGETS:
        raise OptionError(f"unknown target '{target}'{did_you_mean(target, TARGETS.names())}")
    options: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if name not in (*OPTIONS, "dt"):
            raise OptionError(
                f"unknown option '{name}' of '{text}'{did_you_mean(name, (*OPTIONS, 'dt'))}"
            )
        if not equals or not value or name in options:
            raise OptionError(f"malformed target '{text}'; expected TARGET:OPTION=VALUE:...")
        options[name] = value
    step = options.pop("dt", None)
    return Variant(text.strip(), target, options, None if step is None else _number(step, text))


def _number(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise OptionError(f"wrong time step in '{text}'; found '{value}', expected a time in ms")
    return number


def variants_of(targets: str | Sequence[str | Variant]) -> list[Variant]:
    """Return two or more targets, each of which can be used here.

    Raises
    ------
    OptionError
        Fewer than two, or one twice.
    MissingDependencyError
        A simulator that is not installed.
    """
    given = targets.split(",") if isinstance(targets, str) else targets
    variants = [one if isinstance(one, Variant) else parse_variant(one) for one in given]
    labels = [one.label for one in variants]
    for label in labels:
        if labels.count(label) > 1:
            raise OptionError(f"target '{label}' is given twice")
    if len(variants) < 2:
        found = ", ".join(labels) or "none"
        raise OptionError(f"too few targets to compare; found {found}, expected two or more")
    for one in variants:
        reason = TARGETS.get(one.target).unavailable()
        if reason is not None:
            raise MissingDependencyError(f"target '{one.target}' is not available: {reason}")
    return variants
