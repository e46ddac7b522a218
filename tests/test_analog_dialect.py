"""The `analog` dialect: its text, and every rule with a mapping that breaks it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from crossbar_networks import change, mapped, network, ops_of

from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import analog
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.resources import ResourceTable
from snnc.ir.text import Document, parse, print_text, verify
from snnc.stages import copy_of


@cache
def _mapped() -> Document:
    return mapped(network(4, [[0, 1], [0, 2], [3, 2]], [[1, 3]], 2, np.array([[0, 0], [1, 0]])))


def from_text(text: str) -> Document:
    return Document(parse(text).module, dict(_mapped().resources))


def test_a_mapping_reads_back_as_it_was_written():
    text = print_text(_mapped())
    again = from_text(text)
    verify(again)
    assert print_text(again) == text
    assert 'analog.chip "brainscales2" "BrainScaleS-2, HICANN-X" topology "crossbar"' in text


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("analog.mapping of @net", "analog.mapping of @nut", "unknown network '@nut'"),
        ("analog.circuits of @A", "analog.circuits of @B", "unknown population '@B'"),
        ("analog.events of @A", "analog.events of @exc", "unknown population '@exc'"),
        ("analog.lost of @exc", "analog.lost of @ecx", "unknown projection '@ecx'"),
        ("analog.circuits of @S", "analog.circuits of @A", "of '@A' is given twice"),
        ("analog.drivers on 0", "analog.drivers on 1", "there is no chip 1; found 1 in use"),
        ('"crossbar" number 1', '"crossbar" number -1', "there are at least 0 chips; found -1"),
        ("blocks = 2 : i64, ", "", "described without a number 'blocks'"),
        ('"int64", [4, 4]', '"int64", [4, 5]', "expected an array of int64 with 4 columns"),
        ('"int64", [4, 4]', '"float64", [4, 4]', "expected an array of int64 with 4 columns"),
        ("drivers of", "drvers of", "unknown operation"),
        ("analog.lost of @exc", "analog.lost of @exc {} analog.lost of @exc", ""),
    ],
)
def test_text_that_breaks_a_rule_is_refused(right, wrong, message):
    text = print_text(_mapped())
    if right == "drivers of":
        right, wrong = "analog.drivers on", "analog.drvers on"
    assert right in text
    with pytest.raises(ModelError) as refused:
        verify(from_text(text.replace(right, wrong, 1)))
    assert message in str(refused.value)


def test_a_mapping_has_one_chip():
    document = copy_of(_mapped())
    (chip,) = ops_of(document, analog.ChipOp)
    chip.detach()
    with pytest.raises(ModelError, match="onto one kind of chip; found 0"):
        verify(document)


def table(document: Document, kind: type[analog.Decision], place: int = 0) -> tuple:
    op = ops_of(document, kind)[place]
    return op, np.stack(list(op.columns(document.resources).values()), axis=1).copy()


@pytest.mark.parametrize(
    ("kind", "column", "value", "message"),
    [
        (analog.CodesOp, "line", 2, "line 2 at row 0; expected 0 to 1"),
        (analog.CodesOp, "code", -1, "code -1 at row 0"),
        (analog.CircuitsOp, "cell", 4, "cell 4 at row 0; expected 0 to 3"),
        (analog.CircuitsOp, "chip", 1, "chip 1 at row 0; expected 0 to 0"),
        (analog.CircuitsOp, "block", 2, "block 2 at row 0; expected 0 to 1"),
        (analog.CircuitsOp, "column", 256, "column 256 at row 0; expected 0 to 255"),
        (analog.SelectsOp, "bus", 4, "bus 4 at row 0; expected 0 to 3"),
        (analog.SelectsOp, "select", 32, "select 32 at row 0; expected 0 to 31"),
        (analog.EventsOp, "sender", -2, "sender -2 at row 0; expected -1 to 0"),
        (analog.EventsOp, "input", 20, "input 20 at row 0; expected 0 to 19"),
        (analog.EventsOp, "event", 1 << 14, "event 16384 at row 0; expected 0 to 16383"),
        (analog.CrossbarOp, "output", 12, "output 12 at row 0; expected 0 to 11"),
        (analog.CrossbarOp, "output", 1, "there is no node from input 0 to output 1"),
        (analog.CrossbarOp, "target", 1, "a target has ones where its mask has none"),
        (analog.DriversOp, "driver", 32, "driver 32 at row 0; expected 0 to 31"),
        (analog.DriversOp, "mask", -1, "mask -1 at row 0; expected 0 to 31"),
        (analog.DriversOp, "top", 2, "top 2 at row 0; expected -1 to 1"),
        (analog.SynapsesOp, "synapse", 3, "synapse 3 at row 0; expected 0 to 2"),
        (analog.SynapsesOp, "row", 256, "row 256 at row 0; expected 0 to 255"),
        (analog.SynapsesOp, "label", 64, "label 64 at row 0; expected 0 to 63"),
        (analog.SynapsesOp, "weight", 64, "weight 64 at row 0; expected 0 to 63"),
        (analog.SynapsesOp, "synapse", 1, "synapse 0 of '@exc' is neither on a chip nor lost"),
    ],
)  # fmt: skip
def test_numbers_that_name_nothing_are_refused(kind, column, value, message):
    document = copy_of(_mapped())
    op, rows = table(document, kind)
    rows[0, kind.COLUMNS.index(column)] = value
    change(document, op, rows)
    with pytest.raises(ModelError) as refused:
        verify(document)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "place", "message"),
    [
        (analog.CircuitsOp, 0, "circuit at chip 0, block "),
        (analog.CrossbarOp, 0, "node at input 0, output "),
        (analog.DriversOp, 0, "driver at block 0, bus "),
        (analog.SynapsesOp, 0, "synapse at chip 0, block "),
    ],
)
def test_nothing_is_used_twice(kind, place, message):
    document = copy_of(_mapped())
    op, rows = table(document, kind, place)
    change(document, op, np.concatenate([rows, rows[:1]]))
    with pytest.raises(ModelError) as refused:
        verify(document)
    assert message in str(refused.value) and "is used twice" in str(refused.value)


@pytest.mark.parametrize("beside", [[0, 0, 0, 34], [0, 0, 1, 33]])
def test_circuits_of_a_cell_are_beside_each_other(beside):
    document = copy_of(_mapped())
    op, rows = table(document, analog.CircuitsOp)
    rows[0] = [0, 0, 0, 32]
    rows[1:, 3] += 100
    change(document, op, np.concatenate([rows, [beside]]))
    with pytest.raises(ModelError, match="circuits of cell 0 of '@A' are not beside each other"):
        verify(document)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ([[0, 0]], "synapse 0 of '@exc' is lost, and on a chip"),
        ([[0, 0], [0, 1]], "a synapse of '@exc' is lost twice"),
        ([[0, 9]], "reason 9 at row 0; expected 0 to"),
    ],
)
def test_lost_synapses_are_on_no_chip_and_listed_once(lost, message):
    document = copy_of(_mapped())
    op, _ = table(document, analog.LostOp)
    change(document, op, np.array(lost))
    with pytest.raises(ModelError, match=message):
        verify(document)


def test_projections_with_synapses_say_which_are_lost():
    document = copy_of(_mapped())
    ops_of(document, analog.LostOp)[0].detach()
    with pytest.raises(ModelError, match=r"expected 'analog.lost' beside them"):
        verify(document)


def test_every_synapse_has_a_code_and_a_finite_scale():
    document = copy_of(_mapped())
    op, rows = table(document, analog.CodesOp)
    change(document, op, rows[1:])
    with pytest.raises(ModelError, match="has 3 synapses; found 2 codes"):
        verify(document)
    for scale, message in ((np.ones(2), r"scales of shape \[2\]"), (np.full(3, np.inf), "finite")):
        document = copy_of(_mapped())
        op, _ = table(document, analog.CodesOp)
        handle = ResourceTable(document.resources).handle(scale, "scale")
        op.properties["scale"] = ArrayHandleAttr(handle)
        with pytest.raises(ModelError, match=message):
            verify(document)


def test_decisions_about_synapses_need_them_listed():
    text = print_text(_mapped())
    start = text.index("connector #snn.connector<")
    end = text.index("\n", start)
    loose = text[:start] + 'connector #snn.connector<"all_to_all">' + text[end:]
    with pytest.raises(ModelError, match=r"are not listed; expected pass 'list-synapses'"):
        verify(from_text(loose))
