"""The `fx` dialect: its text, every rule with a cell that breaks it, and the kernels made of it."""

from __future__ import annotations

import pytest

from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects.fx_types import s, u
from snnc.ir.text import parse, print_text, verify
from snnc.passes.native.references import arithmetic, references

CELL = """builtin.module {
  fx.cell @Leak {
    fx.state @v scale 1.000000e+00 : !fx.s<16, 15>
    %dt = fx.dt : !fx.s<16, 15>
    %tau = fx.param "tau" : !fx.s<16, 15>
    %part = fx.div %dt, %tau : !fx.s<16, 15>
    %decay = fx.decay %part : !fx.s<16, 15> -> !fx.u<0, 32>
    %top = fx.const 32768 : !fx.s<16, 15>
    fx.update {
      %v = fx.load "v" : !fx.s<16, 15>
      %sum = fx.arrivals "input" : !fx.s<16, 15>
      %kept = fx.mul %v, %decay "down" "wrap" : (!fx.s<16, 15>, !fx.u<0, 32>) -> !fx.s<16, 15>
      %next = fx.add %kept, %sum : !fx.s<16, 15>
      %fire = fx.compare %next ">=" %top : !fx.s<16, 15>
      %after = fx.select %fire, %v, %next : !fx.s<16, 15>
      fx.fire %fire
      fx.store "v" %after : !fx.s<16, 15>
    }
  }
}
"""


def checked(text: str) -> str:
    document = parse(text)
    verify(document)
    return print_text(document)


def test_a_cell_reads_back_as_it_was_written():
    text = checked(CELL)
    assert checked(text) == text
    assert '%kept = fx.mul %v, %decay "down" "wrap"' in text


@pytest.mark.parametrize("name", [one.name for one in references("spinnaker")][:4])
def test_the_packaged_arithmetic_keeps_its_rules(name):
    cell, defaults = arithmetic("spinnaker", name)
    cell.verify()
    assert {"v"} < {state.label for state in cell.states}
    assert defaults["tau_syn_E"] == 5.0


def test_types_know_their_ends():
    assert (s(16, 15).bits, s(16, 15).low, s(16, 15).high) == (32, -(2**31), 2**31 - 1)
    assert (u(0, 32).bits, u(0, 32).low, u(0, 32).high) == (32, 0, 2**32 - 1)
    assert (u(1, 31).point, s(31, 0).point) == (31, 0)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("%top = fx.const 32768 : !fx.s<16, 15>", "%top = fx.const 1 : !fx.s<16, 16>",
         "8, 16, 32 or 64 bits; found 33"),
        ("!fx.s<16, 15>\n    %part", "!fx.s<16>\n    %part", "two numbers of bits; found 1"),
        ("fx.const 32768", "fx.const 2147483648", "2147483648 is no number of type"),
        ('fx.param "tau" :', 'fx.param "tau" {scale = 0.0 : f64} :',
         "the scale of parameter 'tau' is not 0"),
        ('"down" "wrap"', '"up" "wrap"', "found 'up'; expected one of nearest, down"),
        ('"down" "wrap"', '"down" "trap"', "found 'trap'; expected one of saturate, wrap"),
        ("    fx.update {\n",
         '    %x = fx.mul %dt, %dt "down" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> !fx.s<1, 30>\n'
         "    fx.update {\n", "a product cuts off one bit at least; found 0"),
        ("    fx.update {\n",
         "    %x = fx.decay %part : !fx.s<16, 15> -> !fx.u<8, 24>\n    fx.update {\n",
         "a decay has 15 or 32 bits"),
        ("    fx.update {\n",
         "    %x = fx.decay %decay : !fx.u<0, 32> -> !fx.u<0, 32>\n    fx.update {\n",
         "the tables need 15 bits"),
        ("    fx.update {\n",
         "    %x = fx.ceil %part : !fx.s<16, 15> -> !fx.s<16, 15>\n    fx.update {\n",
         "a whole number has no bits after the point"),
        ('%next ">=" %top', '%next "=>" %top', "found '=>'; expected one of <"),
        ('fx.load "v"', 'fx.load "w"', "unknown state 'w'"),
        ('fx.store "v" %after : !fx.s<16, 15>', 'fx.store "v" %decay : !fx.u<0, 32>',
         "state 'v' has another type"),
        ("      fx.fire %fire\n", "", "a time step has one 'fx.fire'; found 0"),
        ('      fx.store "v" %after : !fx.s<16, 15>\n',
         '      fx.store "v" %after : !fx.s<16, 15>\n' * 2, "state 'v' is stored twice"),
        ("    %dt = fx.dt", "    fx.state @v scale 1.000000e+00 : !fx.s<16, 15>\n    %dt = fx.dt",
         "state 'v' is defined twice"),
        ("scale 1.000000e+00", "scale 0.000000e+00", "the scale of state 'v' is not 0"),
        ("    fx.update {\n", '    %early = fx.load "v" : !fx.s<16, 15>\n    fx.update {\n',
         "'fx.load' stands in 'fx.update' only"),
        ("    fx.update {\n", "    fx.update {\n      %late = fx.dt : !fx.s<16, 15>\n",
         "'fx.dt' stands before 'fx.update' only"),
        ("    fx.update {\n",
         '    %x = fx.mul %dt, %dt "stochastic" "wrap" : (!fx.s<16, 15>, !fx.s<16, 15>) -> '
         "!fx.s<16, 15>\n    fx.update {\n", "is not rounded at random"),
    ],
)  # fmt: skip
def test_rules(right, wrong, message):
    assert right in CELL
    with pytest.raises(ModelError, match=message.replace("(", r"\(")):
        checked(CELL.replace(right, wrong, 1))


def test_a_cell_needs_a_time_step():
    text = CELL[: CELL.index("    fx.update")] + "  }\n}\n"
    with pytest.raises(ModelError, match=r"'@Leak' ends in one 'fx\.update'; found 0"):
        checked(text)


def test_products_fit_64_bits():
    wide = CELL.replace("!fx.u<0, 32>", "!fx.u<0, 64>").replace(
        "fx.decay %part : !fx.s<16, 15> -> !fx.u<0, 64>", "fx.const 1 : !fx.u<0, 64>"
    )
    with pytest.raises(ModelError, match="needs more than 64 bits"):
        checked(wide)
