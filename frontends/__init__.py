"""snnc: a compiler for spiking neural networks.

``snnc.compile(net, target=...)`` compiles a network, ``snnc.verify(net, targets=...)`` compares
what targets do with it; ``import snnc.pynn as sim`` is a PyNN module.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnc.compiled import CompiledNetwork
    from snnc.compiler import compile
    from snnc.ir.diagnostics import SnncError
    from snnc.verifying.verifier import verify

# Importing snnc costs nothing: these are imported when they are first asked for.
_LAZY = {
    "compile": ("snnc.compiler", "compile"),
    "CompiledNetwork": ("snnc.compiled", "CompiledNetwork"),
    "SnncError": ("snnc.ir.diagnostics", "SnncError"),
    "verify": ("snnc.verifying.verifier", "verify"),
}

__all__ = ["CompiledNetwork", "SnncError", "compile", "verify"]

try:
    __version__ = version("snnc")
except PackageNotFoundError:
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'snnc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
