"""A solved cell as an NMODL mechanism.

The mechanism is a POINT_PROCESS whose section plays no part: it integrates its own states, so that
all cells of a model can lie in one section. One step of NEURON does what one step of the IR does,
in its order: advance, add what has arrived, test, emit (`net_event`, stamped with the end of the
step); `substeps` can make several steps of NEURON one of the IR. What arrives is summed by
NET_RECEIVE, whose first argument is the weight and whose second one is the number of the receptor.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from xdsl.ir import Region, SSAValue
from xdsl.printer import Printer

from snnc.codegen.kernels.numpy_constants import constants_text
from snnc.codegen.kernels.regimes import Countdown, NoClock, clock_of
from snnc.codegen.native.artifact import NativeCell, NativeReceptor, NativeState
from snnc.codegen.native.nmodl_expressions import EXPREL, NmodlExpressions
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import draws, dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.infix import ExpressionPrinter

# What NMODL, the C++ made of it, or this module's own text means by a name.
_RESERVED = """
v t dt celsius area diam secondorder flag weight receptor regime clock exprel pi stoprun exp
log log10 sqrt sin cos tan tanh sinh cosh fabs pow fmin fmax floor ceil erf hypot auto bool
break case char class const continue default delete do double else enum extern false float for
friend goto if inline int long namespace new not operator or and xor private protected public
register return short signed sizeof static struct switch template this throw true try typedef
union unsigned using virtual void volatile while std advance from to with at state count
substep substeps
"""
_TAKEN = frozenset(_RESERVED.split())


def emit_cell(cell: step.CellOp) -> NativeCell:
    """Return the mechanism of a cell that has been solved.

    Raises
    ------
    UnsupportedError
        The cell draws random numbers, which NEURON would draw otherwise.
    """
    return _Mechanism(cell).native()


class _Names:
    """NMODL's identifiers for the names of a model."""

    def __init__(self) -> None:
        self.taken: set[str] = set(_TAKEN)

    def new(self, name: str) -> str:
        identifier = re.sub(r"\W", "_", name)
        if not identifier[0].isalpha():
            identifier = f"x{identifier}"
        while identifier in self.taken:
            identifier += "_"
        self.taken.add(identifier)
        return identifier

    def of(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self.new(name) for name in names}


class _Mechanism:
    def __init__(self, cell: step.CellOp) -> None:
        self.cell = cell
        ops = list(cell.body.block.ops)
        names = _Names()
        self.states = names.of(op.label for op in ops if isinstance(op, dyn.StateOp))
        self.currents = names.of(op.label for op in ops if isinstance(op, dyn.CurrentOp))
        receptors = [op.label for op in ops if isinstance(op, dyn.ReceptorOp)]
        self.arrived = {name: names.new(f"arrived_{name}") for name in receptors}
        self.known = names.of(_constant_names(cell))
        self.constants: dict[str, str] = {}
        self.clock = clock_of(cell)
        self.text = NmodlExpressions(self._leaf, names.taken)

    def native(self) -> NativeCell:
        body = self._body()
        solvers = _solvers(self.cell)
        source = self._source("{model}", solvers, body)
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        model = f"{re.sub(r'[^0-9A-Za-z]+', '_', self.cell.label)}_{digest}"
        return NativeCell(
            model=model,
            constants=constants_text(self.cell, self.constants),
            states={name: NativeState(own) for name, own in self.states.items()},
            receptors={name: NativeReceptor(i) for i, name in enumerate(self.arrived)},
            current=1.0 if self.currents else 0.0,
            source=source.replace("{model}", model),
        )

    # Values

    def _leaf(self, value: SSAValue) -> str:
        match value.owner:
            case ex.GetOp(variable=variable):
                return self._read(variable.data)
            case step.ArrivalsOp(receptor=receptor):
                return self.arrived[receptor.data]
            case step.InOp(regime=regime):
                return self._inside(regime.data)
            case step.ElapsedOp(regime=regime):
                return self._elapsed(regime.data)
            case draws.Draw():
                raise UnsupportedError(
                    f"'{self.cell.label}' draws random numbers, which NEURON cannot draw alike"
                )
        raise AssertionError(f"unexpected leaf {value}")

    def _read(self, name: str) -> str:
        if name == "t":
            return f"(t - {self._constant('dt')})"
        return self.states.get(name) or self.currents.get(name) or self._constant(name)

    def _constant(self, name: str) -> str:
        """Return the identifier of a constant, which is then declared."""
        return self.constants.setdefault(name, self.known[name])

    # Regimes

    def _inside(self, regime: str) -> str:
        if isinstance(self.clock, Countdown):
            return "clock > 0" if regime == self.clock.timed else "clock == 0"
        return f"regime == {self.cell.regime_names.index(regime)}"

    def _elapsed(self, regime: str) -> str:
        if isinstance(self.clock, Countdown):
            return "clock == 1"
        return f"{self._inside(regime)} && clock <= 1"

    def _entries(self, entered: Sequence[tuple[str, str]]) -> list[str]:
        if isinstance(self.clock, NoClock):
            return []
        timed = {o.regime.data for o in self.cell.body.block.ops if isinstance(o, step.StepsOp)}
        lines = ["if (clock > 0) { clock = clock - 1 }"]
        for regime, condition in entered:
            effects = []
            if not isinstance(self.clock, Countdown):
                effects.append(f"regime = {self.cell.regime_names.index(regime)}")
            if regime in timed:
                effects.append(f"clock = {self._constant(f'steps_{regime}')}")
            lines.append(f"if ({condition}) {{ {' '.join(effects)} }}")
        return lines

    # Text

    def _body(self) -> list[str]:
        """Return the statements of one step: all values first, then what they are stored in."""
        assert self.cell.update is not None
        stores: list[str] = []
        fired: list[str] = []
        entered: list[tuple[str, str]] = []
        for op in self.cell.update.body.block.ops:
            match op:
                case dyn.SetOp():
                    state = self.states[op.state.data]
                    value = self.text.kept(op.value, f"{op.state.data}_new")
                    stores.append(f"{state} = {value}")
                case step.FireOp():
                    fired.append(self.text.kept(op.condition, "fire"))
                case step.EnterOp() if not self.clock.implied(op):
                    entered.append((op.regime.data, self.text.kept(op.condition, "enter")))
        stores += [f"{name} = 0" for name in self.arrived.values()]
        stores += self._entries(entered)
        if fired:
            stores += [f"if ({' || '.join(fired)}) {{", *_NET_EVENT, "}"]
        return [*self.text.take_lines(), *stores]

    def _clocks(self) -> list[str]:
        if isinstance(self.clock, NoClock):
            return []
        return ["clock"] if isinstance(self.clock, Countdown) else ["clock", "regime"]

    def _source(self, model: str, solvers: list[str], body: list[str]) -> str:
        held = [*self.states.values(), *self.currents.values(), *self.arrived.values()]
        held += self._clocks()
        constants = list(self.constants.values())
        doc = self.cell.doc.data if self.cell.doc is not None else self.cell.label
        lines = [
            *(f": {line}" for line in [doc, *solvers]),
            ": Values are in mV, ms, nA, nF and uS; constants hold for one dt:",
            *_meanings(self.cell, self.constants),
            "",
            "NEURON {",
            "    THREADSAFE",
            f"    POINT_PROCESS {model}",
            *_listed("    RANGE ", [*held, *constants, "substep"]),
            "    GLOBAL substeps",
            "}",
            "",
            "PARAMETER {",
            *_listed("    ", [*constants, "substeps = 1"], " "),
            "}",
            "",
            "ASSIGNED {",
            *_listed("    ", [*held, "substep"], " "),
            "}",
            "",
            "INITIAL {",
            *(f"    {name} = 0" for name in [*self.arrived.values(), *self._clocks(), "substep"]),
            "}",
            "",
            "BREAKPOINT { SOLVE count }",
            "",
            "PROCEDURE count() {",
            "    substep = substep + 1",
            "    if (substep == substeps) { substep = 0 advance() }",
            "}",
            "",
            "PROCEDURE advance() {",
            *_listed("    LOCAL ", self.text.locals),
            *(f"    {line}" if line[:1].islower() or line == "}" else line for line in body),
            "}",
        ]
        if any("exprel(" in line for line in body):
            lines += ["", *EXPREL.splitlines()]
        if self.arrived:
            lines += ["", *self._net_receive()]
        return "\n".join(lines) + "\n"

    def _net_receive(self) -> list[str]:
        lines = [
            "NET_RECEIVE (weight, receptor) {",
            "    INITIAL { : keeps the number of the receptor",
            "    }",
        ]
        for i, name in enumerate(self.arrived.values()):
            lines.append(f"    if (receptor == {i}) {{ {name} = {name} + weight }}")
        return [*lines, "}"]


