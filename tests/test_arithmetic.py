"""Arithmetic of users: same value as numpy's, bounds that hold, and nothing but arithmetic."""

import contextlib
import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import arithmetic_texts

from snnc.ir.arithmetic import parse_arithmetic
from snnc.ir.diagnostics import UserError
from snnc.ir.values import DistanceExpression, Random, Sequences, Space

NUMPY = {
    "exp": np.exp, "log": np.log, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh, "abs": np.abs,
    "min": np.minimum, "max": np.maximum, "pi": np.pi, "float64": np.float64,
    "where": lambda c, a, b: np.where(np.asarray(c, dtype=bool), a, b),
}  # fmt: skip
KERNEL = {
    **NUMPY,
    "fabs": np.abs,
    "fmin": np.minimum,
    "fmax": np.maximum,
    "pow": np.float_power,
}
DISTANCES = np.array([0.0, 1e-3, 0.5, 1.0, 2.0, 3.0, 7.25, 50.0, 1e4])


def python_value(text, d):
    """Evaluate by Python and numpy, one number at a time."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = text.replace("not (", "1.0 - 1.0*(")
        value = eval(text, {"__builtins__": {}}, {**NUMPY, "d": np.float64(d)})
    # Python's own powers of negative numbers are complex, numpy's undefined.
    return float("nan") if isinstance(value, complex) else float(value)


@given(arithmetic_texts.filter(lambda text: " and " not in text and " or " not in text))
def test_value_is_that_of_numpy(text):
    values = parse_arithmetic(text).evaluate(d=DISTANCES)
    expected = [python_value(_floats(text), d) for d in DISTANCES]
    # An elementwise loop of numpy and a single call may differ in the last place.
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-300)


def _floats(text):
    return re.sub(r"(?<![\w.])(\d+(?:\.\d*)?(?:e[+-]?\d+)?)(?![\w.])", r"float64(\1)", text)


@given(arithmetic_texts)
def test_canonical_text_reads_back_as_the_same_tree(text):
    arithmetic = parse_arithmetic(text)
    assert parse_arithmetic(arithmetic.text) == arithmetic
    assert parse_arithmetic(arithmetic.text).text == arithmetic.text


@given(arithmetic_texts)
def test_kernel_source_has_the_value_of_the_tree(text):
    arithmetic = parse_arithmetic(text)
    source = arithmetic.to_kernel()
    for name in arithmetic.functions:
        assert f"{name}(" in source
    for d in DISTANCES:
        with np.errstate(all="ignore"):
            scope = {**KERNEL, "d": np.float64(d)}
            found = eval(_floats(source), {"__builtins__": {}}, scope)
        near = arithmetic.evaluate(d=[d, np.nextafter(d, -1.0), np.nextafter(d, np.inf)])
        if not np.allclose(near, near[0], rtol=1e-10, atol=0.0, equal_nan=True):
            continue  # The sine of a huge power, say: its value hangs on how numpy rounds.
        np.testing.assert_allclose(found, near[0], rtol=1e-9, atol=1e-300)


@given(
    arithmetic_texts,
    st.floats(0.0, 100.0),
    st.floats(0.0, 100.0) | st.floats(0.0, 1e-3),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20),
)
def test_bounds_contain_every_value(text, start, width, fractions):
    arithmetic = parse_arithmetic(text)
    lo, hi = arithmetic.bounds(d=(start, start + width))
    inside = np.clip(start + width * np.array([0.0, 1.0, *fractions]), start, start + width)
    values = arithmetic.evaluate(d=inside)
    undefined = np.isnan(values)
    assert np.all((values >= lo) & (values <= hi) | undefined)
    if undefined.any():
        assert (lo, hi) == (-math.inf, math.inf)


def test_bounds_of_many_blocks_at_once_show_which_to_skip():
    inside = parse_arithmetic("(d<5)*0.3*exp(-d/2)")
    starts = np.arange(0.0, 10.0, 2.5)
    lo, hi = inside.bounds(d=(starts, starts + 2.4))
    assert lo.shape == hi.shape == (4,)
    assert np.all(hi[:2] > 0.0)
    assert np.array_equal(hi[2:], [0.0, 0.0])


def test_bounds_are_tight_enough_to_be_of_use():
    lo, hi = parse_arithmetic("exp(-d**2/400.0)").bounds(d=(20.0, 40.0))
    assert np.exp(-4.0) * (1 - 1e-12) < lo < np.exp(-4.0)
    assert np.exp(-1.0) < hi < np.exp(-1.0) * (1 + 1e-12)
    lo, hi = parse_arithmetic("sin(d)").bounds(d=(1.0, 2.0))
    assert hi == 1.0
    assert lo == pytest.approx(math.sin(1.0), abs=1e-12)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("exp( - d**2 / 400.0 )", "exp(-d**2/400)"),
        ("0.5 + 0.01*d", "0.5+0.01*d"),
        ("(d<5)*0.3", "(d<5)*0.3"),
        ("1-(2-(3-d))", "1-(2-(3-d))"),
        ("(d<5) & (d>2)", "d<5 and d>2"),
        ("2 < d < 5", "2<d and d<5"),
        ("power(d, 2)", "d**2"),
        ("fabs(minimum(d, 1, 2))", "abs(min(min(d,1),2))"),
        ("0.1 if d < 3 else 1e-7", "where(d<3,0.1,1e-07)"),
    ],
)
def test_canonical_text(text, canonical):
    assert parse_arithmetic(text).text == canonical


def test_a_constant_has_the_shape_of_the_distances():
    assert np.array_equal(parse_arithmetic("0.25").evaluate(d=np.zeros(3)), [0.25] * 3)
    lo, hi = parse_arithmetic("0.25").bounds(d=(np.zeros(3), np.ones(3)))
    assert lo.shape == hi.shape == (3,)


def test_other_variables():
    assert parse_arithmetic("i + 2*j", ("i", "j")).evaluate(i=[1.0], j=[2.0]) == [5.0]


def test_a_number_that_touches_a_name_is_a_product_with_a_warning():
    with pytest.warns(DeprecationWarning, match=r"read as '0.5\+0.01\*d'"):
        assert parse_arithmetic("0.5+0.01d").text == "0.5+0.01*d"
    with pytest.warns(DeprecationWarning):
        assert parse_arithmetic("2e-3d+.5exp(d)").text == "0.002*d+0.5*exp(d)"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_arithmetic("1e3+d1*2", ("d1",))


REFUSED = [
    ("d.real", 1, "attribute '.real'"),
    ("1 + d.__class__", 5, "attribute '.__class__'"),
    ("__import__('os')", 1, "unknown function '__import__'"),
    ("2*ex(d)", 3, "unknown function 'ex'; did you mean 'exp'?"),
    ("2 + x", 5, "unknown name 'x'"),
    ("0.01*d + dist", 10, "unknown name 'dist'"),
    ("lambda: d", 1, "'lambda'"),
    ("d[0]", 1, "subscript"),
    ("'d'", 1, "'d' is not a number"),
    ("d + True", 5, "True is not a number"),
    ("d + 2j", 5, "2j is not a number"),
    ("d + 1e999", 5, "number too large"),
    ("[d]", 1, "List"),
    ("(d := 2)", 2, "assignment"),
    ("exp(d, d)", 1, "'exp' takes 1 arguments, found 2"),
    ("exp(x=d)", 1, "keyword argument"),
    ("min(d)", 1, "'min' takes 2 arguments, found 1"),
    ("exp", 1, "function 'exp' without arguments"),
    ("d % 2", 1, "operator Mod"),
    ("d << 2", 1, "operator LShift"),
    ("d & (d<2)", 1, "not a condition"),
    ("~d", 1, "not a condition"),
    ("d is d", 1, "comparison Is"),
    ("d +", None, "malformed"),
    ("", None, "malformed"),
    ("d\0", None, "expression"),
    ("(" * 300 + "d" + ")" * 300, None, "malformed"),
    ("-" * 3000 + "d", None, "expression"),
    ("+".join(["d"] * 500), 1, "levels of nesting"),
    ("min(" + ",".join(["d"] * 500) + ")", 1, "levels of nesting"),
    ("d" * 5000, None, "too long"),
]


@pytest.mark.parametrize(("text", "column", "what"), REFUSED, ids=[r[0][:20] for r in REFUSED])
def test_anything_but_arithmetic_is_refused_with_piece_and_column(text, column, what):
    with pytest.raises(UserError) as refusal:
        parse_arithmetic(text)
    message = str(refusal.value)
    assert what in message
    assert len(message) < 400
    if column is not None:
        assert f"column {column}:" in message


def test_columns_are_those_of_the_text_as_written():
    with pytest.warns(DeprecationWarning), pytest.raises(UserError, match="column 11:"):
        parse_arithmetic("  0.01d + x")


@given(st.text(max_size=40))
def test_any_text_is_arithmetic_or_a_user_error(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(UserError):
            parse_arithmetic(text)


def test_distributions_are_checked():
    assert list(Random("normal", {"sigma": 1, "mu": 0}).params.items()) == [("mu", 0), ("sigma", 1)]
    Random("normal_clipped", {"mu": 0, "sigma": 1, "low": 0, "high": math.inf})
    for name, params, message in [
        ("unifrom", {}, "did you mean 'uniform'"),
        ("uniform", {"low": 0}, "lacks parameter 'high'"),
        ("uniform", {"low": 0, "hihg": 1}, "no parameter 'hihg'; did you mean 'high'"),
        ("uniform", {"low": 0, "high": math.nan}, "not finite"),
        ("uniform", {"low": 0, "high": math.inf}, "not finite"),
        ("uniform", {"low": 2, "high": 1}, "empty range"),
        ("normal", {"mu": 0, "sigma": -1}, "negative"),
        ("binomial", {"n": 3, "p": 1.5}, "above 1"),
    ]:
        with pytest.raises(UserError, match=message):
            Random(name, params)
    with pytest.raises(UserError, match="seed"):
        Random("normal", {"mu": 0, "sigma": 1}, -1)


def test_values_compare_by_content():
    first, second = (Random("normal", {"mu": 0, "sigma": 1}, 3) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert DistanceExpression("1 + d") == DistanceExpression("1+d")
    assert DistanceExpression("1 + d").arithmetic.evaluate(d=2.0) == 3.0


def test_spaces_and_sequences_are_checked():
    with pytest.raises(UserError, match="axes"):
        Space(axes="zy")
    with pytest.raises(UserError, match="periodic"):
        Space(periodic_boundaries=((1.0, 0.0), None, None))
    sequences = Sequences.of([[1.0, 2.0], [], [3.0]])
    assert len(sequences) == 3
    assert sequences.offsets.tolist() == [0, 2, 2, 3]
    with pytest.raises(UserError, match="offsets"):
        Sequences(np.ones(2), np.array([0, 1]))
