"""Cells composed of a body and named post-synaptic responses."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.response_rules import CURRENT
from snnc.ir.model_info import models_of
from snnc.ir.text import parse, print_text, verify


def compose_cell(
    label: str, body: tuple[str, str], responses: Mapping[str, tuple[str, str]]
) -> str:
    """Return the text of the cell that a body and its responses make.

    What a response declares is named ``RECEPTOR.NAME`` in the cell, and its current is added to
    the current that the body takes.

    Parameters
    ----------
    label : str
        The name of the cell.
    body : tuple of str
        Text and file name of a cell without receptors that has a potential ``v``.
    responses : mapping of str to tuple of str
        Text and file name of the response of each receptor.

    Raises
    ------
    ModelError
        If the body has receptors, no potential or no current.
    """
    document = parse(*body)
    (cell,) = models_of(document.module).values()
    if not isinstance(cell, dyn.CellOp):
        raise ModelError(f"'{body[1]}' holds no cell")
    cell.properties["sym_name"] = StringAttr(label)
    current = _current_of(cell)
    reads = [op for op in cell.walk() if isinstance(op, ex.GetOp) and op.variable.data == current]
    place = _last_declaration(cell)
    for receptor, source in responses.items():
        (response,) = models_of(parse(*source).module).values()
        if not isinstance(response, dyn.ResponseOp):
            raise ModelError(f"'{source[1]}' holds no post-synaptic response")
        for op in _renamed(response, receptor):
            cell.body.block.insert_op_after(op, place)
            place = op
    for read in reads:
        _add_currents(read, [f"{receptor}.{CURRENT}" for receptor in responses])
    verify(document)
    return print_text(document)


def _current_of(cell: dyn.CellOp) -> str:
    ops = list(cell.body.block.ops)
    currents = [op.label for op in ops if isinstance(op, dyn.CurrentOp)]
    potential = any(isinstance(op, dyn.StateOp) and op.label == "v" for op in ops)
    if len(currents) != 1 or not potential:
        raise ModelError(f"'{cell.label}' cannot get receptors: it needs a state v and a current")
    if any(isinstance(op, dyn.ReceptorOp) for op in ops):
        raise ModelError(f"'{cell.label}' cannot get receptors: it has its own")
    return currents[0]


def _last_declaration(cell: dyn.CellOp) -> Operation:
    return [op for op in cell.body.block.ops if isinstance(op, dyn.Declaration)][-1]


def _renamed(response: dyn.ResponseOp, receptor: str) -> list[Operation]:
    own = {
        op.label
        for op in response.body.block.ops
        if isinstance(op, dyn.ParamOp | dyn.StateOp | dyn.AliasOp)
    }
    result = []
    for op in list(response.body.block.ops):
        op.detach()
        for inner in op.walk():
            _rename(inner, receptor, own)
        result.append(op)
    return result


_NAMED = ("sym_name", "state", "variable", "decay")


def _rename(op: Operation, receptor: str, own: set[str]) -> None:
    if isinstance(op, dyn.ReceptorOp):
        op.properties["sym_name"] = StringAttr(receptor)
    if isinstance(op, dyn.OnOp):
        op.properties["receptor"] = StringAttr(receptor)
    for key in _NAMED:
        name = op.properties.get(key)
        if isinstance(name, StringAttr) and name.data in own:
            op.properties[key] = StringAttr(f"{receptor}.{name.data}")


def _add_currents(read: ex.GetOp, names: list[str]) -> None:
    block = read.parent
    assert block is not None
    uses = list(read.result.uses)
    place: Operation = read
    total = read.result
    for name in names:
        other = ex.GetOp(name, read.result.type)
        sum_ = ex.AddOp(total, other)
        block.insert_op_after(other, place)
        block.insert_op_after(sum_, other)
        place, total = sum_, sum_.result
    for use in uses:
        use.operation.operands[use.index] = total
