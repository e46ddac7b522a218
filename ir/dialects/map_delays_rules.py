"""Verifier rules of delay extensions: what they send again, and whether delays add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Operation

from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_delays import MOST_STAGES, ExtensionOp
from snnc.ir.dialects.map_weights_rules import populations_of
from snnc.ir.locations import refuse


def check_extensions(
    ops: Sequence[ExtensionOp],
    cores: Mapping[str, mapping.CoreOp],
    slices: Mapping[str, mapping.SliceOp],
    symbols: dict[str, Operation],
) -> None:
    """Refuse extensions of what is not there, and cores that cannot wait as long as they must."""
    taken = {one.core: one.symbol for one in slices.values()}
    names = set(slices)
    for op in ops:
        if op.symbol in names:
            refuse(op, f"symbol '@{op.symbol}' is defined twice")
        names.add(op.symbol)
        if op.slice not in slices:
            refuse(op, f"unknown slice '@{op.slice}'")
        if op.core not in cores:
            refuse(op, f"unknown core '@{op.core}'")
        if op.core in taken:
            refuse(op, f"'@{op.core}' has '@{taken[op.core]}'; an extension has a core of its own")
        taken[op.core] = op.symbol
        if not 1 <= op.stages <= MOST_STAGES:
            refuse(op, f"stages out of range; found {op.stages}, expected 1 to {MOST_STAGES}")
        for name in op.projections:
            projection = symbols.get(name)
            if not isinstance(projection, snn.ProjectionOp):
                refuse(op, f"unknown projection '@{name}'")
            _check_steps(op, set(populations_of(projection.post, symbols)), cores, slices)


def _check_steps(
    op: ExtensionOp,
    targets: set[str],
    cores: Mapping[str, mapping.CoreOp],
    slices: Mapping[str, mapping.SliceOp],
) -> None:
    """Each core that a stage reaches has a slot for each step up to the next stage."""
    for one in slices.values():
        index = cores[one.core].index
        if one.population in targets and index and not 1 <= op.steps <= 1 << index[2]:
            refuse(
                op,
                f"stages of '@{op.symbol}' are {op.steps} steps apart; '@{one.core}' waits 1 to "
                f"{1 << index[2]}",
            )
