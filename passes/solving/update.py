"""The cell under construction: its update block and the constants it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import StringIO

from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.printer import Printer

from snnc.ir.dialects import dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.infix import ExpressionPrinter
from snnc.passes.solving.algebra import Algebra

WHOLE, HALF = Fraction(1), Fraction(1, 2)


def text_of(value: SSAValue) -> str:
    """Return the infix text of a value: equal text, equal value."""
    return ExpressionPrinter(Printer(StringIO()), lambda name: False).text(value)


@dataclass
class Builder:
    """Collects the update and the derived constants of one cell.

    Attributes
    ----------
    types : mapping
        Types of parameters, states and currents.
    """

    types: Mapping[str, Attribute]
    algebra: Algebra = field(default_factory=Algebra)
    constants: list[Operation] = field(default_factory=list)
    _known: dict[str, Sequence[str]] = field(default_factory=dict)

    def get(self, name: str) -> SSAValue:
        """Return the value that `name` has at the start of the step."""
        return self.algebra.get(name, self.types[name])

    def dt(self, algebra: Algebra | None = None) -> SSAValue:
        """Return the step."""
        return (algebra or self.algebra).get("dt", ex.TIME)

    def part(self, part: Fraction, algebra: Algebra | None = None) -> SSAValue:
        """Return a part of the step."""
        algebra = algebra or self.algebra
        whole = self.dt(algebra)
        return whole if part == WHOLE else algebra.mul(algebra.const(float(part)), whole)

    def derived(self, name: str, build: Callable[[Algebra], SSAValue]) -> SSAValue:
        """Return a constant of that name, or the equal one that is there."""
        algebra = Algebra()
        value = build(algebra)
        if isinstance(value.owner, ex.ConstOp):
            return self.algebra.const(value.owner.number, value.type)
        key = text_of(value)
        if key not in self._known:
            label = self._fresh(name)
            value.name_hint = None
            algebra.block.add_op(dyn.YieldOp(value))
            region = Region(algebra.block)
            self.constants.append(step.DerivedOp(label, ex.exponents_of(value), region))
            self._known[key] = [label]
        return self.algebra.get(self._known[key][0], value.type)

    def propagator(
        self,
        names: Sequence[str],
        types: Sequence[ex.Quantity],
        build: Callable[[Algebra], Sequence[SSAValue]],
    ) -> list[SSAValue]:
        """Return the first row of the exponential of a matrix, as constants."""
        algebra = Algebra()
        entries = build(algebra)
        key = "; ".join(text_of(entry) for entry in entries)
        if key not in self._known:
            labels = [self._fresh(name) for name in names]
            algebra.block.add_op(step.MatrixOp(entries))
            dimensions = [type.exponents for type in types]
            op = step.PropagatorOp(labels, dimensions, Region(algebra.block))
            self.constants.append(op)
            self._known[key] = labels
        labels = self._known[key]
        return [self.algebra.get(n, t) for n, t in zip(labels, types, strict=True)]

    def _fresh(self, name: str) -> str:
        taken = {*self.types, *(label for labels in self._known.values() for label in labels)}
        label, n = name, 1
        while label in taken:
            label, n = f"{name}_{n}", n + 1
        return label
