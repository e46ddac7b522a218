import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnc.importing.expressions import Call, Name, Number, Operation, parse_expression
from snnc.importing.model_text import ModelText, infix
from snnc.importing.quantities import si_unit, split_quantity
from snnc.importing.xml import place, read_xml
from snnc.ir.diagnostics import Location, ModelError, UnitError
from snnc.ir.units import parse_unit

HERE = Location("model.xml", 7)
ARITHMETIC = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def value_of(node, values):
    match node:
        case Number():
            return node.value
        case Name():
            return values[node.name]
        case Call(function="pow", arguments=(base, exponent)):
            return value_of(base, values) ** value_of(exponent, values)
        case Operation(sign="-", operands=(one,)):
            return -value_of(one, values)
        case Operation(sign="^", operands=(base, exponent)):
            return value_of(base, values) ** value_of(exponent, values)
        case Operation(operands=(left, right)):
            return ARITHMETIC[node.sign](value_of(left, values), value_of(right, values))
    raise AssertionError(node)


leaves = st.one_of(
    st.integers(0, 9).map(lambda n: Number(float(n))), st.sampled_from("abc").map(Name)
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner).map(lambda x: Operation(x[0], x[1:])),
        inner.map(lambda x: Operation("-", (x,))),
        st.tuples(inner, st.just(Number(2.0))).map(lambda x: Operation("^", x)),
    ),
    max_leaves=12,
)


@given(trees)
def test_the_text_written_for_the_ir_means_the_same(tree):
    values = {"a": 3.0, "b": -2.0, "c": 0.5}
    again = parse_expression(infix(tree))
    assert value_of(again, values) == value_of(tree, values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a .gt. 1 .and. b .neq. 2", "a > 1.0 and not b == 2.0"),
        ("!(a <= 1) || b", "not a <= 1.0 or b"),
        ("-a^2", "-pow(a, 2.0)"),
        ("2^-b", "pow(2.0, -b)"),
        ("a/(b*c)", "a / (b * c)"),
        ("a/tan(b)", "a / (sin(b) / cos(b))"),
        ("ln(a)**2", "pow(log(a), 2.0)"),
        ("1e-3*a", "0.001 * a"),
    ],
)
def test_spellings_of_other_languages(text, expected):
    assert infix(parse_expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", "column 4: an expression expected in 'a +'"),
        ("(a", "column 3: ')' expected"),
        ("a b", "column 3: unexpected 'b'"),
        ("a $ b", "column 2: a number, a name or an operator expected"),
        ("(" * 200 + "a", "more than 50 levels of nesting"),
        ("2^" * 200 + "a", "more than 50 levels of nesting"),
        ("a + " * 300 + "a", "more than 200 operands in a row"),
    ],
)
def test_malformed_expressions_name_the_column(text, message):
    with pytest.raises(ModelError) as raised:
        parse_expression(text, HERE)
    assert message in str(raised.value)
    assert raised.value.location == HERE


def test_unknown_functions_are_named():
    with pytest.raises(
        ModelError, match=r"model.xml:7: error: unknown function 'expp'; did you mean"
    ):
        infix(parse_expression("expp(a)"), at=HERE)
    with pytest.raises(ModelError, match="wrong number of arguments of 'exp'; found 2, expected 1"):
        infix(parse_expression("exp(a, b)"))


@pytest.mark.parametrize(
    ("dimension", "unit"),
    [
        ({"mass": 1, "length": 2, "time": -3, "current": -1}, "V"),
        ({"current": 1}, "A"),
        ({"time": 1}, "s"),
        ({"time": -1}, "Hz"),
        ({"mass": -1, "length": -2, "time": 3, "current": 2}, "S"),
        ({"mass": -1, "length": -4, "time": 4, "current": 2}, "nF/m^2"),
        ({"length": 1}, "m"),
        ({"amount": 1, "length": -3}, "mM"),
    ],
)
def test_si_dimensions_become_coherent_units(dimension, unit):
    expected, found = parse_unit(unit), si_unit(**dimension)
    factor = 1e9 if unit.startswith("nF") else 1.0
    assert found.exponents == expected.exponents
    assert math.isclose(found.scale, expected.scale * factor, rel_tol=1e-12)


def test_quantities_are_a_number_and_a_unit():
    assert split_quantity(" -1.5e-3 nA ") == (-0.0015, "nA")
    assert split_quantity("3") == (3.0, "")
    with pytest.raises(UnitError, match="malformed quantity; found 'ten mV'"):
        split_quantity("ten mV")


def test_faults_of_a_model_are_told_at_the_place_they_came_from():
    model = ModelText("model.xml")
    with model.block("dyn.cell @leak"):
        model.line("state v : mV = 0.0")
        model.line("dv/dt = v", HERE)
    with pytest.raises(ModelError) as raised:
        model.document()
    assert raised.value.location == HERE


def test_elements_know_their_line(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text("<a>\n  <b/>\n</a>")
    assert str(place(read_xml(file)[0], "a.xml")) == "a.xml:2"


BOMB = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a><b></a>", "malformed XML"),
        ("", "malformed XML"),
        (BOMB, "document types and entities are not allowed"),
        (EXTERNAL, "document types and entities are not allowed"),
        ("<a>" * 250 + "</a>" * 250, "more than 200 levels of elements"),
    ],
)
def test_hostile_xml_is_refused_with_its_place(tmp_path, text, message):
    file = tmp_path / "bad.xml"
    file.write_text(text)
    with pytest.raises(ModelError, match=message) as raised:
        read_xml(file)
    assert "bad.xml:1" in str(raised.value)
