"""Matches as operations: SymPy expressions of parameters become expressions of the IR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy
from xdsl.ir import Block, Operation, Region, SSAValue

from snnc.ir.dialects import dyn, native
from snnc.ir.dialects import expressions as ex
from snnc.ir.units import DIMENSIONLESS, Exponents, divide, multiply, parse_unit, power
from snnc.passes.native.comparing import parameter_symbol
from snnc.passes.native.forms import Expression
from snnc.passes.native.matching import Match
from snnc.passes.native.references import Reference
from snnc.passes.native.shapes import Shape
from snnc.passes.solving.algebra import Algebra, reads

_UNARY: dict[str, type[ex.Unary]] = {
    "exp": ex.ExpOp,
    "log": ex.LogOp,
    "sin": ex.SinOp,
    "cos": ex.CosOp,
    "tanh": ex.TanhOp,
    "floor": ex.FloorOp,
    "abs": ex.AbsOp,
    "sqrt": ex.SqrtOp,
    "exprel": ex.ExprelOp,
}
_BINARY: dict[str, type[ex.Binary]] = {"min": ex.MinOp, "max": ex.MaxOp}
_COMPARISONS = (">", ">=", "==")


def match_op(found: Match, own: Shape, units: Mapping[str, str], simulator: str) -> native.MatchOp:
    """Return the operation that states a match.

    Parameters
    ----------
    found : Match
        The match.
    own : Shape
        The model.
    units : mapping of str to str
        The declared unit of each parameter of the model.
    simulator : str
        Whose model it is.
    """
    bindings = [
        *_parameters(found, own),
        *_requirements(found, own),
        *_states(found, own),
        *_receptors(found, own),
        *_currents(found),
    ]
    names = {name for op in bindings for region in op.regions for name in _names(region)}
    read = [dyn.ParamOp(name, units[name]) for name in own.parameters if name in names]
    settings = [native.SettingOp(name, value) for name, value in found.reference.settings.items()]
    block = Region(Block([*read, *settings, *bindings, *_ways(found.reference, own)]))
    return native.MatchOp(own.name, found.reference.name, simulator, block)


def _ways(reference: Reference, own: Shape) -> Iterator[Operation]:
    """Yield what the simulator does in its own way."""
    if reference.solver is not None:
        yield native.SolverOp(reference.solver)
    if reference.draws:
        yield native.DrawsOp()
    for text in (*reference.notes, *_strictness(own)):
        yield native.NoteOp(text)


def _strictness(own: Shape) -> Iterator[str]:
    if any(event.strict for regime in own.regimes for event in regime.events):
        yield "A spike needs the condition to be reached, not to be passed."


def _names(region: Region) -> set[str]:
    last = region.block.last_op
    assert isinstance(last, dyn.YieldOp)
    return reads(last.value)


def _parameters(found: Match, own: Shape) -> Iterator[Operation]:
    reference = found.reference
    for name, value in found.parameters.items():
        if name not in reference.fixed:
            unit = reference.units[name]
            region = write(value, parse_unit(unit).exponents, own.parameters)
            yield native.ParameterOp(name, unit, region, name in reference.postsynaptic)


def _requirements(found: Match, own: Shape) -> Iterator[Operation]:
    """Yield what must hold because the simulator fixes a parameter.

    A fixed parameter that no equation reads (a share of the delay) is the model's of that name.
    """
    reference = found.reference
    for name, fixed in reference.fixed.items():
        unit = parse_unit(reference.units[name])
        value = found.parameters.get(name)
        if value is None and name in own.parameters:
            value = sympy.Symbol(name)
        if value is None or sympy.Float(fixed * unit.scale) == value:
            continue
        writer = _Writer(own.parameters)
        left = writer.value(value, unit.exponents)
        right = writer.algebra.const(fixed * unit.scale, ex.quantity(unit.exponents))
        yield native.RequireOp(writer.region(writer.algebra.emit(ex.CompareOp("==", left, right))))
    symbols = {parameter_symbol(name): value for name, value in found.parameters.items()}
    for condition in reference.requires:
        yield native.RequireOp(write(condition.xreplace(symbols), DIMENSIONLESS, own.parameters))


def _states(found: Match, own: Shape) -> Iterator[Operation]:
    theirs = {ours: name for name, ours in found.pairing.states.items()}
    for ours, dimension in own.states.items():
        name = theirs[ours]
        unit = found.reference.units[name]
        region = write(
            found.states[ours], divide(parse_unit(unit).exponents, dimension), own.parameters
        )
        yield native.StateOp(ours, name, unit, region, name in found.reference.hidden)


def _receptors(found: Match, own: Shape) -> Iterator[Operation]:
    for ours, port in found.pairing.receptors.items():
        unit = found.reference.units[port]
        dimension = divide(parse_unit(unit).exponents, own.receptors[ours])
        region = write(found.receptors[ours], dimension, own.parameters)
        yield native.ReceptorOp(ours, port, unit, region)


def _currents(found: Match) -> Iterator[Operation]:
    for theirs, ours in found.pairing.inputs.items():
        yield native.CurrentOp(ours, found.reference.units[theirs])


def write(value: Expression, dimension: Exponents, names: Mapping[str, Exponents]) -> Region:
    """Return a region that yields an expression of parameters.

    Parameters
    ----------
    value : Expr
        The expression, in coherent units.
    dimension : tuple of int
        What it is measured in; numbers in it have the units that this needs.
    names : mapping of str to tuple of int
        The dimension of each parameter.
    """
    writer = _Writer(names)
    return writer.region(writer.value(value, dimension))


class _Writer:
    def __init__(self, names: Mapping[str, Exponents]) -> None:
        self.names = names
        self.algebra = Algebra()

    def region(self, value: SSAValue) -> Region:
        self.algebra.block.add_op(dyn.YieldOp(value))
        return Region(self.algebra.block)

    def value(self, value: Expression, dimension: Exponents) -> SSAValue:
        if value.is_Number:
            return self.algebra.const(float(value), ex.quantity(dimension))
        if value.is_Symbol:
            return self._parameter(str(value), dimension)
        if value.is_Add:
            return self._sum(value, dimension)
        numerator, denominator = value.as_numer_denom()
        if denominator != 1:
            below = self.dimension(denominator)
            above = self.value(numerator, multiply(dimension, below))
            return self.algebra.div(above, self.value(denominator, below))
        if value.is_Mul:
            return self._product(value, dimension)
        if value.is_Pow:
            return self._power(value)
        return self._function(value, dimension)

    def _parameter(self, name: str, dimension: Exponents) -> SSAValue:
        """Return a parameter; one that is a pure number by convention gets its unit."""
        own = self.names[name]
        value = self.algebra.get(name, ex.quantity(own))
        if own == dimension:
            return value
        one = self.algebra.const(1.0, ex.quantity(divide(dimension, own)))
        return self.algebra.mul(one, value)

    def _sum(self, value: Expression, dimension: Exponents) -> SSAValue:
        first, *rest = value.as_ordered_terms()
        total = self.value(first, dimension)
        for term in rest:
            if term.could_extract_minus_sign():
                total = self.algebra.sub(total, self.value(-term, dimension))
            else:
                total = self.algebra.add(total, self.value(term, dimension))
        return total

    def _product(self, value: Expression, dimension: Exponents) -> SSAValue:
        number, rest = value.as_coeff_Mul()
        factors = rest.as_ordered_factors()
        known = [self.dimension(factor) for factor in factors]
        total = self.value(factors[0], known[0])
        for factor, own in zip(factors[1:], known[1:], strict=True):
            total = self.algebra.mul(total, self.value(factor, own))
        left = divide(dimension, ex.exponents_of(total))
        if number == -1 and left == DIMENSIONLESS:
            return self.algebra.neg(total)
        if number == 1 and left == DIMENSIONLESS:
            return total
        return self.algebra.mul(self.algebra.const(float(number), ex.quantity(left)), total)

    def _power(self, value: Expression) -> SSAValue:
        base, exponent = value.as_base_exp()
        return self.algebra.emit(
            ex.PowOp(self.value(base, self.dimension(base)), self.value(exponent, DIMENSIONLESS))
        )

    def _function(self, value: Expression, dimension: Exponents) -> SSAValue:
        name = str(value.func)
        if name in _BINARY:
            arguments = [self.value(argument, dimension) for argument in value.args]
            return self.algebra.emit(_BINARY[name](*arguments))
        if name == "select":
            condition, *sides = value.args
            return self.algebra.select(
                self.value(condition, DIMENSIONLESS), *(self.value(s, dimension) for s in sides)
            )
        if name in _COMPARISONS:
            (difference,) = value.args
            own = self.dimension(difference)
            zero = self.algebra.const(0.0, ex.quantity(own))
            return self.algebra.emit(ex.CompareOp(name, self.value(difference, own), zero))
        (argument,) = value.args
        return self.algebra.function(_UNARY[name], self.value(argument, self.dimension(argument)))

    def dimension(self, value: Expression) -> Exponents:
        """Return the dimension of an expression; that of a bare number is none."""
        if value.is_Symbol:
            return self.names[str(value)]
        if value.is_Add:
            terms = [term for term in value.args if not term.is_Number]
            return self.dimension(terms[0])
        if value.is_Mul:
            total = DIMENSIONLESS
            for factor in value.args:
                total = multiply(total, self.dimension(factor))
            return total
        if value.is_Pow and value.exp.is_Integer:
            return power(self.dimension(value.base), int(value.exp))
        if str(value.func) in (*_BINARY, "select", "abs"):
            return self.dimension(value.args[-1])
        return DIMENSIONLESS
