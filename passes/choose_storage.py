"""`choose-storage`: how the synapses of each projection are kept, and which are kept together.

``scalar``: packed rows of targets, with one weight for all; ``float32``: rows with a weight each;
``edge``: rows with state of their own, which plastic synapses need. Rows with a weight each are
fused for all projections from the same populations (`bundle`), so that a spike finds all its
targets in one place; projections with a scalar weight, or with state, keep a bundle of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn
from snnc.ir.dialects.step_synapse import SynapseOp

# Below this number of possible pairs a row of its own costs more than the weights it saves.
_SMALL = 10_000


@dataclass(frozen=True)
class ChooseStoragePass(ModulePass):
    """Choose the storage of each projection and fuse rows."""

    name = "choose-storage"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set ``storage`` and ``bundle`` of every projection that has none yet."""
        forms = {o.label: o for o in op.body.block.ops if isinstance(o, SynapseOp)}
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                _choose(network, forms)


def _choose(network: snn.NetworkOp, forms: Mapping[str, SynapseOp]) -> None:
    symbols = network.symbols()
    shared: dict[tuple[str, ...], int] = {}
    bundles = 0
    for projection in network.body.block.ops:
        if not isinstance(projection, snn.ProjectionOp):
            continue
        synapse = forms[form_of(projection)]
        if "storage" not in projection.attributes:
            storage = _storage(projection, symbols, synapse)
            projection.attributes["storage"] = StringAttr(storage)
        number = bundles
        if projection.attributes["storage"] == StringAttr("float32") and is_static(synapse):
            number = shared.setdefault(_populations(projection.pre, symbols), bundles)
        projection.attributes["bundle"] = IntegerAttr(number, i64)
        bundles = max(bundles, number + 1)


def _populations(symbol: str, symbols: Mapping[str, Operation]) -> tuple[str, ...]:
    """Return the populations that a group has cells of."""
    match symbols[symbol]:
        case snn.AssemblyOp(members=members):
            return tuple(sorted({p for m in members for p in _populations(m, symbols)}))
        case snn.ViewOp(of=parent):
            return _populations(parent, symbols)
    return (symbol,)


def form_of(projection: snn.ProjectionOp) -> str:
    """Return the symbol of the solved synapse model of `projection`."""
    form = projection.attributes.get("form")
    return form.data if isinstance(form, StringAttr) else projection.synapse


def is_static(synapse: SynapseOp) -> bool:
    """Tell whether delivery needs nothing but the weight, so that projections can share rows."""
    return not synapse.states and not synapse.constants and not synapse.is_plastic


def _storage(
    projection: snn.ProjectionOp, symbols: Mapping[str, Operation], synapse: SynapseOp
) -> str:
    if synapse.is_plastic:
        return "edge"
    pairs = prod(_size(symbols[side], symbols) for side in (projection.pre, projection.post))
    if is_static(synapse) and pairs < _SMALL:
        return "float32"
    return "scalar" if isinstance(projection.weight, FloatAttr) else "float32"


def _size(op: Operation, symbols: Mapping[str, Operation]) -> int:
    if isinstance(op, snn.AssemblyOp):
        return sum(_size(symbols[member], symbols) for member in op.members)
    assert isinstance(op, snn.PopulationOp | snn.ViewOp)
    return op.size
