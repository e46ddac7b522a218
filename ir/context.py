"""The dialects that a module may use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

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


def context() -> Context:
    """Return a context with snnc's dialects and those of xDSL that they lower to.

    A dialect is imported when an operation or attribute of it is first met.
    """
    result = Context()
    register_dialects(result)
    return result


def register_dialects(result: Context) -> None:
    """Let a context know snnc's dialects and those of xDSL that they lower to."""
    for name, attribute in _STOCK.items():
        result.register_dialect(name, partial(_stock, name, attribute))
    result.load_registered_dialect("builtin")
    for name, factory in dialect_factories().items():
        result.register_dialect(name, factory)
