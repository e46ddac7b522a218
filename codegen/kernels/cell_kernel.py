"""Kernel text of a solved cell: one loop over the cells of a slice, branch-free.

The loop reads every buffer once and writes it once. Regimes are an int32 clock: for the usual pair
of a regime and a timed one that returns to it, the number of steps left in the timed one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from xdsl.ir import SSAValue

from snnc.codegen.artifact import Buffer, CellPlan, Field, FieldKind, KernelSource, ParameterPlan
from snnc.codegen.kernels.cell_draws import DRAW_NAMES, CellDraws
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.codegen.kernels.numpy_constants import constants_text
from snnc.codegen.kernels.regimes import CLOCK_BUFFERS, CLOCK_NAMES, Clock, clock_of
from snnc.ir.dialects import draws, dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp, tables_of

DTYPES = {"f64": "float64", "f32": "float32"}


def cell_plan(cell: step.CellOp) -> CellPlan:
    """Return the plan of a cell that has been solved, placed and erased."""
    precision = cast(Precision, cell.precision.data if cell.precision else "f64")
    ops = list(cell.body.block.ops)
    schedule = next((op.times.data for op in ops if isinstance(op, dyn.ScheduleOp)), None)
    current = next((op.label for op in ops if isinstance(op, dyn.CurrentOp)), None)
    update = cell.update
    counted = update is not None and any(
        isinstance(op, step.CountOp) for op in update.body.block.ops
    )
    kernel, fields, clock = None, (), None
    if counted:
        from snnc.codegen.kernels.poisson_kernel import poisson_kernel

        kernel, fields = poisson_kernel(cell, precision)
    elif update is not None:
        clock = clock_of(cell)
        kernel, fields = _CellKernel(cell, update, precision, clock).build()
    return CellPlan(
        name=cell.label,
        kind="schedule" if schedule else "poisson" if counted else "equations",
        parameters=tuple(_parameter(op) for op in ops if isinstance(op, dyn.ParamOp)),
        states=tuple(_states(cell, precision, clock)),
        receptors=tuple(op.label for op in ops if isinstance(op, dyn.ReceptorOp)),
        current=current,
        kernel=kernel,
        fields=fields,
        constants=constants_text(cell),
        solver=_solver_text(cell),
        schedule=schedule,
        decays={
            op.label: op.decay.data
            for op in ops
            if isinstance(op, dyn.ReceptorOp) and op.decay is not None
        },
        packed=tuple(cell.packed_receptors),
        tables=tuple(tables_of(cell)),
    )


def _parameter(op: dyn.ParamOp) -> ParameterPlan:
    default = None if op.default is None else op.default.value.data
    return ParameterPlan(op.label, op.unit.data, op.scale, default, op.sequence is not None)


def _states(cell: step.CellOp, precision: Precision, clock: Clock | None) -> list[Buffer]:
    buffers = [
        Buffer(
            name=op.label,
            dtype=DTYPES[precision],
            axes=("element",),
            owner=cell.label,
            unit=op.unit.data,
            scale=op.scale,
            initial=op.initial.value.data * op.scale,
            recordable=op.hidden is None,
        )
        for op in cell.body.block.ops
        if isinstance(op, dyn.StateOp)
    ]
    for name in clock.buffers if clock else ():
        buffers.append(Buffer(name, "int32", ("element",), cell.label, recordable=False))
    return buffers


def _solver_text(cell: step.CellOp) -> str:
    parts = []
    for op in cell.body.block.ops:
        if isinstance(op, step.SolvedOp):
            states = ", ".join(s.data for s in op.states)
            order = "" if op.order is None else f", order {op.order}"
            regime = "" if op.regime is None else f" in {op.regime.data}"
            parts.append(f"{states}: {op.method.data}{order}{regime}")
    return "; ".join(parts)


def array_constants(cell: step.CellOp) -> set[str]:
    """Return the parameters and derived constants (and ``steps REGIME``) that vary per cell."""
    arrays = set(cell.array_names)
    for op in cell.body.block.ops:
        names = {inner.variable.data for inner in op.walk() if isinstance(inner, ex.GetOp)}
        if not names & arrays:
            continue
        match op:
            case step.DerivedOp():
                arrays.add(op.label)
            case step.PropagatorOp():
                arrays |= set(op.constants)
            case step.StepsOp():
                arrays.add(steps_name(op.regime.data))
    return arrays


def steps_name(regime: str) -> str:
    """Return the name of the constant that holds the duration of a regime in steps."""
    return f"steps_{regime}"


@dataclass
class Arguments:
    """Arguments of the inner loop, and the words of the table they come from."""

    precision: Precision
    unique: Callable[[str], str]
    packed: Sequence[str] = ()
    fields: list[Field] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, kind: FieldKind, name: str, argument: str) -> str:
        """Add an argument once and return its name, which resembles `argument`."""
        entry = Field(kind, name)
        if entry not in self.fields:
            self.fields.append(entry)
            fixed = kind in ("size", "fired", "key0", "key1", "first_id") or name in CLOCK_BUFFERS
            self.names.append(argument if fixed else self.unique(argument))
        return self.names[self.fields.index(entry)]

    def unpacked(self) -> list[str]:
        """Return the text that reads each argument from the table."""
        real = self.precision
        texts = {
            "packed": "i32(d[q + {i}], n)",
            "quantum": "F(f[q + {i}])",
            "state": f"{real}(d[q + {{i}}], n)",
            "arrivals": f"{real}(d[q + {{i}}], n)",
            "current": f"{real}(d[q + {{i}}], n)",
            "array": f"{real}(d[q + {{i}}], n)",
            "clock": "i32(d[q + {i}], n)",
            "step_array": "i32(d[q + {i}], n)",
            "values": "f64(d[q + {i}], n)",
            "offsets": "i64(d[q + {i}], n + 1)",
            "fired": "u8(d[q + {i}], n)",
            "scalar": "f[q + {i}]" if real == "f64" else "F(f[q + {i}])",
            "step_count": "np.int32(d[q + {i}])",
        }
        result = []
        for i, entry in enumerate(self.fields):
            kind = "clock" if entry.kind == "state" and entry.name in CLOCK_BUFFERS else entry.kind
            if kind == "arrivals" and entry.name in self.packed:
                kind = "packed"
            if kind in texts:
                result.append(texts[kind].format(i=i))
            else:
                result.append(f"d[q + {i}]")
        return result


LOCALS = ("n", "i", "k", "t", "np", "F", "fired", "piecewise", *DRAW_NAMES, *CLOCK_NAMES)


class _CellKernel:
    def __init__(
        self, cell: step.CellOp, update: step.UpdateOp, precision: Precision, clock: Clock
    ) -> None:
        self.cell = cell
        self.update = update
        self.precision: Precision = precision
        self.clock = clock
        self.arrays = array_constants(cell)
        ops = list(cell.body.block.ops)
        self.states = [op.label for op in ops if isinstance(op, dyn.StateOp)]
        self.currents = [op.label for op in ops if isinstance(op, dyn.CurrentOp)]
        self.text = KernelExpressions(self._leaf, precision, LOCALS)
        self.arguments = Arguments(precision, self.text.fresh, cell.packed_receptors)
        self.loaded: dict[str, str] = {}
        self.draws = CellDraws(self.text, self.arguments)
        self.dt = "dt"

    def build(self) -> tuple[KernelSource, tuple[Field, ...]]:
        """Return the kernel and the words of its table."""
        self.arguments.add("size", "", "n")
        body = self._body()
        kind = "packed" if self.arguments.packed else self.precision
        name = f"update_{self.cell.label}_{kind}"
        return KernelSource(name, self._module(body)), tuple(self.arguments.fields)

    def _leaf(self, value: SSAValue) -> str:
        match value.owner:
            case ex.GetOp(variable=variable):
                return self._read(variable.data)
            case PiecewiseOp():
                return self._piecewise(value.owner)
            case draws.Draw():
                return self.draws.name(value.owner)
            case step.ArrivalsOp(receptor=receptor):
                return self._received(receptor.data)
            case step.InOp(regime=regime):
                return self._condition(self.clock.inside(regime.data))
            case step.ElapsedOp(regime=regime):
                return self._condition(self.clock.elapsed(regime.data))
        raise AssertionError(f"unexpected leaf {value}")

    def _piecewise(self, op: PiecewiseOp) -> str:
        """Return a name that holds the value of a table."""
        table = []
        for name in (op.values.data, op.starts.data):
            table.append(self.arguments.add("values", name, name))
            table.append(self.arguments.add("offsets", name, f"{name}_offsets"))
        values, first, starts, bins = table
        x = self.text.value(op.x)
        text = f"piecewise({values}, {first}[i], {starts}, {bins}[i], {bins}[i + 1], {x})"
        name = self.text.fresh(op.result.name_hint or op.values.data)
        self.text.lines.append(f"{name} = {text if self.precision == 'f64' else f'F({text})'}")
        self.text.bind(op.result, name)
        return name

    def _received(self, receptor: str) -> str:
        """Return the name that holds the sum of the arrivals."""
        array = self._arrivals(receptor)
        if receptor not in self.arguments.packed or array in self.loaded:
            return self._load(array)
        quantum = self.arguments.add("quantum", receptor, f"quantum_{receptor}")
        name = self.loaded[array] = self.text.fresh(f"{array}_i")
        self.text.lines.append(f"{name} = F({array}[i]) * {quantum}")
        return name

    def _arrivals(self, receptor: str) -> str:
        return self.arguments.add("arrivals", receptor, f"arrivals_{receptor}")

    def _condition(self, text: str) -> str:
        self._load_clock()
        name = self.loaded.get(text)
        if name is None:
            name = self.loaded[text] = self.text.fresh("condition")
            self.text.lines.append(f"{name} = {text}")
        return name

    def _read(self, name: str) -> str:
        if name == "t":
            self.dt = self.arguments.add("scalar", "dt", "dt")
            return "t"
        if name in self.states:
            return self._load(self.arguments.add("state", name, name))
        if name in self.currents:
            return self._load(self.arguments.add("current", name, name))
        if name in self.arrays:
            return self._load(self.arguments.add("array", name, name))
        return self.arguments.add("scalar", name, name)

    def _load(self, array: str) -> str:
        """Return the name that holds ``array[i]``."""
        if array not in self.loaded:
            name = f"{array}_i"
            name = name if array in CLOCK_NAMES else self.text.fresh(name)
            self.loaded[array] = name
            self.text.lines.append(f"{name} = {array}[i]")
        return self.loaded[array]

    def _body(self) -> list[str]:
        stores: list[str] = []
        fired: list[str] = []
        entered: list[tuple[str, str]] = []
        for op in self.update.body.block.ops:
            match op:
                case dyn.SetOp():
                    name = self.arguments.add("state", op.state.data, op.state.data)
                    stores.append(f"{name}[i] = {self.text.value(op.value)}")
                case step.FireOp():
                    fired.append(self.text.named(op.condition, "fire"))
                case step.EnterOp() if not self.clock.implied(op):
                    entered.append((op.regime.data, self.text.named(op.condition, "enter")))
        self._load_clock()
        self.arguments.add("fired", "", "fired")
        stores.append(f"fired[i] = {' | '.join(fired) or 'False'}")
        for receptor in [f.name for f in self.arguments.fields if f.kind == "arrivals"]:
            zero = "0" if receptor in self.arguments.packed else self.text.literal(0.0)
            stores.append(f"{self._arrivals(receptor)}[i] = {zero}")
        return [*self.text.take_lines(), *self._advance_clock(entered), *stores]

    def _load_clock(self) -> None:
        for buffer, name in zip(self.clock.buffers, CLOCK_NAMES, strict=False):
            self._load(self.arguments.add("state", buffer, name))

    def _advance_clock(self, entered: list[tuple[str, str]]) -> list[str]:
        if not self.clock.buffers:
            return []
        return self.clock.advance(entered, self._steps)

    def _steps(self, regime: str) -> str:
        name = steps_name(regime)
        if name in self.arrays:
            return f"{self.arguments.add('step_array', name, name)}[i]"
        return self.arguments.add("step_count", name, name)

    def _interleaving(self) -> list[str]:
        """Return what is said of cells that are long chains of operations: those of functions.

        Cells without any wait for memory.
        """
        return ["INTERLEAVE = 2"] if self.text.functions - {"select"} else []

    def _module(self, body: list[str]) -> str:
        names = ",\n    ".join(self.arguments.names)
        unpacked = ",\n            ".join(["n", *self.arguments.unpacked()[1:]])
        words = _words(body)
        uses_time = "t" in words
        time = [f"    t = k * {self.dt}"] if uses_time else []
        uses_step = uses_time or "k" in words
        step_argument = ",\n    k" if uses_step else ""
        comma_step = ",\n            step" if uses_step else ""
        lines = [
            f'"""One step of {self.cell.label} in {self.precision}: {_solver_text(self.cell)}."""',
            "",
            "import numpy as np",
            "from snnc.runtime.jit.intrinsics import f32, f64, i32, i64, loop, select, u8",
            *(line for line in self.text.imports() if "intrinsics" not in line),
            *self.draws.imports(),
            *(["from snnc.runtime.jit.special import piecewise"] if tables_of(self.cell) else []),
            "",
            *self._interleaving(),
            f"WIDTH = {len(self.arguments.fields)}",
            "",
            "",
            "@loop",
            "def advance(",
            f"    {names}{step_argument},",
            "):",
            *time,
            "    for i in range(n):",
            *(f"        {line}" for line in body),
            "",
            "",
            "def entry(desc, rows, step):",
            "    d = i64(desc, rows * WIDTH)",
            "    f = f64(desc, rows * WIDTH)",
            "    for row in range(rows):",
            "        q = row * WIDTH",
            "        n = d[q]",
            "        advance(",
            f"            {unpacked}{comma_step},",
            "        )",
            "",
        ]
        return "\n".join(lines)


def _words(lines: list[str]) -> set[str]:
    import re

    return set(re.findall(r"[A-Za-z_]\w*", "\n".join(lines)))
