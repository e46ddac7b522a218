"""Verifier rules of the `analog` dialect that need no arrays: what refers to what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import analog, snn
from snnc.ir.dialects.snn_values import ArrayHandle
from snnc.ir.locations import refuse

Op = TypeVar("Op", bound=Operation)


def of_kind(ops: Iterable[Operation], kind: type[Op]) -> list[Op]:
    """Return the operations of one kind."""
    return [op for op in ops if isinstance(op, kind)]


def network_of(op: analog.MappingOp) -> snn.NetworkOp:
    """Return the network that stands beside a mapping."""
    module = op.parent_op()
    around = [] if module is None else [o for r in module.regions for b in r.blocks for o in b.ops]
    networks = {network.symbol: network for network in of_kind(around, snn.NetworkOp)}
    if op.network not in networks:
        refuse(op, f"unknown network '@{op.network}'{did_you_mean(op.network, networks)}")
    return networks[op.network]


def chip_of(op: analog.MappingOp) -> analog.ChipOp:
    """Return the chip of a mapping."""
    chips = of_kind(op.body.block.ops, analog.ChipOp)
    if len(chips) != 1:
        refuse(op, f"a mapping is onto one kind of chip; found {len(chips)}")
    return chips[0]


def check_mapping(op: analog.MappingOp) -> None:
    """Refuse the first operation that breaks a rule."""
    chip, symbols = chip_of(op), network_of(op).symbols()
    if chip.number < 0:
        refuse(chip, f"there are at least 0 chips; found {chip.number}")
    seen: set[tuple[str, str | int]] = set()
    for one in op.body.block.ops:
        if isinstance(one, analog.Decision):
            about = _about(one, chip, symbols)
            if (one.name, about) in seen:
                refuse(one, f"'{one.name}' of {_written(about)} is given twice")
            seen.add((one.name, about))
            _check_shape(one, one.table_.data, len(one.COLUMNS))


def _about(op: analog.Decision, chip: analog.ChipOp, symbols: dict[str, Operation]) -> str | int:
    """Return what a decision is about, which must be there."""
    if isinstance(op, analog.OfChip):
        if not 0 <= op.on < chip.number:
            refuse(op, f"there is no chip {op.on}; found {chip.number} in use")
        return op.on
    assert isinstance(op, analog.OfObject)
    kind = snn.PopulationOp if isinstance(op, analog.OfPopulation) else snn.ProjectionOp
    known = [name for name, one in symbols.items() if isinstance(one, kind)]
    if op.of not in known:
        what = "population" if kind is snn.PopulationOp else "projection"
        refuse(op, f"unknown {what} '@{op.of}'{did_you_mean(op.of, known)}")
    return op.of


def _written(about: str | int) -> str:
    return f"chip {about}" if isinstance(about, int) else f"'@{about}'"


def _check_shape(op: Operation, handle: ArrayHandle, columns: int) -> None:
    if handle.dtype != "int64" or len(handle.shape) != 2 or handle.shape[1] != columns:
        refuse(
            op,
            f"expected an array of int64 with {columns} columns; found {handle.dtype} of shape "
            f"{list(handle.shape)}",
        )
