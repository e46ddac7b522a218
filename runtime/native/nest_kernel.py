"""NEST's one kernel in this process: its module, its errors, and values as it takes them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from snnc.ir.diagnostics import UserError
from snnc.runtime.native.network import Numbers


def quiet_nest() -> Any:
    """Return the module `nest`, which prints nothing but errors."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    nest: Any = import_module("nest")
    nest.verbosity = nest.VerbosityLevel.ERROR
    return nest


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn NEST's errors about what it is given into errors of the input."""
    nest: Any = import_module("nest")
    try:
        yield
    except nest.NESTError as error:
        raise UserError(f"NEST refuses {what}: {error}") from None


def settings_of(values: Mapping[str, Numbers], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from NEST's, some of which it shows but does not take."""
    return {
        name: _typed(value, defaults.get(name))
        for name, value in values.items()
        if isinstance(value, np.ndarray) or value != defaults.get(name)
    }


def _typed(value: Numbers, default: Any) -> Any:
    """Return values of a parameter as truth values or integers where NEST takes nothing else."""
    kind = type(default)
    if kind not in (bool, int):
        return value
    return kind(value) if isinstance(value, float) else np.asarray(value).astype(kind).tolist()
