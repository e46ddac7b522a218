"""The dialects that a module may use, and the arrays beside it that passes may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

import numpy as np
from xdsl.context import Context
from xdsl.ir import Dialect

from snnc.ir.registry import DIALECTS

_STOCK = {
    "builtin": "Builtin",
    "arith": "Arith",
    "math": "Math",
    "scf": "Scf",
    "memref": "MemRef",
    "func": "Func",
}


def _stock(name: str, attribute: str) -> Dialect:
    return getattr(import_module(f"xdsl.dialects.{name}"), attribute)


def dialect_factories() -> dict[str, Callable[[], Dialect]]:
    """Return snnc's own dialects by name, imported when called."""
    return {name: partial(DIALECTS.get, name) for name in DIALECTS.names()}


class ContextWithArrays(Context):
    """A context that knows the arrays of the document that passes rewrite."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.arrays = arrays


def arrays_of(ctx: Context) -> Mapping[str, np.ndarray]:
    """Return the arrays beside the module by name; none where a tool of xDSL's runs the passes."""
    return ctx.arrays if isinstance(ctx, ContextWithArrays) else {}


def context(arrays: Mapping[str, np.ndarray] | None = None) -> Context:
    """Return a context with snnc's dialects and those of xDSL that they lower to.

    A dialect is imported when an operation or attribute of it is first met.

    Parameters
    ----------
    arrays : mapping of str to ndarray, optional
        The arrays that attributes of the module refer to.
    """
    result = ContextWithArrays({} if arrays is None else arrays)
    for name, attribute in _STOCK.items():
        result.register_dialect(name, partial(_stock, name, attribute))
    result.load_registered_dialect("builtin")
    for name, factory in dialect_factories().items():
        result.register_dialect(name, factory)
    return result
