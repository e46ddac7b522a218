"""Philox4x32-10 for kernels: random words as a function of a key and a counter.

J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC11 (2011). No state is kept, so a draw does not depend on which thread makes it or when.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from snnc.runtime.jit.emit import Term

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


def _words(builder: Any, args: Any) -> list[Term]:
    terms = [Term(builder, a) for a in args]
    return _philox(terms[:4], terms[4:])


_WORDS = types.UniTuple(types.uint32, 4)
_PAIR = types.UniTuple(types.float64, 2)
_SIX = [types.uint32] * 6


@intrinsic
def philox(typing: Any, c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any]:
    """Return four random uint32 of a counter of four words and a key of two."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = _words(builder, args)
        return context.make_tuple(builder, signature.return_type, [w.value for w in words])

    return _WORDS(*_SIX), generate


@intrinsic
def uniforms(typing: Any, c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any]:
    """Return two independent doubles in (0, 1) of a counter and a key."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, c, d = _words(builder, args)
        pair = [_uniform(a, b).value, _uniform(c, d).value]
        return context.make_tuple(builder, signature.return_type, pair)

    return _PAIR(*_SIX), generate


@intrinsic
def uniform_f64(typing: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Return a double in (0, 1), both ends excluded, of two random words (52 random bits)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _uniform(Term(builder, args[0]), Term(builder, args[1])).value

    return types.float64(types.uint32, types.uint32), generate


@intrinsic
def uniform_f32(typing: Any, word: Any) -> tuple[Any, Any]:
    """Return a float in (0, 1), both ends excluded, of a random word (23 random bits)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _uniform_single(Term(builder, args[0])).value

    return types.float32(types.uint32), generate