_NET_EVENT = (
    "VERBATIM",
    "    net_event(_ppvar[1].get<Point_process*>(), t);",
    "ENDVERBATIM",
)


def _constant_names(cell: step.CellOp) -> list[str]:
    """Return the names that ``constants(p, dt)`` gives values to, parameters included."""
    names = ["dt"]
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp() | step.DerivedOp():
                names.append(op.label)
            case step.PropagatorOp():
                names += op.constants
            case step.StepsOp():
                names.append(f"steps_{op.regime.data}")
            case _:
                pass
    return names


def _listed(head: str, names: Sequence[str], comma: str = ", ") -> list[str]:
    """Return lines of at most about 90 characters that declare names."""
    if not names:
        return []
    lines, line = [], head + names[0]
    for name in names[1:]:
        if len(line) + len(name) > 88:
            lines.append(line + comma.rstrip(" ") * (comma != " "))
            line = " " * len(head) + name
        else:
            line += comma + name
    return [*lines, line]


def _meanings(cell: step.CellOp, names: Mapping[str, str]) -> list[str]:
    """Return one line for each constant that follows from parameters: what it is."""
    lines = []
    for op in cell.body.block.ops:
        match op:
            case step.DerivedOp() if op.label in names:
                lines.append(f":   {names[op.label]} = {_text(op.body)}")
            case step.StepsOp() if f"steps_{op.regime.data}" in names:
                lines.append(f":   {names[f'steps_{op.regime.data}']} = {_text(op.body)}, in steps")
            case step.PropagatorOp():
                used = [names[name] for name in op.constants if name in names]
                if used:
                    rates = "the first row of the exponential of the rates of change times dt"
                    lines.append(f":   {', '.join(used)}: {rates}")
            case _:
                pass
    return lines


def _text(body: Region) -> str:
    stream = StringIO()
    ExpressionPrinter(Printer(stream=stream), lambda name: False).region(body)
    return stream.getvalue()


def _solvers(cell: step.CellOp) -> list[str]:
    """Return one line for each method, with the order of its error in dt."""
    lines = []
    for op in cell.body.block.ops:
        if isinstance(op, step.SolvedOp):
            order = "" if op.order is None else f", order {op.order}"
            regime = "" if op.regime is None else f" in {op.regime.data}"
            names = ", ".join(state.data for state in op.states)
            lines.append(f"{names}: {op.method.data.replace('_', ' ')}{order}{regime}.")
    return lines
