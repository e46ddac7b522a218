"""Random draws of cell kernels: Philox, counted by (cell, stream, step)."""

from __future__ import annotations

from typing import Protocol

from xdsl.ir import Operation, SSAValue

from snnc.codegen.artifact import FieldKind
from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex

DRAW_NAMES = ("uniforms", "gamma", "binomial", "key0", "key1", "first_id")
"""What the text of draws calls and reads."""


class _Arguments(Protocol):
    def add(self, kind: FieldKind, name: str, argument: str) -> str:
        """Add an argument once and return its name."""
        ...


class CellDraws:
    """Writes the draws of one kernel.

    Parameters
    ----------
    text : KernelExpressions
        Receives the lines.
    arguments : Arguments
        Of the inner loop.
    """

    def __init__(self, text: KernelExpressions, arguments: _Arguments) -> None:
        self.text = text
        self.arguments = arguments
        self._functions: set[str] = set()

    def name(self, op: draws.Draw) -> str:
        """Return a name that holds a draw, after adding the lines that make it."""
        for word in ("key0", "key1", "first_id"):
            self.arguments.add(word, "", word)
        name = self.text.fresh(op.stream.data)
        text = self._call(op)
        if self.text.precision == "f32":
            text = f"F({text})"
        condition = None if isinstance(op, draws.UniformOp) else _needed(op.result)
        if condition is None:
            self.text.lines.append(f"{name} = {text}")
        else:
            # Rejection is slow, and events are rare.
            where = self.text.named(condition, "event")
            self.text.lines += [f"{name} = {self.text.literal(0.0)}", f"if {where}:"]
            self.text.lines.append(f"    {name} = {text}")
        self.text.bind(op.result, name)
        return name

    def _call(self, op: draws.Draw) -> str:
        stream = draws.stream_number(op.stream.data)
        if isinstance(op, draws.UniformOp):
            self._functions.add("uniforms")
            return f"uniforms(first_id + i, {stream}, k, 0, key0, key1)[0]"
        counter = f"key0, key1, first_id + i, {stream}, k"
        shape = ", ".join(self.text.value(operand) for operand in op.operands)
        if isinstance(op, draws.StandardGammaOp):
            self._functions.add("gamma")
            return f"gamma({shape}, 1.0, {counter})"
        self._functions.add("binomial")
        return f"binomial({shape}, {counter})"

    def imports(self) -> list[str]:
        """Return the import statements of what the draws call."""
        modules = {"uniforms": "philox", "gamma": "samplers", "binomial": "samplers"}
        return [
            f"from snnc.runtime.jit.{modules[function]} import {function}"
            for function in sorted(self._functions)
        ]


def _needed(value: SSAValue) -> SSAValue | None:
    """Return the condition without which nothing reads `value`, or None if there is none."""
    while True:
        uses = list(value.uses)
        if len(uses) != 1:
            return None
        user: Operation = uses[0].operation
        if isinstance(user, ex.SelectOp) and value == user.lhs:
            return user.condition
        if not isinstance(user, ex.Expression):
            return None
        value = user.results[0]
