"""Kernel text of a cell in fixed point: one loop over the cells of a slice, in integers.

What saturates or wraps is counted for each cell, as are ring buffers that are full.
"""

from __future__ import annotations

from collections.abc import Collection

from xdsl.ir import Operation

from snnc.codegen.artifact import Field, KernelSource
from snnc.codegen.kernels.fixed_names import Names
from snnc.ir.dialects import fx
from snnc.ir.dialects.fx_types import Fixed

SATURATIONS, WRAPS, OVERFLOWS = COUNTS = "count.saturations", "count.wraps", "count.overflows"
"""States that count: what was too large for a number, was cut or wrapped, or for a ring buffer."""
FULL = (1 << 16) - 1
"""What a ring buffer holds at most."""

_TEXT = '''"""One step of {name} in fixed point."""

import numpy as np
from snnc.runtime.jit.intrinsics import f32, i32, i64, loop, parted, select, u8, u32
from snnc.runtime.jit.mathlib import rint
from snnc.runtime.jit.philox import philox

WIDTH = {width}


@loop
def advance(
    {names},
    k,
):
    for i in range(n):
        {body}


def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    for row in range(rows):
        q = row * WIDTH
        n = d[q]
        advance(
            {words},
            step,
        )
'''
_VIEWS = {
    "state": "{view}(d[q + {i}], n)",
    "arrivals": "i32(d[q + {i}], n)",
    "current": "f32(d[q + {i}], n)",
    "fired": "u8(d[q + {i}], n)",
    "step_array": "i32(d[q + {i}], n)",
    "step_count": "np.{dtype}(d[q + {i}])",
}


def dtype_of(kind: Fixed) -> str:
    """Return the type of the memory that holds a number."""
    return f"{'' if kind.signed else 'u'}int{kind.bits}"


def fixed_kernel(
    cell: fx.CellOp,
    label: str,
    names: Names,
    arrays: Collection[str],
    receptors: Collection[str],
) -> tuple[KernelSource, tuple[Field, ...]]:
    """Return the kernel of a cell, and the words of its table.

    Parameters
    ----------
    cell : fx.CellOp
        The arithmetic.
    label : str
        Name of the model in the network.
    names : Names
        Names of the values.
    arrays : collection of str
        Constants that differ from cell to cell, by name.
    receptors : collection of str
        The receptors that the network's model has; nothing arrives at others.
    """
    return _FixedKernel(cell, label, names, arrays, receptors).build()


