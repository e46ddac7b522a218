"""`pack-arrivals`: which receptors sum their arrivals as integers, for ``precision="packed"``.

Weights onto such a receptor become 16-bit multiples of a quantum, which is found when the network
is built: the weight itself where all are multiples of the smallest, else 2^-15 of the largest, so
that a weight errs by at most 2^-16 of the largest onto its receptor; twice that in projections of
millions of synapses, which are rounded when they are built, too. A sum of integers does not
depend on its order. A receptor is packed where all its synapses deliver a weight that they keep;
one that plastic or otherwise computed weights reach sums floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import dyn, snn, step
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.passes.choose_storage import delivers_weight, form_of, is_static, models_of

Receptors = set[tuple[str, str]]
_STORAGES = [StringAttr(name) for name in ("int16", "mask", "scalar", "counts")]


@dataclass(frozen=True)
class PackArrivalsPass(ModulePass):
    """Mark the receptors whose arrivals are sums of integers."""

    name = "pack-arrivals"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set `packed` of every ``step.cell``."""
        cells = [o for o in op.body.block.ops if isinstance(o, step.CellOp)]
        packed = {(cell.label, receptor) for cell in cells for receptor in _receptors(cell)}
        synapses = {o.label: o for o in op.body.block.ops if isinstance(o, SynapseOp)}
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                _exclude(network, synapses, packed)
        for cell in cells:
            names = [StringAttr(r) for r in _receptors(cell) if (cell.label, r) in packed]
            cell.properties["packed"] = ArrayAttr(names)


def _receptors(cell: step.CellOp) -> list[str]:
    return [o.label for o in cell.body.block.ops if isinstance(o, dyn.ReceptorOp)]


def _exclude(network: snn.NetworkOp, synapses: Mapping[str, SynapseOp], packed: Receptors) -> None:
    """Remove the receptors that get anything but integers, and those that share rows with them."""
    symbols = network.symbols()
    pending = [o for o in network.body.block.ops if isinstance(o, snn.ProjectionOp)]
    changed = True
    while changed:
        changed = False
        for projection in pending:
            reached = _reached(projection, symbols)
            fits = _is_packable(projection, synapses) and reached <= packed
            if not fits and reached & packed:
                packed -= reached
                changed = True


def _reached(projection: snn.ProjectionOp, symbols: Mapping[str, Operation]) -> Receptors:
    return {(model, projection.receptor) for model in models_of(projection.post, symbols)}


def _is_packable(projection: snn.ProjectionOp, synapses: Mapping[str, SynapseOp]) -> bool:
    storage = projection.attributes.get("storage")
    if storage is not None and storage not in _STORAGES:
        return False
    synapse = synapses[form_of(projection)]
    return is_static(synapse) and delivers_weight(synapse)
