"""NEST's one kernel in this process: its module, its errors, and values as it takes them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from snnc.ir.diagnostics import Location, UnsupportedError
from snnc.runtime.native.network import Numbers


def quiet_nest() -> Any:
    """Return the module `nest`, which prints nothing but errors."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    nest: Any = import_module("nest")
    nest.verbosity = nest.VerbosityLevel.ERROR
    return nest


@contextmanager
def refusals(what: str, place: Location | None = None) -> Iterator[None]:
    """Turn NEST's errors about what it is given into errors of the input, which lies at a place."""
    nest: Any = import_module("nest")
    try:
        yield
    except nest.NESTError as error:
        raise UnsupportedError(f"NEST refuses {what}: {error}", place) from None


def settings_of(values: Mapping[str, Numbers], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from NEST's, some of which it shows but does not take."""
    return {
        name: _typed(value, defaults.get(name))
        for name, value in values.items()
        if isinstance(value, np.ndarray) or value != defaults.get(name)
    }


def takes(model: str, variable: str) -> bool:
    """Tell whether a variable of a model can be set: some that NEST shows follow from others."""
    nest: Any = import_module("nest")
    known = nest.GetDefaults(model)
    if variable not in known:
        return False
    try:
        nest.SetDefaults(model, {variable: known[variable]})
    except nest.NESTError:
        return False
    return True


Lists = dict[str, list[float]] | list[dict[str, list[float]]]
"""Parameters that are lists: the same of all nodes, or those of each."""


def lists_of(values: Mapping[str, Numbers], size: int) -> tuple[dict[str, Numbers], Lists]:
    """Part the parameters of some nodes into numbers and lists, which NEST takes one by one.

    A list ``NAME`` is given as its numbers, ``NAME.1``, ``NAME.2`` and so on.
    """
    single = {name: value for name, value in values.items() if "." not in name}
    lists: dict[str, list[Numbers]] = {}
    for name, value in values.items():
        if name not in single:
            lists.setdefault(name.partition(".")[0], []).append(value)
    alike = {n: [p for p in parts if isinstance(p, float)] for n, parts in lists.items()}
    if all(len(alike[name]) == len(parts) for name, parts in lists.items()):
        return single, alike
    columns = {n: [np.broadcast_to(p, size).tolist() for p in parts] for n, parts in lists.items()}
    return single, [
        {name: [column[node] for column in parts] for name, parts in columns.items()}
        for node in range(size)
    ]


def with_whole_lists(values: Mapping[str, Numbers], nodes: Any) -> dict[str, Numbers]:
    """Return numbers of lists with the others of the same lists, as the nodes have them."""
    names = {name.partition(".")[0] for name in values if "." in name}
    whole: dict[str, Numbers] = {}
    for name in names:
        rows = np.reshape(nodes.get(name), (len(nodes), -1))
        whole |= {f"{name}.{n}": column for n, column in enumerate(rows.T, 1)}
    return {**whole, **values}


def _typed(value: Numbers, default: Any) -> Any:
    """Return values of a parameter as truth values or integers where NEST takes nothing else."""
    kind = type(default)
    if kind not in (bool, int):
        return value
    return kind(value) if isinstance(value, float) else np.asarray(value).astype(kind).tolist()
