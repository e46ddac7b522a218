"""Expressions over LLVM values, and primitives of kernels made from them.

The functions of `snnc.runtime.jit.mathlib` and `snnc.runtime.jit.philox` are called everywhere and
are straight lines of arithmetic: they are Python functions over `Term`, called once for each call
in a kernel text, and emit their instructions in place. This is cheap to compile, always inlined,
and free of the branches that stop vectorisation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from snnc.runtime.jit.kinds import Value, convert, float_kind, scalar
from snnc.runtime.jit.text import Primitive

F32, F64 = ir.FloatType(), ir.DoubleType()
I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class Term:
    """An LLVM value with Python's operators.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        Where the instructions go.
    value : llvmlite.ir.Value
        A float, double or integer. Integers are unsigned in ``>>`` and comparisons.
    """

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @property
    def type(self) -> Any:
        """The LLVM type of the value."""
        return self.value.type

    @property
    def is_float(self) -> bool:
        """Whether the value is a float or a double."""
        return isinstance(self.type, ir.FloatType | ir.DoubleType)

    @property
    def is_single(self) -> bool:
        """Whether the value is a 32-bit float."""
        return isinstance(self.type, ir.FloatType)

    def const(self, number: float) -> Term:
        """Return `number` as a constant of the type of this term."""
        return Term(self.builder, ir.Constant(self.type, number))

    def _operand(self, other: Term | float) -> Any:
        return other.value if isinstance(other, Term) else ir.Constant(self.type, other)

    def _binary(self, name: str, other: Term | float, reverse: bool = False) -> Term:
        emit = getattr(self.builder, ("f" if self.is_float else "") + name)
        right = self._operand(other)
        return Term(self.builder, emit(right, self.value) if reverse else emit(self.value, right))

    def __add__(self, other: Term | float) -> Term:
        return self._binary("add", other)

    def __sub__(self, other: Term | float) -> Term:
        return self._binary("sub", other)

    def __rsub__(self, other: float) -> Term:
        return self._binary("sub", other, reverse=True)

    def __mul__(self, other: Term | float) -> Term:
        return self._binary("mul", other)

    def __truediv__(self, other: Term | float) -> Term:
        return Term(self.builder, self.builder.fdiv(self.value, self._operand(other)))

    def __rtruediv__(self, other: float) -> Term:
        return Term(self.builder, self.builder.fdiv(self._operand(other), self.value))

    def __neg__(self) -> Term:
        return Term(self.builder, self.builder.fneg(self.value))

    __radd__ = __add__
    __rmul__ = __mul__

    def __and__(self, other: Term | int) -> Term:
        return Term(self.builder, self.builder.and_(self.value, self._operand(other)))

    def __or__(self, other: Term | int) -> Term:
        return Term(self.builder, self.builder.or_(self.value, self._operand(other)))

    def __xor__(self, other: Term | int) -> Term:
        return Term(self.builder, self.builder.xor(self.value, self._operand(other)))

    def __lshift__(self, bits: int) -> Term:
        return Term(self.builder, self.builder.shl(self.value, self._operand(bits)))

    def __rshift__(self, bits: int) -> Term:
        return Term(self.builder, self.builder.lshr(self.value, self._operand(bits)))

    def _compare(self, operator: str, other: Term | float) -> Term:
        emit = self.builder.fcmp_ordered if self.is_float else self.builder.icmp_unsigned
        return Term(self.builder, emit(operator, self.value, self._operand(other)))

    def __lt__(self, other: Term | float) -> Term:
        return self._compare("<", other)

    def __gt__(self, other: Term | float) -> Term:
        return self._compare(">", other)

    def __le__(self, other: Term | float) -> Term:
        return self._compare("<=", other)

    def __ge__(self, other: Term | float) -> Term:
        return self._compare(">=", other)

    def equals(self, other: Term | float) -> Term:
        """Return the comparison for equality (false for a nan)."""
        return self._compare("==", other)

    def bits(self) -> Term:
        """Return the bits of a float as an integer of its width."""
        width = I32 if self.is_single else I64
        return Term(self.builder, self.builder.bitcast(self.value, width))

    def as_float(self) -> Term:
        """Return the float whose bits are this integer."""
        kind = F32 if self.type.width == 32 else F64
        return Term(self.builder, self.builder.bitcast(self.value, kind))

    def widen(self) -> Term:
        """Return this 32-bit word as 64 bits, the upper ones zero."""
        return Term(self.builder, self.builder.zext(self.value, I64))

    def narrow(self) -> Term:
        """Return the lower 32 bits of this 64-bit word."""
        return Term(self.builder, self.builder.trunc(self.value, I32))

    def llvm(self, name: str, *others: Term) -> Term:
        """Return the LLVM intrinsic ``llvm.<name>`` of this float and `others`."""
        function = self.builder.module.declare_intrinsic(
            f"llvm.{name}", [self.type], ir.FunctionType(self.type, [self.type] * (1 + len(others)))
        )
        return Term(self.builder, self.builder.call(function, [self.value, *_values(others)]))

    def libm(self, name: str, *others: Term) -> Term:
        """Return C's function `name` (with its ``f`` for floats) of this and `others`."""
        symbol = name + "f" if self.is_single else name
        module = self.builder.module
        function = module.globals.get(symbol)
        if function is None:
            kind = ir.FunctionType(self.type, [self.type] * (1 + len(others)))
            function = ir.Function(module, kind, symbol)
            function.attributes.add("nounwind")
            function.attributes.add("readnone")
        return Term(self.builder, self.builder.call(function, [self.value, *_values(others)]))


def _values(terms: tuple[Term, ...]) -> list[Any]:
    return [term.value for term in terms]


def select(condition: Term, yes: Term | float, no: Term | float) -> Term:
    """Return `yes` where the condition holds, else `no`, without a branch."""
    if isinstance(yes, Term):
        return Term(yes.builder, yes.builder.select(condition.value, yes.value, yes._operand(no)))
    if not isinstance(no, Term):
        raise TypeError("one branch of a select must be a Term")
    return Term(no.builder, no.builder.select(condition.value, no._operand(yes), no.value))


def horner(x: Term, *coefficients: float) -> Term:
    """Return the polynomial in `x` with `coefficients`, the constant first.

    Each step is ``llvm.fmuladd``: fused on every machine that has the instruction, and in the same
    way in the vector body and in the remainder of a loop.
    """
    *lower, highest = coefficients
    total = x.const(highest)
    for coefficient in reversed(lower):
        total = total.llvm("fmuladd", x, x.const(coefficient))
    return total


def elementwise(function: Callable[..., Term], arity: int) -> Primitive:
    """Return the primitive of a function over `arity` float terms, f32 or f64 by input."""
    name = function.__name__.lstrip("_")

    def emit(builder: Any, *values: Value) -> Value:
        if len(values) != arity:
            raise TypeError(f"{name} takes {arity} arguments, found {len(values)}")
        kind = float_kind(*(value.scalar for value in values))
        terms = [Term(builder, convert(builder, value, kind).llvm) for value in values]
        return scalar(kind, function(*terms).value)

    return Primitive(name, emit)
