"""The classes of scripts that make cells of NEURON, by the name of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Template:
    """What makes the cells of a model.

    Attributes
    ----------
    make : callable
        Takes parameters by name, and `extra`, and returns a cell.
    extra : dict
        What is the same of all cells and is no parameter.
    initial : tuple of str
        The variables that `memb_init` sets.
    """

    make: Callable[..., Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    initial: tuple[str, ...] = ()


TEMPLATES: dict[str, Template] = {}


def register(name: str, template: Template) -> None:
    """Let cells of a model be made by a template; it replaces another of that name."""
    TEMPLATES[name] = template
