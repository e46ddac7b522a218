"""`bucket-delays`: delays in whole steps.

A spike waits in its population's history, and the synapses of one delay are delivered together
when they are due; each distinct number of steps is a bucket. Drawn delays get theirs when the
connections are made; for those the bounds are given, where there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, ModuleOp, i64
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn
from snnc.ir.dialects.snn_values import RandomAttr
from snnc.ir.grid import round_half_up


@dataclass(frozen=True)
class BucketDelaysPass(ModulePass):
    """Give each projection its delays in steps, or their bounds."""

    name = "bucket-delays"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set ``delay_steps`` (first and last bucket) where they are known."""
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                for projection in network.body.block.ops:
                    if isinstance(projection, snn.ProjectionOp):
                        _annotate(projection, network.dt)


def _annotate(projection: snn.ProjectionOp, dt: float) -> None:
    bounds = _bounds(projection.delay)
    if bounds is None:
        projection.attributes.pop("delay_steps", None)
        return
    steps = [max(1, int(n)) for n in round_half_up(bounds, dt)]
    projection.attributes["delay_steps"] = DenseArrayBase.from_list(i64, steps)


def _bounds(delay: Attribute) -> tuple[float, float] | None:
    if isinstance(delay, FloatAttr):
        return delay.value.data, delay.value.data
    if isinstance(delay, RandomAttr) and "low" in delay.data.params:
        return delay.data.params["low"], delay.data.params["high"]
    return None
