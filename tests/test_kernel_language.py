"""The language of kernel texts: what it means, and what it refuses."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnc.ir.diagnostics import CompilationError
from snnc.runtime.jit.cache import Kernels, KernelSource

IMPORTS = """\
from snnc.runtime.jit.intrinsics import count_bits, f32, f64, i32, i64, loop, select, \
u8, u16, u32, u64
from snnc.runtime.jit.mathlib import pow
import numpy as np
HALF = np.float32
"""
INTEGERS = st.integers(-(2**61), 2**61)
SMALL = st.integers(-40, 40)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return Kernels(tmp_path_factory.mktemp("kernels"))


@pytest.fixture(scope="module")
def run(kernels):
    """Return a function that runs a body with words `d`, and returns them as integers."""

    def run(body, *words, helpers=""):
        lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        text = (
            f"{IMPORTS}{helpers}\ndef entry(desc, rows, step):\n    d = i64(desc, 16)\n"
            f"    f = f64(desc, 16)\n{lines}"
        )
        table = np.zeros(16, np.int64)
        for index, word in enumerate(words):
            table[index : index + 1].view(type(word))[0] = word
        kernels.get(KernelSource("language", text))(table.ctypes.data, 1, 0)
        return table

    return run


ARITHMETIC = """
d[2] = d[0] // d[1]
d[3] = d[0] + d[1]
d[4] = d[0] >> 3
d[5] = d[0] < d[1]
d[6] = min(d[0], d[1])
d[7] = max(d[0], d[1])
d[8] = -d[0]
d[9] = (d[0] & d[1]) | (d[0] ^ 5)
d[10] = d[0] // 8
d[11] = d[0] // -3
"""


@settings(max_examples=60, deadline=None)
@given(a=INTEGERS | SMALL, b=INTEGERS | SMALL)
def test_integers_behave_as_in_python(run, a, b):
    found = run(ARITHMETIC, np.int64(a), np.int64(b))[2:12].tolist()
    quotient = a // b if b else 0
    rest = [a >> 3, a < b, min(a, b), max(a, b), -a, (a & b) | (a ^ 5), a // 8, a // -3]
    assert found == [quotient, a + b, *rest]


@settings(max_examples=40, deadline=None)
@given(a=st.floats(allow_nan=True), b=st.floats(allow_nan=True))
def test_comparisons_of_floats_behave_as_in_python(run, a, b):
    names = ("<", "<=", ">", ">=", "==", "!=")
    body = "\n".join(f"d[{2 + i}] = f[0] {name} f[1]" for i, name in enumerate(names))
    found = run(body, np.float64(a), np.float64(b))[2:8].tolist()
    assert found == [a < b, a <= b, a > b, a >= b, a == b, a != b]


def test_a_name_takes_the_widest_kind_that_it_is_given(run):
    words = run("total = 0\nfor i in range(4):\n    total += 0.5 * i\nf[0] = total")
    assert words.view(np.float64)[0] == 3.0


def test_float32_stays_float32_among_its_own_and_widens_beside_float64(run):
    body = "x = f32(desc, 2)\nf[1] = x[0] * x[0] * HALF(3.0)\nf[2] = x[0] * x[0] * 3.0"
    third = np.float32(1 / 3)
    word = np.int64(struct.unpack("<i", struct.pack("<f", third))[0])
    found = run(body, word).view(np.float64)
    assert found[1] == float(third * third * np.float32(3))
    assert found[2] == pytest.approx(float(third * third) * 3, rel=1e-15)


def test_unsigned_words_are_widened_without_sign(run):
    body = "d[1] = u8(desc, 8)[7]\nd[2] = u32(desc, 2)[1]\nd[3] = i32(desc, 2)[1]"
    body += "\nd[4] = u64(desc, 1)[0] > 1\nd[5] = d[0] > 1\nd[6] = u64(desc, 1)[0] >> 63"
    assert run(body, np.int64(-1))[1:7].tolist() == [255, 2**32 - 1, -1, 1, 0, 1]


LOOPS = """
n = 0
for i in range(10, 0, -3):
    if i == 4:
        continue
    d[n] = i
    n += 1
