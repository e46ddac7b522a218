"""Reads kernel texts: functions and constants by name.

A text is a Python module of imports, constants and functions. It is parsed and never run; what it
imports are names of the four modules `SHARED`, and NumPy's names of numbers.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from snnc.runtime.jit import kinds
from snnc.runtime.jit.kinds import KernelTextError, Scalar, Value

_FOLDER: Final = "snnc.runtime.jit"
# Modules of primitives, and those that are texts themselves.
PRIMITIVES: Final = ("intrinsics", "mathlib", "philox")
TEXTS: Final = ("samplers", "special")
NUMPY: Final[Mapping[str, Scalar]] = {
    "float64": kinds.FLOAT64,
    "float32": kinds.FLOAT32,
    "int64": kinds.INT64,
    "int32": kinds.INT32,
    "int16": kinds.INT16,
    "uint64": kinds.UINT64,
    "uint32": kinds.UINT32,
    "uint16": kinds.UINT16,
    "uint8": kinds.UINT8,
}
_MARKERS: Final = {"loop": False, "straight": True}
_OPERATORS: Final[dict[type, Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
    ast.USub: operator.neg,
}


@dataclass(frozen=True)
class Primitive:
    """What the translator emits in place instead of calling it.

    Attributes
    ----------
    name : str
        As texts call it.
    emit : callable
        From an LLVM builder and values to a value.
    """

    name: str
    emit: Callable[..., Value] = field(compare=False)


@dataclass(frozen=True, eq=False)
class Definition:
    """A function of a text.

    Attributes
    ----------
    node : ast.FunctionDef
        The function.
    names : dict
        What the names of its module stand for.
    inlined : bool
        Whether it is copied to every call.
    """

    node: ast.FunctionDef
    names: dict[str, Any]
    inlined: bool = False

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters."""
        return [argument.arg for argument in self.node.args.args]


def read(text: str) -> dict[str, Any]:
    """Return what the names of a text stand for.

    `Definition`, `Primitive`, `Scalar`, ``"numpy"`` for the module, or a number.

    Raises
    ------
    KernelTextError, SyntaxError
        The text is no kernel.
    """
    names: dict[str, Any] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef():
                names[node.name] = Definition(node, names, _inlined(node))
            case ast.ImportFrom(module=str(module)):
                names.update((a.asname or a.name, _imported(module, a.name)) for a in node.names)
            case ast.Import(names=[ast.alias(name="numpy", asname=alias)]):
                names[alias or "numpy"] = "numpy"
            case ast.Assign(targets=[target]):
                names.update(_constants(target, node.value, names))
            case ast.Expr(value=ast.Constant()):
                pass
            case _:
                raise KernelTextError(f"line {node.lineno}: neither function nor constant")
    return names


@functools.cache
def _shared_text(name: str) -> dict[str, Any]:
    return read((Path(__file__).parent / f"{name}.py").read_text())


def _imported(module: str, name: str) -> Any:
    known: Mapping[str, Any] = {}
    folder, _, last = module.rpartition(".")
    if module == "numpy":
        known = NUMPY
    elif folder == _FOLDER and last in TEXTS:
        known = _shared_text(last)
    elif folder == _FOLDER and last in PRIMITIVES:
        known = vars(import_module(module))
    elif module == "__future__":
        return None
    if name not in known:
        raise KernelTextError(f"kernels cannot import {name} of {module}")
    return known[name]


def _inlined(node: ast.FunctionDef) -> bool:
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    unknown = [mark for mark in marks if mark not in _MARKERS]
    if unknown:
        raise KernelTextError(f"line {node.lineno}: unknown decorator {unknown[0]}")
    return any(_MARKERS[mark] for mark in marks)


def _constants(target: ast.expr, node: ast.expr, names: Mapping[str, Any]) -> dict[str, Any]:
    value = _constant(node, names)
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, ast.Tuple):
        return {ast.unparse(one): part for one, part in zip(target.elts, value, strict=True)}
    raise KernelTextError(f"line {node.lineno}: only names can be constants")


def _constant(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if names.get(name) == "numpy":
            return NUMPY[attribute]
        case ast.Tuple(elts=parts):
            return tuple(_constant(part, names) for part in parts)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_constant(left, names), _constant(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_constant(operand, names))
        case ast.Call(func=ast.Name(id="range"), args=bounds):
            return tuple(range(*(_constant(bound, names) for bound in bounds)))
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(word))]):
            return float(word)
    raise KernelTextError(f"line {node.lineno}: no constant: {ast.unparse(node)}")
