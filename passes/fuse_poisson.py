"""`fuse-poisson`: Poisson input whose sources reach one cell each is delivered without spikes.

A population of Poisson sources onto an equally large population, one to one, with one weight and
one delay: the counts that the sources draw are added to the arrivals of the cells of the same
index, delay steps later, with no list of spikes and no rows in between. The draws are the same, and
so is every bit of the result: arrivals from Poisson sources are summed before all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn, step
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.passes.choose_storage import (
    SMALL,
    delivers_weight,
    form_of,
    is_static,
    populations_of,
)

COUNTS = StringAttr("counts")


@dataclass(frozen=True)
class FusePoissonPass(ModulePass):
    """Deliver one-to-one Poisson input by counts."""

    name = "fuse-poisson"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the ``storage`` of such projections."""
        cells = {o.label: o for o in op.body.block.ops if isinstance(o, step.CellOp)}
        synapses = {o.label: o for o in op.body.block.ops if isinstance(o, SynapseOp)}
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                _fuse(network, cells, synapses)


def _fuse(
    network: snn.NetworkOp,
    cells: Mapping[str, step.CellOp],
    synapses: Mapping[str, SynapseOp],
) -> None:
    symbols = network.symbols()
    # Receptors that spikes of Poisson sources reach: counts would be added before them.
    taken: set[tuple[str, str]] = set()
    for projection in network.body.block.ops:
        if not isinstance(projection, snn.ProjectionOp):
            continue
        sources = [symbols[name] for name in populations_of(projection.pre, symbols)]
        if not any(_is_poisson(source, cells) for source in sources):
            continue
        reached = {(n, projection.receptor) for n in populations_of(projection.post, symbols)}
        if _fits(projection, symbols, synapses[form_of(projection)]) and not reached & taken:
            projection.attributes["storage"] = COUNTS
        elif projection.attributes.get("storage") != COUNTS:
            taken |= reached


def _is_poisson(source: Operation, cells: Mapping[str, step.CellOp]) -> bool:
    if not isinstance(source, snn.PopulationOp) or source.model not in cells:
        return False
    update = cells[source.model].update
    return update is not None and any(isinstance(op, step.CountOp) for op in update.body.block.ops)


def _fits(
    projection: snn.ProjectionOp, symbols: Mapping[str, Operation], synapse: SynapseOp
) -> bool:
    pre, post = symbols[projection.pre], symbols[projection.post]
    return (
        "storage" not in projection.attributes
        and isinstance(pre, snn.PopulationOp)
        and isinstance(post, snn.PopulationOp)
        and pre.size == post.size
        and pre.size * post.size >= SMALL
        and projection.connector.connector.data == "one_to_one"
        and isinstance(projection.weight, FloatAttr)
        and isinstance(projection.delay, FloatAttr)
        and is_static(synapse)
        and delivers_weight(synapse)
    )