while True:
    n += 100
    if n > 500:
        break
d[3] = n
d[4] = first_above(i64(desc, 16)[0:3], 3, 8)
d[5] = first_above(i64(desc, 16), 3, 1000)
both = swapped(d[0], d[1])
d[6], d[7] = both
d[8] = 1 if d[0] > 5 and d[1] > 5 else 2
d[9] = i64(desc, 16)[2:7].size
d[10] = i
"""
HELPERS = """
@loop
def first_above(x, n, limit):
    for i in range(n):
        if x[i] > limit:
            return i
    return -1


@loop
def swapped(a, b):
    return b, a
"""


def test_loops_branches_and_functions(run):
    found = run(LOOPS, helpers=HELPERS)[:11].tolist()
    assert found == [10, 7, 1, 503, 0, -1, 7, 10, 1, 5, 1]


def test_what_is_not_needed_is_not_evaluated(run):
    """Reading at address 0 would end the process."""
    body = "d[1] = d[0] == 0 or i64(d[0], 1)[0] > 0\nd[2] = d[0] != 0 and i64(d[0], 1)[0] > 0"
    assert run(body, np.int64(0))[1:3].tolist() == [1, 0]


@given(planes=st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 3))
def test_numbers_are_read_from_planes_of_bits(run, planes):
    found = run("count_bits(desc + 8 * 8, d[0], d[1], d[2])", *map(np.int64, planes))[8:].view(
        np.uint8
    )
    digits = [np.array([plane >> bit & 1 for bit in range(64)]) for plane in planes]
    np.testing.assert_array_equal(found, digits[0] + 2 * digits[1] + 4 * digits[2])


def test_powers_of_literals_multiply(run):
    found = run("f[1] = pow(f[0], 3)\nf[2] = pow(f[0], -2)\nf[3] = pow(f[0], 0.5)", np.float64(1.7))
    expected = [1.7 * 1.7 * 1.7, 1 / (1.7 * 1.7), math.sqrt(1.7)]
    np.testing.assert_allclose(found.view(np.float64)[1:4], expected, rtol=1e-15)


@pytest.mark.parametrize(
    "body, message",
    [
        ("x = [1]", "line 9: kernels have no List"),
        ("x = d[0] % 2", "no operator Mod"),
        ("x = f[0] // 2", "// of floats"),
        ("x = f[0] & 1", "a float stands where an integer"),
        ("for i in d:\n    d[0] = i", "a loop runs over a range"),
        ("for i in range(0, 9, d[0]):\n    d[0] = i", "step of a range must be a literal"),
        ("x = 1\nx = d", "an array in one place and for another kind elsewhere"),
        ("x = d[0] + d", "an array or a tuple stands where a number"),
        ("x = missing + 1", "unknown name missing"),
        ("missing(d)", "unknown function missing"),
        ("raise ValueError()", "kernels have no Raise"),
        ("x = 0 < d[0] < 5", "kernels have no Compare"),
        ("select(1, 2)", "select"),
        ("x = again(d[0])", "again calls itself"),
        ("x = two(d[0])", "two takes 2 arguments"),
        ("import os", "kernels have no Import"),
    ],
)
def test_what_is_not_in_the_language_is_refused(run, body, message):
    helpers = "@loop\ndef again(x):\n    return again(x)\n\n\n@loop\ndef two(x, y):\n    return x\n"
    if message.startswith("line"):
        helpers = ""
    with pytest.raises(CompilationError, match=message):
        run(body, helpers=helpers)


@pytest.mark.parametrize(
    "line, message",
    [
        ("import os", "neither function nor constant"),
        ("from os import system", "kernels cannot import system of os"),
        ("from snnc.runtime.jit.cache import Kernels", "kernels cannot import Kernels"),
        ("X = open('file')", "no constant"),
        ("@cache\ndef f(x):\n    return x", "unknown decorator cache"),
    ],
)
def test_a_text_is_read_and_never_run(run, line, message):
    with pytest.raises(CompilationError, match=message):
        run("d[0] = 1", helpers=line + "\n")
