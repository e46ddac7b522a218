"""Philox4x32-10 for kernels: random words as a function of a key and a counter.

J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC11 (2011). No state is kept, so a draw does not depend on which thread makes it or when.
"""

from __future__ import annotations

from typing import Any

from snnc.runtime.jit.emit import Term
from snnc.runtime.jit.kinds import FLOAT32, FLOAT64, UINT32, Value, convert, scalar, together
from snnc.runtime.jit.text import Primitive

ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)


def _multiply(word: Term, factor: int) -> tuple[Term, Term]:
    """Return the upper and the lower half of a product of 32-bit words."""
    product = word.widen() * factor
    return (product >> 32).narrow(), product.narrow()


def _philox(counter: list[Term], key: list[Term]) -> list[Term]:
    a, b, c, d = counter
    k0, k1 = key
    for number in range(ROUNDS):
        if number:
            k0, k1 = k0 + _KEY_STEPS[0], k1 + _KEY_STEPS[1]
        upper_a, lower_a = _multiply(a, _MULTIPLIERS[0])
        upper_c, lower_c = _multiply(c, _MULTIPLIERS[1])
        a, b, c, d = upper_c ^ b ^ k0, lower_c, upper_a ^ d ^ k1, lower_a
    return [a, b, c, d]


def _uniform(first: Term, second: Term) -> Term:
    """Return the double (52-bit integer + 1/2) / 2^52.

    The integer becomes the mantissa of a number in [1, 2), from which 1 - 2^-53 is subtracted
    exactly; a conversion from 64-bit integers would not vectorise everywhere.
    """
    bits = ((first >> 6).widen() << 26) | (second >> 6).widen()
    return (bits | 0x3FF0000000000000).as_float() - (1.0 - 2.0**-53)


def _uniform_single(word: Term) -> Term:
    """Return the float (23-bit integer + 1/2) / 2^23."""
    return ((word >> 9) | 0x3F800000).as_float() - (1.0 - 2.0**-24)


def _terms(builder: Any, values: tuple[Value, ...], count: int) -> list[Term]:
    if len(values) != count:
        raise TypeError(f"{count} words are expected, found {len(values)}")
    return [Term(builder, convert(builder, value, UINT32).llvm) for value in values]


def _philox_words(builder: Any, *values: Value) -> Value:
    """Return four random uint32 of a counter of four words and a key of two."""
    terms = _terms(builder, values, 6)
    return together([scalar(UINT32, word.value) for word in _philox(terms[:4], terms[4:])])


def _uniforms(builder: Any, *values: Value) -> Value:
    """Return two independent doubles in (0, 1) of a counter and a key."""
    terms = _terms(builder, values, 6)
    a, b, c, d = _philox(terms[:4], terms[4:])
    return together([scalar(FLOAT64, _uniform(*pair).value) for pair in ((a, b), (c, d))])


def _uniform_f64(builder: Any, *values: Value) -> Value:
    """Return a double in (0, 1), both ends excluded, of two random words (52 random bits)."""
    return scalar(FLOAT64, _uniform(*_terms(builder, values, 2)).value)


def _uniform_f32(builder: Any, *values: Value) -> Value:
    """Return a float in (0, 1), both ends excluded, of a random word (23 random bits)."""
    return scalar(FLOAT32, _uniform_single(*_terms(builder, values, 1)).value)


philox = Primitive("philox", _philox_words)
uniforms = Primitive("uniforms", _uniforms)
uniform_f64 = Primitive("uniform_f64", _uniform_f64)
uniform_f32 = Primitive("uniform_f32", _uniform_f32)
