"""Units: one coherent system in which PyNN's units have no factors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnc.ir.diagnostics import UnitError
from snnc.ir.units import (
    BASE,
    DIMENSIONLESS,
    NAMED,
    Unit,
    divide,
    format_unit,
    multiply,
    parse_unit,
    power,
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("nF", "nA*ms/mV"),
        ("uS", "nA/mV"),
        ("MOhm", "mV/nA"),
        ("nF/uS", "ms"),
        ("nA/nF", "mV/ms"),
        ("kHz", "1/ms"),
        ("Hz", "1/s"),
        ("S", "A/V"),
        ("mV^2/mV", "mV"),
        ("mV**-1", "1/mV"),
        ("mS/cm^2", "10*uS/um^2"),
    ],
)
def test_equal_units(left, right):
    if right.startswith("10*"):
        ours, theirs = parse_unit(left), parse_unit(right[3:])
        assert ours.exponents == theirs.exponents
        assert ours.scale == pytest.approx(1e-5 * theirs.scale)
    else:
        assert parse_unit(left).exponents == parse_unit(right).exponents
        assert parse_unit(left).scale == pytest.approx(parse_unit(right).scale)


@pytest.mark.parametrize("name", ["mV", "ms", "nA", "nF", "uS", "MOhm", "kHz", "um", "mM", "K"])
def test_pynns_units_have_no_factor(name):
    assert parse_unit(name).scale == 1.0


@pytest.mark.parametrize(
    ("name", "scale"),
    [("nS", 1e-3), ("pA", 1e-3), ("pF", 1e-3), ("Hz", 1e-3), ("V", 1e3), ("s", 1e3), ("S", 1e6)],
)
def test_factors(name, scale):
    assert parse_unit(name).scale == scale


def test_division_is_from_the_left():
    assert parse_unit("nA/mV/ms") == parse_unit("nA*mV^-1*ms^-1")
    assert parse_unit("1") == Unit(1.0, DIMENSIONLESS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mVV", "unknown unit 'mVV' in 'mVV'; did you mean 'mV'"),
        ("mV ms", "malformed unit"),
        ("mV/", None),
        ("/ms", None),
        ("", None),
        ("mV^", "expected an integer power"),
        ("mV^0.5", "malformed unit"),
        ("mV^ms", "expected an integer power"),
        ("(mV)", None),
        ("2*mV", "unknown unit '2'"),
        ("mV?", "malformed unit"),
    ],
)
def test_malformed_units_are_refused(text, message):
    with pytest.raises(UnitError) as caught:
        parse_unit(text)
    if message:
        assert message in caught.value.message


EXPONENTS = st.tuples(*[st.integers(-4, 4)] * len(BASE))


@given(EXPONENTS)
def test_canonical_text_is_read_back(exponents):
    assert parse_unit(format_unit(exponents)) == Unit(1.0, exponents)


@given(EXPONENTS, EXPONENTS)
def test_products_and_quotients_undo_each_other(a, b):
    assert divide(multiply(a, b), b) == a
    assert multiply(a, a) == power(a, 2)
    assert divide(DIMENSIONLESS, a) == power(a, -1)


@given(st.sampled_from(sorted(NAMED)), st.integers(-3, 3), st.sampled_from(sorted(NAMED)))
def test_text_means_the_product(first, n, second):
    unit = parse_unit(f"{first}^{n}*{second}")
    assert unit.exponents == multiply(power(NAMED[first].exponents, n), NAMED[second].exponents)
    assert unit.scale == pytest.approx(NAMED[first].scale ** n * NAMED[second].scale)


def test_coherent_names_are_printed_whole():
    for name in ("uS", "nF", "MOhm", "mV", "ms", "nA"):
        assert format_unit(NAMED[name].exponents) == name
    assert format_unit(parse_unit("1/ms").exponents) == "1/ms"
    assert format_unit(DIMENSIONLESS) == "1"
