"""Expressions of NESTML as quantities: names looked up, functions written out, units fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.diagnostics import Location, ModelError, UnitError, UnsupportedError, did_you_mean
from snnc.ir.units import NAMED, Unit
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.elements import Function, Type
from snnc.nestml.read_expressions import INFINITY
from snnc.nestml.units import UNITS, unit_named
from snnc.nestml.values import Value

_MS = NAMED["ms"]
_PLAIN = {"exp": "exp", "ln": "log", "log10": "log10", "sin": "sin", "cos": "cos", "tan": "tan",
          "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "floor": "floor", "ceil": "ceil",
          "round": "round"}  # fmt: skip
_CONSTANTS = {"e": math.e, "inf": INFINITY}
MAX_CALLS = 20

Lookup = Callable[[str], Value | None]


class Translator:
    """Translates expressions; one for each model.

    Parameters
    ----------
    lookup : callable
        From the name of a variable to its value, or None.
    functions : mapping of str to Function
        The functions of the model.
    """

    def __init__(self, lookup: Lookup, functions: Mapping[str, Function]) -> None:
        self.lookup = lookup
        self.functions = functions
        self.calls: Callable[[Call], Value | None] = lambda call: None
        self.local: dict[str, Value] = {}
        self.place: Location | None = None
        self._depth = 0
        self._draws = 0

    def value(self, node: Node, at: Location) -> Value:
        """Return the value of an expression.

        Raises
        ------
        ModelError
            If a name is unknown, or units do not fit; with the place.
        UnsupportedError
            For a function that the IR has no form for.
        """
        with self.at(at):
            return self._value(node)

    def typed(self, node: Node, type: Type, at: Location, what: str) -> Value:
        """Return the value of an expression in a declared type, truth values as 1 and 0."""
        with self.at(at):
            return fit(self._value(node), type, what)

    @contextmanager
    def at(self, place: Location) -> Iterator[None]:
        """Give errors about units this place."""
        before, self.place = self.place, place
        try:
            yield
        except UnitError as error:
            raise UnitError(error.message, error.location or place) from None
        finally:
            self.place = before

    def _value(self, node: Node) -> Value:
        match node:
            case Number():
                unit = None if node.unit is None else unit_named(node.unit)
                return q.number(node.value, unit)
            case Name():
                return self._name(node.name)
            case Call():
                return self._call(node)
            case Operation(operands=(operand,)):
                inner = self._value(operand)
                return logic.opposite(inner) if node.sign == "not" else q.negative(inner)
            case Operation(operands=(left, right)):
                return self._binary(node.sign, left, right)
        raise AssertionError(node)

    def _name(self, name: str) -> Value:
        found = self.local.get(name)
        if found is None:
            found = self.lookup(name)
        if found is not None:
            return found
        if name in _CONSTANTS:
            return q.number(_CONSTANTS[name])
        if name == "t":
            return q.name("t", _MS)
        if name in UNITS:
            return q.number(1.0, UNITS[name])
        raise ModelError(f"unknown variable '{name}'{did_you_mean(name, self.local)}", self.place)

    def _binary(self, sign: str, left: Node, right: Node) -> Value:
        a, b = self._value(left), self._value(right)
        match sign:
            case "+":
                return q.plus(a, b)
            case "-":
                return q.plus(a, q.negative(b))
            case "*":
                return q.times(a, b)
            case "/":
                return q.times(a, q.inverse(b))
            case "^":
                return self._power(a, b)
            case "and":
                return logic.both(a, b)
            case "or":
                return logic.either(a, b)
        return logic.compare(sign, a, b)

    def _power(self, base: Value, exponent: Value) -> Value:
        n = q.real(exponent, "an exponent").constant
        if n is not None and n.is_integer() and abs(n) <= 12:
            return q.to_whole_power(base, int(n))
        if n is not None and (2 * n).is_integer() and abs(n) <= 12:
            return q.to_whole_power(q.square_root(base), int(2 * n))
        return q.call("pow", q.real(base, "a power"), q.real(exponent, "an exponent"))

    # Functions

    def _call(self, node: Call) -> Value:
        special = self.calls(node)
        if special is not None:
            return special
        name, arguments = node.function, node.arguments
        if name in self.functions:
            return self._own(self.functions[name], node)
        given = [self._value(argument) for argument in arguments]
        if name in _PLAIN and len(given) == 1:
            return q.call(_PLAIN[name], q.real(given[0], f"'{name}'"))
        match name, given:
            case "expm1", [x]:
                return q.plus(q.call("exp", q.real(x, "'expm1'")), q.number(-1.0))
            case "pow", [x, y]:
                return self._power(x, y)
            case (("min" | "max"), [x, y]):
                return q.extreme(name, x, y)
            case "abs", [x]:
                return q.absolute(x)
            case "clip", [x, low, high]:
                return q.extreme("min", q.extreme("max", x, low), high)
            case "select", [condition, x, y]:
                return logic.select(condition, x, y)
            case (("resolution" | "timestep"), []):
                return q.name("dt", _MS)
            case "random_normal", [mean, deviation]:
                return q.plus(mean, q.times(deviation, self._normal()))
            case "random_uniform", [low, width]:
                return q.plus(low, q.times(width, self._uniform()))
            case "steps", [time]:
                count = q.times(time, q.inverse(q.name("dt", _MS)))
                return q.call("round", q.real(count, "'steps'"))
        raise UnsupportedError(f"function '{name}' of {len(given)} arguments", self.place)

    def _uniform(self) -> Value:
        self._draws += 1
        return q.variable(Call("uniform", (Name(f"draw_{self._draws}"),)), Unit(1.0, (0,) * 7))

    def _normal(self) -> Value:
        """Return a standard normal number (Box & Muller 1958)."""
        radius = q.square_root(q.times(q.number(-2.0), q.call("log", self._uniform())))
        angle = q.times(q.number(2 * math.pi), self._uniform())
        return q.times(radius, q.call("cos", angle))

    def _own(self, function: Function, node: Call) -> Value:
        from snnc.nestml.statements import returned

        if len(function.parameters) != len(node.arguments):
            raise ModelError(
                f"wrong number of arguments of '{function.name}'; found {len(node.arguments)}, "
                f"expected {len(function.parameters)}",
                self.place,
            )
        if self._depth == MAX_CALLS:
            raise UnsupportedError(f"function '{function.name}' calls itself", self.place)
        pairs = zip(function.parameters, node.arguments, strict=True)
        given = {
            name: fit(self._value(argument), type, f"'{name}' of '{function.name}'")
            for (name, type), argument in pairs
        }
        before, self.local = self.local, given
        self._depth += 1
        try:
            return returned(self, function)
        finally:
            self.local = before
            self._depth -= 1


def fit(value: Value, type: Type, what: str) -> Value:
    """Return a value in a declared type, truth values as 1 and 0.

    Raises
    ------
    UnitError
        If it has another dimension, or one is a truth value and the other is not.
    """
    if type.truth:
        return logic.as_number(logic.as_truth(value))
    return q.cast(value, type.unit.exponents, type.unit.scale, what)
