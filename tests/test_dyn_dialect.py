"""The `dyn` dialect: what is written is what is read back, and what is wrong is refused."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp, i1
from xdsl.ir import Block, Region, SSAValue

from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.text import Document, parse, print_text, verify
from snnc.ir.units import DIMENSIONLESS
from snnc.model_library import PACKAGED

FILES = sorted(PACKAGED.glob("*.mlir"))

CELL = """dyn.cell @cell {
  param tau : ms = 10.0
  param cm : nF = 1.0
  param flags : ms sequence
  state v : mV = -65.0
  state g : uS = 0.0
  receptor excitatory : uS decay tau
  current injected : nA
%s
}
"""


def read(text):
    document = parse(text, "model.mlir")
    verify(document)
    return document


def read_cell(body):
    return read(CELL % body)


def cell_of(document):
    return document.module.body.block.first_op


def expression_text(text):
    """Return `text` as it is printed back."""
    printed = print_text(read_cell(f"let value = {text}"))
    return re.search(r"let value = (.*)", printed).group(1)


# --- round trips ---


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("generic", [False, True], ids=["readable", "generic"])
def test_packaged_model_round_trip(file, generic):
    document = read(file.read_text())
    text = print_text(document, generic)
    again = read(text)
    assert print_text(again, generic) == text
    assert print_text(again) == print_text(document)
    assert again.module.is_structurally_equivalent(document.module)


@pytest.mark.parametrize(
    "text",
    [
        "tau - (tau - tau)",
        "tau - tau - tau",
        "tau / (tau / tau)",
        "tau / tau / tau",
        "tau * (tau / tau)",
        "(tau + tau) * 2.0",
        "tau + tau * 2.0",
        "-(tau + tau)",
        "-tau * tau",
        "-(-tau)",
        "-(-5.0)",
        "-(5.0)",
        "-5.0 - -5.0",
        "-0.0",
        "tau > 1.0 [ms] and not tau > 2.0 [ms] or tau == 3.0 [ms]",
        "(tau > 1.0 [ms] or tau > 2.0 [ms]) and tau < 3.0 [ms]",
        "not (tau > 1.0 [ms] and tau > 2.0 [ms])",
        "select(tau >= 1.0 [ms], min(tau, 2.0 [ms]), max(tau, dt))",
        "pow(v, 2.0)",
        "exprel(v / 1.0 [mV]) + tanh(1.0) + log(1.0) + sqrt(4.0) + abs(-1.0)",
        "{ let a = tau * tau yield a + a }",
        "1.0e-09 [1/mV/ms]",
        "previous(v) - v",
        "exp(-t / tau)",
    ],
)
def test_expression_keeps_its_form(text):
    assert expression_text(text) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((tau)) - ((tau - tau))", "tau - (tau - tau)"),
        ("1.5 [nS]", "0.0015 [uS]"),
        ("2 [s]", "2000.0 [ms]"),
        ("1 [Hz]", "0.001 [1/ms]"),
        ("1.0 [nA/mV]", "1.0 [uS]"),
        ('1.0 ["mV^2"]', "1.0 [mV*mV]"),
        ("--tau", "-(-tau)"),
    ],
)
def test_expression_is_printed_canonically(text, printed):
    assert expression_text(text) == printed


def test_minus_binds_tighter_than_division():
    (derivative,) = (
        op
        for op in cell_of(read_cell("dg/dt = -g / tau")).body.block.ops
        if isinstance(op, dyn.DerivOp)
    )
    assert isinstance(derivative.value.owner, ex.DivOp)


def test_quoted_unit_round_trip():
    document = read('dyn.cell @c { param k : "uS*ms^-1" = 1.0 receptor r : "mV^2" }')
    assert 'param k : "uS*ms^-1" = 1.0' in print_text(document)
    assert print_text(read(print_text(document))) == print_text(document)


def test_local_name_that_collides_is_renamed():
    """A transformation may leave a name hint that means something else in the model."""
    document = read_cell("on excitatory(w) { g = g + w }\ndg/dt = { let a = g / tau yield a + a }")
    on = next(op for op in document.module.walk() if isinstance(op, dyn.OnOp))
    on.body.block.args[0].name_hint = "g"
    shared = next(op for op in document.module.walk() if isinstance(op, ex.DivOp))
    shared.result.name_hint = "tau"
    text = print_text(document)
    assert "on excitatory(g_0)" in text
    assert read(text).module.is_structurally_equivalent(document.module)


def test_sequence_and_hidden_are_kept():
    text = print_text(read("dyn.cell @c { param s : ms sequence state x : 1 = 0.0 hidden }"))
    assert "param s : ms sequence" in text
    assert "state x : 1 = 0.0 hidden" in text


# --- random expressions ---

UNITS = ["1", "mV", "ms", "nA", "uS", "mV/ms"]
NAMES = {"a": "1", "v": "mV", "tau": "ms", "i": "nA", "g": "uS", "slope": "mV/ms"}
SAME_UNIT = [ex.AddOp, ex.SubOp, ex.MinOp, ex.MaxOp]
LITERALS = st.floats(allow_nan=False, allow_infinity=False)


class Builder:
    """Appends operations to a block, so that random trees are built as passes build them."""

    def __init__(self):
        self.block = Block()

    def add(self, op) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]


def quantities(unit, depth):
    """Return a strategy of functions from a builder to a value of `unit`."""
    names = [name for name, declared in NAMES.items() if declared == unit]
    type = ex.quantity_of(unit)
    leaves = [LITERALS.map(lambda x: lambda b: b.add(ex.ConstOp(x, type)))]
    leaves += [st.just(lambda b, n=name: b.add(ex.GetOp(n, type))) for name in names]
    if depth == 0:
        return st.one_of(leaves)
    same, number = quantities(unit, depth - 1), quantities("1", depth - 1)
    trees = [
        *leaves,
        st.tuples(st.sampled_from(SAME_UNIT), same, same).map(binary),
        st.tuples(st.sampled_from([ex.MulOp, ex.DivOp]), same, number).map(binary),
        st.tuples(st.just(ex.MulOp), number, same).map(binary),
        st.tuples(st.sampled_from([ex.NegOp, ex.AbsOp]), same).map(unary),
        st.tuples(truths(depth - 1), same, same).map(select),
    ]
    if unit == "1":
        functions = [ex.ExpOp, ex.LogOp, ex.SinOp, ex.CosOp, ex.TanhOp, ex.ExprelOp, ex.SqrtOp]
        trees.append(st.tuples(st.sampled_from(functions), same).map(unary))
        trees.append(st.tuples(st.just(ex.PowOp), same, same).map(binary))
    if unit == "nA":
        factors = quantities("uS", depth - 1), quantities("mV", depth - 1)
        trees.append(st.tuples(st.just(ex.MulOp), *factors).map(binary))
    return st.one_of(trees)


def truths(depth):
    """Return a strategy of functions from a builder to a truth value."""
    sides = st.sampled_from(UNITS).flatmap(
        lambda unit: st.tuples(quantities(unit, depth), quantities(unit, depth))
    )
    compared = st.tuples(st.sampled_from(ex.COMPARISONS), sides).map(compare)
    if depth == 0:
        return compared
    below = truths(depth - 1)
    return st.one_of(
        compared,
        st.tuples(st.sampled_from([ex.AndOp, ex.OrOp]), below, below).map(binary),
        st.tuples(st.just(ex.NotOp), below).map(unary),
    )


def binary(parts):
    kind, left, right = parts
    return lambda b: b.add(kind(left(b), right(b)))


def unary(parts):
    kind, operand = parts
    return lambda b: b.add(kind(operand(b)))


def select(parts):
    condition, left, right = parts
    return lambda b: b.add(ex.SelectOp(condition(b), left(b), right(b)))


def compare(parts):
    sign, (left, right) = parts
    return lambda b: b.add(ex.CompareOp(sign, left(b), right(b)))


def document_of(tree):
    """Return a cell with the alias that `tree` builds."""
    builder = Builder()
    value = tree(builder)
    builder.block.add_op(dyn.YieldOp(value))
    params = [dyn.ParamOp(name, unit, 1.0) for name, unit in NAMES.items()]
    dimension = DIMENSIONLESS if value.type == i1 else ex.exponents_of(value)
    alias = dyn.AliasOp("value", dimension, Region(builder.block))
    cell = dyn.CellOp("cell", Region(Block([*params, alias])))
    return Document(ModuleOp([cell]))


@given(st.one_of(st.sampled_from(UNITS).flatmap(lambda unit: quantities(unit, 2)), truths(2)))
def test_random_expression_round_trip(tree):
    document = document_of(tree)
    verify(document)
    text = print_text(document)
    again = read(text)
    assert print_text(again) == text
    assert again.module.is_structurally_equivalent(document.module)


def test_let_in_an_event_keeps_its_name():
    text = "when v > 1.0 [mV] { let half = v / 2.0 v = half }"
    assert "let half = v / 2.0\n" in print_text(read_cell(text))


@given(LITERALS)
def test_literal_keeps_its_bits(number):
    again = cell_of(read(print_text(document_of(lambda b: b.add(ex.ConstOp(number))))))
    (literal,) = (op for op in again.walk() if isinstance(op, ex.ConstOp))
    assert literal.number == number
    assert math.copysign(1.0, literal.number) == math.copysign(1.0, number)


# --- refusals: (body of a cell whose declarations take 9 lines, message, line:column) ---

REFUSED = {
    # names
    "declared twice": ("param tau : ms = 1.0", "'tau' is declared twice", "9:1"),
    "let declared twice": ("let v = 1.0", "'v' is declared twice", "9:1"),
    "reserved": ("state t : ms = 1.0", "'t' is a reserved word", "9:1"),
    "unknown name": ("let a = taau", "unknown name 'taau'; did you mean 'tau'?", "9:9"),
    "alias cycle": ("let a = b\nlet b = a", "unknown name 'b'", "9:9"),
    "unknown unit": ("param a : mVV = 1.0", "unknown unit 'mVV'", "9:11"),
    "unknown statement": ("parm a : mV", "a statement expected; found 'parm'; did you", "9:1"),
    "receptor twice": ("receptor excitatory : uS", "'excitatory' is declared twice", "9:1"),
    "regime twice": ("regime a {}\nregime a {}", "regime 'a' is declared twice", "10:1"),
    "unknown receptor": ("on inhibitory(w) {}", "unknown receptor 'inhibitory'", "9:4"),
    "unknown decay": ("receptor r : uS decay tauu", "'tauu'; did you mean 'tau'?", "9:1"),
    "decay not a time": ("receptor r : uS decay cm", "is a time; found nF, expected ms", "9:1"),
    "previous of nothing": ("let a = previous(vv)", "'vv'; did you mean 'v'?", "9:9"),
    "previous of parameter": ("let a = previous(cm)", "takes a state; found 'cm'", "9:9"),
    "sequence read": ("let a = flags", "'flags' is a sequence", "9:9"),
    "shadowing argument": ("on excitatory(v) { g = g + v }", "'v' is declared twice", "9:15"),
    "shadowing let": ("when v > 1.0 [mV] { let g = v }", "'g' is declared twice", "9:25"),
    # units
    "sum": ("let a = v + tau", "in '+'; found mV and ms, expected one unit", "9:11"),
    "difference": ("let a = v - 1.0", "in '-'; found mV and a pure number", "9:11"),
    "minimum": ("let a = min(v, tau)", "in 'min'; found mV and ms", "9:9"),
    "comparison": ("let a = v >= tau", "in '>='; found mV and ms", "9:11"),
    "select": ("let a = select(v > v, v, tau)", "in 'select'; found mV and ms", "9:9"),
    "select condition": ("let a = select(v, v, v)", "needs a truth value first; found mV", "9:9"),
    "function": ("let a = exp(v)", "'exp' takes a pure number; found mV, expected 1", "9:9"),
    "root": ("let a = sqrt(v)", "'sqrt' needs a square unit; found mV", "9:9"),
    "power": ("let a = pow(v, 0.5)", "mV can only be raised to a literal integer", "9:9"),
    "exponent": ("let a = pow(2.0, v)", "an exponent is a pure number; found mV", "9:9"),
    "truth in sum": ("let a = (v > v) + v", "takes quantities; found a truth value", "9:17"),
    "quantity in and": ("let a = v and v > v", "takes truth values; found mV", "9:11"),
    "derivative": ("dv/dt = v", "dv/dt has the wrong unit; found mV, expected mV/ms", "9:1"),
    "derivative truth": ("dv/dt = v > v", "wrong unit; found a truth value", "9:1"),
    "assignment": ("when v > v { v = tau }", "'v' is assigned the wrong unit; found ms", "9:14"),
    "condition": ("when v { v = v }", "a condition is a truth value; found mV", "9:1"),
    "duration": (
        "regime a { after cm { goto a } }", "is a time; found nF, expected ms", "9:12",
    ),
    "rate": ("emit poisson 1.0", "a rate is needed; found a pure number", "9:1"),
    "schedule": ("emit at tau", "'tau' must be a sequence of times", "9:1"),
    "unknown schedule": ("emit at nothing", "unknown parameter 'nothing'", "9:1"),
    # structure
    "derivative twice": ("dv/dt = v/tau\ndv/dt = v/tau", "two derivatives in one regime", "10:1"),
    "derivative shared and in regime": (
        "dv/dt = v/tau\nregime a { dv/dt = v/tau }", "two derivatives in one regime", "10:12",
    ),
    "reaction twice": (
        "on excitatory(w) { g = g + w }\nregime a { on excitatory(w) { g = g + w } }",
        "receptor 'excitatory' has two reactions in one regime", "10:12",
    ),
    "reaction assigns": ("on excitatory(w) { g = w }", "'g' must be assigned itself plus", "9:20"),
    "reaction scales": ("on excitatory(w) { g = g + g }", "must be assigned itself plus", "9:20"),
    "reaction squares": (
        "on excitatory(w) { g = g + w * (w / 1.0 [uS]) }", "must be assigned itself plus", "9:20",
    ),
    "reaction emits": ("on excitatory(w) { emit }", "an arrival can only add to states", "9:20"),
    "assigned twice": ("when v > v { v = v v = v }", "'v' is assigned twice", "9:20"),
    "assigned parameter": ("when v > v { cm = cm }", "'cm' is not a state", "9:14"),
    "unknown regime": (
        "regime up {}\nwhen v > v { goto upp }", "unknown regime 'upp'; did you mean 'up'", "10:14",
    ),
    "two regimes": (
        "regime a {}\nregime b {}\nwhen v > v { goto a goto b }", "enters one regime", "11:21",
    ),
    "after outside": ("after tau { v = v }", "counts from the entry into a regime", "9:1"),
    "declaration in regime": (
        "regime a { param b : 1 = 1.0 }", "'param' has no place in a regime", "9:12",
    ),
    "regime in regime": ("regime a { regime b {} }", "'regime' has no place in a regime", "9:12"),
    "deliver in cell": ("when v > v { deliver v }", "'deliver' has no place in the event", "9:14"),
    "state per edge": ("state x : 1 = 0.0 per edge", "is per element; found per edge", "9:1"),
    "infinite default": ("param big : 1 = 1.0e999", "is not a finite number; found inf", "9:1"),
    "infinite literal": ("let a = 1.0e999", "a literal is a finite number", "9:9"),
    # text
    "arguments": ("let a = min(v)", "arguments of 'min'; found 1, expected 2", "9:9"),
    "single equals": ("let a = v = v", "a comparison is written '=='", None),
    "no expression": ("let a = ", "an expression expected", "10:1"),
    "no emission": ("emit", "Expected one of", None),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    body, message, place = REFUSED[case]
    with pytest.raises(ModelError) as caught:
        read((CELL % body).replace("%", ""))
    assert message in caught.value.message
    assert caught.value.location.file == "model.mlir"
    if place is not None:
        found = f"{caught.value.location.line}:{caught.value.location.column}"
        assert found == place


GENERIC_REFUSED = {
    "mode": ("when v > 1.0 [mV] { v = v }", '"level"', '"often"', "unknown mode 'often'"),
    "comparison": ("let a = v > 1.0 [mV]", '">"', '"!="', "unknown comparison '!='"),
    "result type": ("let a = v * v", '<"mV*mV">', '<"mV">', "wrong result type of '*'"),
    "read type": ("let a = tau", '<"ms">', '<"nA">', "'tau' is read with the wrong type"),
    "alias unit": ("let a = tau", 'dimension<"ms">', 'dimension<"nA">', "'a' has the wrong unit"),
    "coherent type": ("let a = tau", '-> !dyn.q<"ms">', '-> !dyn.q<"s">', "expected 'ms'"),
}


@pytest.mark.parametrize("case", GENERIC_REFUSED)
def test_refused_in_the_generic_form(case):
    """What the readable form cannot say, passes and other tools still can."""
    body, old, new, message = GENERIC_REFUSED[case]
    text = print_text(read_cell(body), generic=True)
    assert old in text
    with pytest.raises(ModelError) as caught:
        read(text.replace(old, new))
    assert message in caught.value.message


def test_alias_that_reads_a_later_one_is_refused():
    document = read_cell("let a = tau\nlet b = a")
    first, second = (op for op in document.module.walk() if isinstance(op, dyn.AliasOp))
    first.detach()
    second.parent.insert_op_after(first, second)
    with pytest.raises(ModelError, match="'a' is used before it is declared, or in a cycle"):
        verify(document)
