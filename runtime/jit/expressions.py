"""Expressions of kernel texts as LLVM."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from snnc.runtime.jit import arithmetic
from snnc.runtime.jit.kinds import (
    BOOL,
    INT64,
    NOTHING,
    Array,
    KernelTextError,
    Kind,
    Scalar,
    Value,
    common_kind,
    convert,
    items,
    leaves,
    number,
    scalar,
    together,
)
from snnc.runtime.jit.text import NUMPY, Definition, Primitive

_BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "int": arithmetic.to_int,
    "float": arithmetic.to_float,
    "min": arithmetic.least,
    "max": lambda builder, a, b: arithmetic.least(builder, a, b, ">"),
}


class Functions(Protocol):
    """Where the functions of a kernel come from."""

    module: Any

    def function(self, definition: Definition, kinds: tuple[Kind, ...]) -> tuple[Any, Kind]:
        """Return the LLVM function for kinds of arguments, and the kind of its result."""
        ...


class Expressions:
    """Emits the expressions of a function.

    Parameters
    ----------
    unit : Functions
        Where functions that it calls come from.
    names : mapping
        What the names of its module stand for.

    Attributes
    ----------
    builder : llvmlite.ir.IRBuilder
        Where instructions go.
    slots : dict
        Kind and places on the stack of the function's own names.
    """

    builder: Any

    def __init__(self, unit: Functions, names: Mapping[str, Any]) -> None:
        self._unit = unit
        self._names = names
        self.slots: dict[str, tuple[Kind, tuple[Any, ...]]] = {}

    def value(self, node: ast.expr) -> Value:
        """Return the value of an expression."""
        match node:
            case ast.Constant(value=bool() | int() | float() as literal):
                return number(literal)
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp(left=left, op=op, right=right):
                return self.operate(op, self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return arithmetic.unary(self.builder, op, self.value(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return arithmetic.compare(self.builder, op, self.value(left), self.value(right))
            case ast.BoolOp():
                return self._boolean(node)
            case ast.IfExp():
                return self._choice(node)
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self._element(node)
            case ast.Tuple(elts=parts):
                return together([self.value(part) for part in parts])
            case ast.Attribute(value=array, attr="size"):
                return scalar(INT64, self._array(array)[1])
        raise KernelTextError(f"kernels have no {type(node).__name__}: {ast.unparse(node)}")

    def operate(self, op: ast.operator, a: Value, b: Value) -> Value:
        """Return `a op b`."""
        return arithmetic.binary(self.builder, op, a, b)

    def truth(self, node: ast.expr) -> Any:
        """Return the truth of an expression."""
        return convert(self.builder, self.value(node), BOOL).llvm

    def place(self, node: ast.Subscript) -> tuple[Any, Scalar]:
        """Return the address of an element of an array, and its kind.

        Indices are not tested, and negative ones do not count from the end.
        """
        pointer, _, element = self._array(node.value)
        index = convert(self.builder, self.value(node.slice), INT64).llvm
        return self.builder.gep(pointer, [index], inbounds=True), element

    def _array(self, node: ast.expr) -> tuple[Any, Any, Scalar]:
        value = self.value(node)
        if not isinstance(value.kind, Array):
            raise KernelTextError(f"{ast.unparse(node)} is no array")
        return (*value.parts, value.kind.element)

    def _name(self, name: str) -> Value:
        if name in self.slots:
            kind, slots = self.slots[name]
            return Value(kind, tuple(self.builder.load(slot) for slot in slots))
        known = self._names.get(name)
        if isinstance(known, bool | int | float):
            return number(known)
        raise KernelTextError(f"unknown name {name}")

    def _boolean(self, node: ast.BoolOp) -> Value:
        """Return the truth of ``and`` and ``or``, evaluating no more than is needed."""
        ending = isinstance(node.op, ast.Or)
        end = self.builder.append_basic_block("end")
        known = []
        for operand in node.values[:-1]:
            truth = self.truth(operand)
            known.append((BOOL.llvm(ending), self.builder.block))
            more = self.builder.append_basic_block("more")
            self.builder.cbranch(truth, *((end, more) if ending else (more, end)))
            self.builder.position_at_end(more)
        known.append((self.truth(node.values[-1]), self.builder.block))
        self.builder.branch(end)
        self.builder.position_at_end(end)
        return scalar(BOOL, self._merged(BOOL.llvm, known))

    def _choice(self, node: ast.IfExp) -> Value:
        yes, no, end = (self.builder.append_basic_block(name) for name in ("then", "else", "end"))
        self.builder.cbranch(self.truth(node.test), yes, no)
        found: list[tuple[Value, Any]] = []
        for block, branch in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            found.append((self.value(branch), self.builder.block))
        kind = common_kind(found[0][0].kind, found[1][0].kind)
        known = []
        for value, block in found:
            self.builder.position_at_end(block)
            known.append((convert(self.builder, value, kind).parts, block))
            self.builder.branch(end)
        self.builder.position_at_end(end)
        parts = [
            self._merged(leaf, [(parts[index], block) for parts, block in known])
            for index, leaf in enumerate(leaves(kind))
        ]
        return Value(kind, tuple(parts))

    def _merged(self, kind: Any, known: list[tuple[Any, Any]]) -> Any:
        phi = self.builder.phi(kind)
        for value, block in known:
            phi.add_incoming(value, block)
        return phi

    def _element(self, node: ast.Subscript) -> Value:
        if isinstance(node.slice, ast.Slice):
            return self._slice(node.value, node.slice)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
            value = self.value(node.value)
            if not isinstance(value.kind, Array):
                return items(value)[node.slice.value]
        pointer, kind = self.place(node)
        return scalar(kind, self.builder.load(pointer))

    def _slice(self, node: ast.expr, bounds: ast.Slice) -> Value:
        pointer, length, element = self._array(node)
        first = self.value(bounds.lower) if bounds.lower else number(0)
        last = self.value(bounds.upper) if bounds.upper else scalar(INT64, length)
        if bounds.step:
            raise KernelTextError("a slice has no step in kernels")
        start, end = (convert(self.builder, value, INT64).llvm for value in (first, last))
        part = self.builder.gep(pointer, [start], inbounds=True)
        return Value(Array(element), (part, self.builder.sub(end, start)))

    def _call(self, node: ast.Call) -> Value:
        if node.keywords:
            raise KernelTextError("kernels have no arguments by keyword")
        function = self._function(node.func)
        values = [self.value(argument) for argument in node.args]
        if isinstance(function, Definition):
            return self._called(function, values)
        try:
            if isinstance(function, Scalar):
                (value,) = values
                return convert(self.builder, value, function)
            return function(self.builder, *values)
        except (TypeError, ValueError) as error:
            raise KernelTextError(f"{ast.unparse(node.func)}: {error}") from error

    def _function(self, node: ast.expr) -> Any:
        """Return the definition, kind or primitive that is called."""
        match node:
            case ast.Name(id=name) if name not in self.slots:
                known = self._names.get(name)
                if isinstance(known, Definition | Scalar):
                    return known
                if isinstance(known, Primitive):
                    return known.emit
                if known is None and name in _BUILTINS:
                    return _BUILTINS[name]
            case ast.Attribute(value=ast.Name(id=name), attr=kind):
                if self._names.get(name) == "numpy" and kind in NUMPY:
                    return NUMPY[kind]
        raise KernelTextError(f"unknown function {ast.unparse(node)}")

    def _called(self, definition: Definition, values: list[Value]) -> Value:
        kinds = tuple(value.kind for value in values)
        function, result = self._unit.function(definition, kinds)
        done = self.builder.call(function, [part for value in values for part in value.parts])
        if result == NOTHING:
            return Value(NOTHING, ())
        types = leaves(result)
        if len(types) == 1:
            return Value(result, (done,))
        parts = tuple(self.builder.extract_value(done, index) for index in range(len(types)))
        return Value(result, parts)
