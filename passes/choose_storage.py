"""`choose-storage`: how the synapses of each projection are kept, and which are kept together.

``scalar``: packed rows of targets, with one weight for all; ``float32``: rows with a weight each;
``int16``: the same in multiples of a quantum, for receptors that sum integers, each in one word
with its target where 16 bits suffice for that, too; ``mask``: rows of bits with one weight and one
delay, for receptors that sum integers, where bits take less memory (then they are faster, too);
``edge``: rows with state of their own, which plastic synapses and couplings need; ``counts`` (see
`fuse-poisson`): none. A projection that has a ``storage`` keeps it. Rows with a weight each are
fused for all projections from the same populations (`bundle`), so that a spike finds all its
targets in one place; projections with a scalar weight, or with state, keep a bundle of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import snn, step, syn
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.passes.expected_connections import expected_connections

# Below this number of possible pairs a row of its own costs more than the weights it saves.
SMALL = 10_000


class _Kind(NamedTuple):
    """What decides about the storage of all projections with a synapse model."""

    static: bool
    edge: bool


@dataclass(frozen=True)
class ChooseStoragePass(ModulePass):
    """Choose the storage of each projection and fuse rows."""

    name = "choose-storage"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set ``storage`` and ``bundle`` of every projection that has none yet."""
        forms = {o.label: o for o in op.body.block.ops if isinstance(o, SynapseOp)}
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                _choose(network, forms, _packed_receptors(op))


def _packed_receptors(module: ModuleOp) -> set[tuple[str, str]]:
    cells = [o for o in module.body.block.ops if isinstance(o, step.CellOp)]
    return {(cell.label, receptor) for cell in cells for receptor in cell.packed_receptors}


def _choose(
    network: snn.NetworkOp, forms: Mapping[str, SynapseOp], packed: set[tuple[str, str]]
) -> None:
    symbols = network.symbols()
    kinds = {
        label: _Kind(is_static(op), op.is_plastic or op.coupling is not None)
        for label, op in forms.items()
    }
    shared: dict[tuple[str, ...], int] = {}
    bundles = 0
    for projection in network.body.block.ops:
        if not isinstance(projection, snn.ProjectionOp):
            continue
        synapse = kinds[form_of(projection)]
        if "storage" not in projection.attributes:
            reached = {(m, projection.receptor) for m in models_of(projection.post, symbols)}
            integers = reached <= packed
            storage = _storage(projection, symbols, synapse, integers)
            projection.attributes["storage"] = StringAttr(storage)
        number = bundles
        storage = projection.attributes["storage"]
        if storage in (StringAttr("float32"), StringAttr("int16")) and synapse.static:
            place = (str(storage), *populations_of(projection.pre, symbols))
            number = shared.setdefault(place, bundles)
        projection.attributes["bundle"] = IntegerAttr(number, i64)
        bundles = max(bundles, number + 1)


def populations_of(symbol: str, symbols: Mapping[str, Operation]) -> tuple[str, ...]:
    """Return the names of the populations that a group has cells of."""
    match symbols[symbol]:
        case snn.AssemblyOp(members=members):
            return tuple(sorted({p for m in members for p in populations_of(m, symbols)}))
        case snn.ViewOp(of=parent):
            return populations_of(parent, symbols)
    return (symbol,)


def models_of(symbol: str, symbols: Mapping[str, Operation]) -> set[str]:
    """Return the models of the cells of a group."""
    populations = (symbols[name] for name in populations_of(symbol, symbols))
    return {op.model for op in populations if isinstance(op, snn.PopulationOp)}


def form_of(projection: snn.ProjectionOp) -> str:
    """Return the symbol of the solved synapse model of `projection`."""
    form = projection.attributes.get("form")
    return form.data if isinstance(form, StringAttr) else projection.synapse


def delivers_weight(synapse: SynapseOp) -> bool:
    """Tell whether a presynaptic spike delivers the weight and nothing else."""
    event = synapse.event("pre")
    ops = [] if event is None else event.body.block.ops
    delivered = [o.value.owner for o in ops if isinstance(o, syn.DeliverOp)]
    return len(delivered) == 1 and all(
        isinstance(o, ex.GetOp) and o.variable.data == "weight" for o in delivered
    )


def is_static(synapse: SynapseOp) -> bool:
    """Tell whether delivery needs nothing but the weight, so that projections can share rows."""
    own = synapse.states or synapse.constants or synapse.is_plastic
    return not own and synapse.coupling is None


def _storage(
    projection: snn.ProjectionOp,
    symbols: Mapping[str, Operation],
    synapse: _Kind,
    integers: bool,
) -> str:
    if synapse.edge:
        return "edge"
    each = "int16" if integers else "float32"
    pairs = prod(_size(symbols[side], symbols) for side in (projection.pre, projection.post))
    if synapse.static and pairs < SMALL:
        return each
    if not isinstance(projection.weight, FloatAttr):
        return each
    return "mask" if integers and _is_dense(projection, symbols) else "scalar"


def _is_dense(projection: snn.ProjectionOp, symbols: Mapping[str, Operation]) -> bool:
    """Tell whether a bit for each pair takes less memory than 16 bits for each connection."""
    if not isinstance(projection.delay, FloatAttr):
        return False
    sides = (projection.pre, projection.post)
    n_pre, n_post = (_size(symbols[side], symbols) for side in sides)
    cells = prod(
        sum(_size(symbols[name], symbols) for name in populations_of(side, symbols))
        for side in sides
    )
    return 16 * expected_connections(projection, n_pre, n_post) >= cells


def _size(op: Operation, symbols: Mapping[str, Operation]) -> int:
    if isinstance(op, snn.AssemblyOp):
        return sum(_size(symbols[member], symbols) for member in op.members)
    assert isinstance(op, snn.PopulationOp | snn.ViewOp)
    return op.size
