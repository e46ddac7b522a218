"""`list-synapses`: every projection becomes a list of its synapses, with their values.

What a rule draws is drawn here, as the ``cpu`` target draws it; the network stays the same. Passes
that give each synapse a place need it so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, FloatAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn
from snnc.ir.dialects.snn_values import ConnectorAttr
from snnc.ir.pass_context import Synapses, pass_context
from snnc.ir.resources import ResourceTable, encode, encode_real

LISTED = "from_list"


@dataclass(frozen=True)
class ListSynapsesPass(ModulePass):
    """Replace the connector of every projection by a list."""

    name = "list-synapses"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace connectors, weights, delays and parameters that are not numbers."""
        around = pass_context(ctx)
        made = around.connect(around.document)
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                for projection in network.body.block.ops:
                    if isinstance(projection, snn.ProjectionOp):
                        put_list(projection, made[projection.symbol], around.arrays)


def put_list(op: snn.ProjectionOp, synapses: Synapses, arrays: ResourceTable) -> None:
    """Make a projection a list of synapses.

    Parameters
    ----------
    op : snn.ProjectionOp
        The projection.
    synapses : Synapses
        Its synapses; values without one number for all of them become arrays.
    arrays : ResourceTable
        Where arrays are stored.
    """

    def value(name: str, old: Attribute) -> Attribute:
        if isinstance(old, FloatAttr):
            return old
        new = synapses.values[name]
        same = new.size > 0 and bool((new == new[0]).all())
        return encode_real(float(new[0]) if same else new, arrays, f"{op.symbol}.{name}")

    sides = {"pre": synapses.pre, "post": synapses.post}
    options = {
        side: encode(cells.astype(np.int64), arrays, f"{op.symbol}.{side}")
        for side, cells in sides.items()
    }
    op.properties["connector"] = ConnectorAttr(StringAttr(LISTED), DictionaryAttr(options))
    op.properties["weight"] = value("weight", op.weight)
    op.properties["delay"] = value("delay", op.delay)
    for name in ("parameters", "initial"):
        given = op.properties[name]
        assert isinstance(given, DictionaryAttr)
        op.properties[name] = DictionaryAttr({k: value(k, v) for k, v in given.data.items()})
