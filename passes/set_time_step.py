"""`set-time-step`: the same network with another time step."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp, f64
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import snn


@dataclass(frozen=True)
class SetTimeStepPass(ModulePass):
    """Give every network the time step `dt`, in ms."""

    name = "set-time-step"

    dt: float

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Change the networks; delays and intervals stay as they are, in ms."""
        if not 0.0 < self.dt < float("inf"):
            raise OptionError(f"time step must be positive; found {self.dt:g} ms")
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                network.properties["dt"] = FloatAttr(self.dt, f64)