class _FixedKernel:
    def __init__(
        self,
        cell: fx.CellOp,
        label: str,
        names: Names,
        arrays: Collection[str],
        receptors: Collection[str],
    ) -> None:
        self.cell = cell
        self.label = label
        self.names = names
        self.arrays = arrays
        self.receptors = receptors
        self.fields: dict[Field, str] = {}
        self.texts: list[str] = []
        self.lines: list[str] = []
        self.stores: list[str] = []
        self.random = 0

    def build(self) -> tuple[KernelSource, tuple[Field, ...]]:
        self._argument("size", "", "n", "")
        self.lines += [f"{counted} = np.int32(0)" for counted in ("saturated", "wrapped", "full")]
        # Its sign says whether a sum has wrapped.
        self.lines.append("beyond = np.int32(0)")
        for name, value in self.names.constants.items():
            self._constant(name, fx.fixed_type(value))
        for op in self.cell.update.body.block.ops:
            self._write(op)
        self.lines.append(_counted("wrapped", "beyond < 0"))
        for name, counted in zip(COUNTS, ("saturated", "wrapped", "full"), strict=True):
            array = self._argument("state", name, self.names.fresh("counts"), "i32")
            self.stores.append(f"{array}[i] = np.int32({array}[i] + {counted})")
        text = _TEXT.format(
            name=self.label,
            width=len(self.fields),
            names=", ".join(self.fields.values()),
            body="\n        ".join([*self.lines, *self.stores]),
            words=", ".join(self.texts),
        )
        return KernelSource(f"update_{self.label}_fixed", text), tuple(self.fields)

    def _argument(self, kind: str, name: str, argument: str, view: str) -> str:
        """Add a word of the table once; return the name of the argument that it becomes."""
        entry = Field(kind, name)  # type: ignore[arg-type]
        if entry not in self.fields:
            text = _VIEWS.get(kind, "d[q + {i}]") if kind != "size" else "n"
            self.texts.append(text.format(i=len(self.fields), view=view, dtype=view))
            self.fields[entry] = argument
        return self.fields[entry]

    def _constant(self, name: str, kind: Fixed) -> None:
        if name not in self.arrays:
            self._argument("step_count", name, name, dtype_of(kind))
            return
        array = self._argument("step_array", name, self.names.fresh(f"{name}_all"), "")
        self.lines.append(f"{name} = np.{dtype_of(kind)}({array}[i])")

    def _state(self, label: str) -> str:
        kind = next(op.kind for op in self.cell.states if op.label == label)
        assert isinstance(kind, Fixed)
        view = f"{'i' if kind.signed else 'u'}{kind.bits}"
        known = self.fields.get(Field("state", label))
        return known or self._argument("state", label, self.names.fresh(f"{label}_all"), view)

    def _write(self, op: Operation) -> None:
        match op:
            case fx.StoreOp():
                self.stores.append(f"{self._state(op.label)}[i] = {self.names.of(op.value)}")
            case fx.FireOp():
                flags = self._argument("fired", "", "fired", "")
                self.stores.append(f"{flags}[i] = {self.names.of(op.condition)}")
            case fx.ArrivalsOp():
                self._arrivals(op)
            case fx.MulOp():
                self._product(op)
            case fx.AddOp() | fx.SubOp():
                self._sum(op)
            case _:
                self.lines.append(f"{self.names.of(op.results[0])} = {self._text(op)}")

    def _text(self, op: Operation) -> str:
        operands = [self.names.of(operand) for operand in op.operands]
        match op:
            case fx.LoadOp():
                return f"{self._state(op.label)}[i]"
            case fx.CurrentOp():
                current = self._argument("current", "", self.names.fresh("currents"), "")
                unit = op.scale * 2.0 ** fx.fixed_type(op.result).point
                return f"np.int32(rint({current}[i] * {unit}))"
            case fx.ConstOp():
                return f"np.{dtype_of(fx.fixed_type(op.result))}({op.value})"
            case fx.CompareOp():
                return f"{operands[0]} {op.predicate} {operands[1]}"
            case fx.SelectOp():
                return f"select({', '.join(operands)})"
        raise AssertionError(f"unexpected operation {op.name}")

    def _arrivals(self, op: fx.ArrivalsOp) -> None:
        if op.label not in self.receptors:
            self.lines.append(f"{self.names.of(op.result)} = np.int32(0)")
            return
        array = self._argument("arrivals", op.label, self.names.fresh("arrived"), "")
        shift = self._argument("shift", op.label, self.names.fresh("shift"), "")
        name = self.names.of(op.result)
        self.lines += [
            _counted("full", f"{array}[i] > {FULL}"),
            f"{name} = np.int32(select({array}[i] > {FULL}, np.int32({FULL}), {array}[i])"
            f" << {shift})",
        ]
        self.stores.append(f"{array}[i] = 0")

    def _sum(self, op: fx.AddOp | fx.SubOp) -> None:
        kind, name = fx.fixed_type(op.result), self.names.of(op.result)
        a, b = (self.names.of(operand) for operand in op.operands)
        sign = "+" if isinstance(op, fx.AddOp) else "-"
        self.lines.append(f"{name} = np.{dtype_of(kind)}({a} {sign} {b})")
        if kind.signed and kind.bits == 32:
            # It has another sign than both, or than the first where that and the second differ.
            other = f"{b}, {name}" if sign == "+" else f"{a}, {b}"
            self.lines.append(f"beyond = parted(beyond, {a}, {name}, {other})")

    def _product(self, op: fx.MulOp) -> None:
        kind = fx.fixed_type(op.result)
        left, right = (self.names.of(operand) for operand in op.operands)
        exact = f"np.int64({left}) * np.int64({right})"
        if op.rounding != "down":
            extra = str(1 << (op.shift - 1)) if op.rounding == "nearest" else self._bits(op.shift)
            exact = f"({exact} + {extra})"
        name, dtype = self.names.of(op.result), dtype_of(kind)
        if op.overflow == "wrap" and _always_fits(op):
            self.lines.append(f"{name} = np.{dtype}({exact} >> {op.shift})")
            return
        wide = self.names.fresh(f"{name}_wide")
        if op.overflow == "wrap":
            self.lines += [
                f"{wide} = {exact} >> {op.shift}",
                f"{name} = np.{dtype}({wide})",
                _counted("wrapped", f"{wide} != {name}"),
            ]
            return
        self.lines += [
            f"{wide} = {exact} >> {op.shift}",
            f"{name} = np.{dtype}(select({wide} > {kind.high}, {kind.high}, "
            f"select({wide} < {kind.low}, {kind.low}, {wide})))",
            _counted("saturated", f"{wide} != {name}"),
        ]

    def _bits(self, count: int) -> str:
        """Return `count` random bits, different for each product, cell and step."""
        for word in ("first_id", "key0", "key1"):
            self._argument(word, "", word, "")
        number, self.random = self.random, self.random + 1
        counter = f"first_id + i, {number}, k, 0, key0, key1"
        return f"(np.int64(philox({counter})[0]) & {(1 << count) - 1})"


def _counted(name: str, condition: str) -> str:
    """Return the statement that counts a condition."""
    return f"{name} = np.int32({name} + select({condition}, np.int32(1), np.int32(0)))"


def _always_fits(op: fx.MulOp) -> bool:
    """Tell whether a product is no larger than its first factor, the second being below 1."""
    left, right, own = (fx.fixed_type(value) for value in (op.lhs, op.rhs, op.result))
    return left == own and not right.signed and right.point == right.bits
