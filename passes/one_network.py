"""The one network of a module, for passes that map it."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import snn


def network_of(module: ModuleOp) -> snn.NetworkOp:
    """Return the network of a module.

    Raises
    ------
    OptionError
        If there is not one.
    """
    found = [op for op in module.body.block.ops if isinstance(op, snn.NetworkOp)]
    if len(found) != 1:
        raise OptionError(f"expected one network; found {len(found)}")
    return found[0]
