"""Mathematical functions of kernels, in single and double precision.

All but `pow` with a variable exponent and the functions at the end, which are C's, are straight
lines of arithmetic: loops that call them vectorise, and a value does not depend on its place in a
loop. The
precision is that of the argument: float32 in, float32 out; everything else is float64. Errors
below are measured against long arithmetic, in units in the last place (ulp).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from snnc.runtime.jit.emit import Term, elementwise, horner, select
from snnc.runtime.jit.kinds import Value, convert, float_kind, scalar
from snnc.runtime.jit.text import Primitive

MAX_INTEGER_POWER = 64


class _ExpConstants(NamedTuple):
    low: float
    high: float
    ln2_upper: float
    ln2_lower: float
    series: tuple[float, ...]
    coth: tuple[float, ...]
    minus_one: float
    magic: float
    bias: float
    mantissa: int


# `series` is (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, interpolated at Chebyshev's nodes, with an
# error of 0.1 ulp of e^r; `coth` is r coth(r / 2) in r^2 for |r| <= ln(2) / 2, likewise. Below
# `minus_one` e^x - 1 rounds to -1. The upper part of ln 2 has so few bits that its product with an
# exponent is exact. Adding `magic` moves an integer into the lowest bits of the mantissa.
_DOUBLE = _ExpConstants(
    low=-746.0,
    high=710.0,
    ln2_upper=0.693145751953125,
    ln2_lower=1.42860682030941723212e-6,
    series=(
        0.5000000000000001,
        0.16666666666666669,
        0.04166666666662374,
        0.008333333333330032,
        0.0013888888917406447,
        0.00019841269863201828,
        2.4801520996825697e-05,
        2.7557268229963227e-06,
        2.76202305675069e-07,
        2.5100494788905042e-08,
    ),
    coth=(
        2.0,
        0.16666666666666574,
        -0.0027777777776883134,
        6.613756295849671e-05,
        -1.6533880703937878e-06,
        4.137481768308834e-08,
    ),
    minus_one=-40.0,
    magic=6755399441055744.0,
    bias=1023.0,
    mantissa=52,
)
_SINGLE = _ExpConstants(
    low=-104.5,
    high=89.0,
    ln2_upper=0.693359375,
    ln2_lower=-2.12194440054690583e-4,
    series=(
        0.5,
        0.16666576583158002,
        0.041666554109346714,
        0.008363246669753728,
        0.0013926268052570573,
    ),
    coth=(2.0, 0.16666613215424636, -0.0027659007272779505),
    minus_one=-20.0,
    magic=12582912.0,
    bias=127.0,
    mantissa=23,
)


def _constants(x: Term) -> _ExpConstants:
    return _SINGLE if x.is_single else _DOUBLE


def _reduced_exp(x: Term) -> tuple[Term, Term, Term]:
    """Return t, n', n'' with e^x = (1 + t) 2^n' 2^n''; the lowest bits of the integers count.

    The power is split since 2^n alone would overflow or vanish at both ends of the range.
    """
    c = _constants(x)
    x = select(x < c.low, c.low, x)
    x = select(x > c.high, c.high, x)
    shifted = x.llvm("fmuladd", x.const(1.4426950408889634), x.const(c.magic))
    n = shifted - c.magic
    r = n.llvm("fmuladd", x.const(-c.ln2_upper), x)
    r = n.llvm("fmuladd", x.const(-c.ln2_lower), r)
    t = (r * r).llvm("fmuladd", horner(r, *c.series), r)
    half = shifted.bits() >> 1
    return t, half, shifted.bits() - half


def _power_of_two(n: Term, c: _ExpConstants) -> Term:
    """2^n for the integer in the lowest bits."""
    return ((n + int(c.bias)) << c.mantissa).as_float()


def _exp(x: Term) -> Term:
    """e^x within 1.1 ulp; 0 and infinity beyond the range, nan for nan."""
    t, first, second = _reduced_exp(x)
    c = _constants(x)
    scale = _power_of_two(first, c)
    return t.llvm("fmuladd", scale, scale) * _power_of_two(second, c)


def _expm1(x: Term) -> Term:
    """e^x - 1 within 2.1 ulp, also close to 0."""
    t, first, second = _reduced_exp(x)
    c = _constants(x)
    scale = _power_of_two(first, c)
    return (t * scale + (scale - _power_of_two(0 - second, c))) * _power_of_two(second, c)


def _relative(x: Term) -> tuple[Term, Term, Term]:
    """Return a, b and c with 2 a / (b c) = (e^x - 1) / x.

    At 0 a is 0, and b is x but where a is infinite. With x = n ln 2 + r the quotient (e^r - 1) / r
    is 2 / (r coth(r / 2) - r), and what 2^n adds goes over the same denominator, so that one
    division serves both. The factor 2 is kept apart since 2^n may overflow where e^x does not.
    """
    c = _constants(x)
    # Where it is reached, the scale below is infinite.
    most = (c.bias + 1.9) / 1.4426950408889634
    x = select(x > most, most, x)
    reduced = select(x < c.minus_one, c.minus_one, x)
    # The lowest bits of the sum are the exponent of 2^(n - 1).
    magic = c.magic + c.bias - 1.0
    exponent = reduced.llvm("fmuladd", x.const(1.4426950408889634), x.const(magic))
    n = exponent - magic
    # One part of ln 2 errs by a third of what rounding x does, and e^x - 1 forgets it for x < 0.
    r = n.llvm("fmuladd", x.const(-(c.ln2_upper + c.ln2_lower)), reduced)
    even = horner(r * r, *c.coth)
    scale = (exponent.bits() << c.mantissa).as_float()
    return (scale - 0.5).llvm("fmuladd", even + r, r), x, even - r


def _exprel(x: Term) -> Term:
    """(e^x - 1) / x within 4 ulp, 4 + 0.3 x for x > 0; 1 at 0, infinity where e^x overflows."""
    above, clamped, below = _relative(x)
    half = above / (clamped * below)
    return select(x.equals(0.0), 1.0, half + half)


def _inverse_exprel(x: Term) -> Term:
    """1 / exprel(x) with the errors of `exprel`; 1 at 0, 0 where e^x overflows."""
    above, clamped, below = _relative(x)
    return select(x.equals(0.0), 1.0, clamped * 0.5 * below / above)


_LOG_DOUBLE = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_LOG_SINGLE = (0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841)


def _log(x: Term) -> Term:
    """Natural logarithm within 1 ulp (the series of fdlibm); -infinity at 0, nan below it."""
    c = _constants(x)
    tiny, lift = (2.0**-126, 25.0) if x.is_single else (2.0**-1022, 54.0)
    subnormal = x < tiny
    y = select(subnormal, x * 2.0**lift, x)
    # The exponent counts from sqrt(1/2), so that the mantissa lies in [sqrt(1/2), sqrt(2)).
    offset = 0x3F3504F3 if x.is_single else 0x3FE6A09E667F3BCD
    bits = y.bits()
    shifted = bits + ((0x3F800000 if x.is_single else 0x3FF0000000000000) - offset)
    exponent = (shifted >> c.mantissa) | x.const(c.magic).bits()
    k = exponent.as_float() - (c.magic + c.bias)
    k = select(subnormal, k - lift, k)
    f = ((shifted & ((1 << c.mantissa) - 1)) + offset).as_float() - 1.0
    s = f / (f + 2.0)
    z = s * s
    series = horner(z, 0.0, *(_LOG_SINGLE if x.is_single else _LOG_DOUBLE))
    half = f * f * 0.5
    upper, lower = (
        (6.9313812256e-01, 9.0580006145e-06)
        if x.is_single
        else (6.93147180369123816490e-01, 1.90821492927058770002e-10)
    )
    result = k * upper - ((half - (s * (half + series) + k * lower)) - f)
    result = select(x < float("inf"), result, x)
    result = select(x.equals(0.0), float("-inf"), result)
    return select(x < 0.0, float("nan"), result)


def _tanh(x: Term) -> Term:
    """Hyperbolic tangent within 3 ulp."""
    e = _expm1(x.llvm("fabs") * -2.0)
    return (-e / (e + 2.0)).llvm("copysign", x)


class _CircleConstants(NamedTuple):
    quarter: tuple[float, ...]
    sine: tuple[float, ...]
    cosine: tuple[float, ...]
    limit: float


# `quarter` are the parts of pi / 2: products of the upper ones with moderate integers are exact.
# The series, of (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4 in r^2 for |r| <= pi / 4, are
# those of fdlibm and of Cephes.
_CIRCLE_DOUBLE = _CircleConstants(
    quarter=(1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21),
    sine=(
        -1.66666666666666324348e-01,
        8.33333333332248946124e-03,
        -1.98412698298579493134e-04,
        2.75573137070700676789e-06,
        -2.50507602534068634195e-08,
        1.58969099521155010221e-10,
    ),
    cosine=(
        4.16666666666666019037e-02,
        -1.38888888888741095749e-03,
        2.48015872894767294178e-05,
        -2.75573143513906633035e-07,
        2.08757232129817482790e-09,
        -1.13596475577881948265e-11,
    ),
    limit=2.0**40,
)
_CIRCLE_SINGLE = _CircleConstants(
    quarter=(1.5703125, 4.837512969970703125e-4, 7.549790126404332e-08, -1.7150994166548195e-15),
    sine=(-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4),
    cosine=(4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5),
    limit=2.0**18,
)


def _circle(x: Term) -> _CircleConstants:
    return _CIRCLE_SINGLE if x.is_single else _CIRCLE_DOUBLE


def _in_quadrant(r: Term, n: Term, turned: int) -> Term:
    """Return sin(r + (n + turned) pi / 2) for |r| <= pi / 4 and an integer n."""
    c = _circle(r)
    z = r * r
    sine = r + r * z * horner(z, *c.sine)
    half = z * 0.5
    near = 1.0 - half
    cosine = near + (((1.0 - near) - half) + z * z * horner(z, *c.cosine))
    quadrant = (n + _constants(r).magic).bits() + turned
    value = select((quadrant & 1).equals(0), sine, cosine)
    width = 32 if r.is_single else 64
    return (value.bits() ^ ((quadrant & 2) << (width - 2))).as_float()


def _of_angle(x: Term, turned: int) -> Term:
    c = _circle(x)
    n = (x * 0.6366197723675814).llvm("rint")
    r = x
    for part in c.quarter:
        r = n.llvm("fmuladd", x.const(-part), r)
    return select(x.llvm("fabs") <= c.limit, _in_quadrant(r, n, turned), float("nan"))


def _sin(x: Term) -> Term:
    """Sine within 2.1 ulp up to |x| = 10^6 (f32: 10^4); nan beyond 2^40 (f32: 2^18).

    In between the absolute error stays below that of rounding x.
    """
    return _of_angle(x, 0)


def _cos(x: Term) -> Term:
    """Cosine; precision and limits are those of `sin`."""
    return _of_angle(x, 1)


def _cos_turns(x: Term) -> Term:
    """cos(2 pi x) within 2 ulp for |x| up to 2^40 (f32: 2^18): reduction is exact."""
    n = (x * 4.0).llvm("rint")
    return _in_quadrant((x - n * 0.25) * 6.283185307179586, n, 1)


def _sqrt(x: Term) -> Term:
    """Square root, correctly rounded."""
    return x.llvm("sqrt")


def _fabs(x: Term) -> Term:
    """Absolute value."""
    return x.llvm("fabs")


def _floor(x: Term) -> Term:
    """Largest integer not above x, as a float."""
    return x.llvm("floor")


def _ceil(x: Term) -> Term:
    """Smallest integer not below x, as a float."""
    return x.llvm("ceil")


def _rint(x: Term) -> Term:
    """Nearest integer as a float, halves to even."""
    return x.llvm("rint")


def _fmin(x: Term, y: Term) -> Term:
    """Return x where x < y, else y (so y where either is nan)."""
    return select(x < y, x, y)


def _fmax(x: Term, y: Term) -> Term:
    """Return x where x > y, else y (so y where either is nan)."""
    return select(x > y, x, y)


exp = elementwise(_exp, 1)
expm1 = elementwise(_expm1, 1)
exprel = elementwise(_exprel, 1)
inverse_exprel = elementwise(_inverse_exprel, 1)
log = elementwise(_log, 1)
tanh = elementwise(_tanh, 1)
sin = elementwise(_sin, 1)
cos = elementwise(_cos, 1)
cos_turns = elementwise(_cos_turns, 1)
sqrt = elementwise(_sqrt, 1)
fabs = elementwise(_fabs, 1)
floor = elementwise(_floor, 1)
ceil = elementwise(_ceil, 1)
rint = elementwise(_rint, 1)
fmin = elementwise(_fmin, 2)
fmax = elementwise(_fmax, 2)


def _from_libm(name: str) -> Any:
    def function(x: Term) -> Term:
        return x.libm(name)

    function.__name__ = name
    function.__doc__ = f"C's `{name}`; a loop that calls it is not vectorised."
    return elementwise(function, 1)


tan = _from_libm("tan")
sinh = _from_libm("sinh")
cosh = _from_libm("cosh")
atan = _from_libm("atan")
asin = _from_libm("asin")
acos = _from_libm("acos")
erf = _from_libm("erf")


def _integer_power(x: Term, n: int) -> Term:
    result, square, rest = None, x, abs(n)
    while rest:
        if rest & 1:
            result = square if result is None else result * square
        rest >>= 1
        if rest:
            square = square * square
    if result is None:
        return x.const(1.0)
    return 1.0 / result if n < 0 else result


def _pow(builder: Any, x: Value, y: Value) -> Value:
    """Return x to the power y: by multiplications for a literal integer y, else C's `pow`."""
    kind = float_kind(x.scalar, y.scalar)
    base = Term(builder, convert(builder, x, kind).llvm)
    if isinstance(y.literal, int) and abs(y.literal) <= MAX_INTEGER_POWER:
        return scalar(kind, _integer_power(base, y.literal).value)
    return scalar(kind, base.libm("pow", Term(builder, convert(builder, y, kind).llvm)).value)


pow = Primitive("pow", _pow)
