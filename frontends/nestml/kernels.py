"""Convolutions of spikes with kernels as states with linear equations and jumps.

A kernel that is a sum of terms c t^k exp(-r t) is the solution of a chain of k + 1 equations in
which every state decays with the rate r and drives the next; a spike adds c k! times its weight to
the first one. A kernel given by equations is that; a spike adds its initial values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from snnc.importing.expressions import Call, Name, Node, Operation
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.units import DIMENSIONLESS, NAMED, Unit, format_unit
from snnc.nestml import values as q
from snnc.nestml.elements import Equation, Kernel, Model
from snnc.nestml.names import Names
from snnc.nestml.nodes import Factors, product, summands, walk
from snnc.nestml.translate import Translator
from snnc.nestml.values import Value

_TIME = Name("t")
_MS = NAMED["ms"]


@dataclass(frozen=True)
class ResponseState:
    """A state of a response: what a spike of weight w adds to it is ``jump`` times w."""

    name: str
    unit: Unit
    derivative: Value
    jump: Value | None
    hidden: bool


@dataclass(frozen=True)
class Response:
    """The convolution of a port with a kernel; `decay` is the parameter it decays with."""

    states: tuple[ResponseState, ...]
    value: Value
    decay: str | None = None


def is_delta(kernel: Kernel) -> bool:
    """Tell whether a kernel is Dirac's."""
    return isinstance(kernel.equations[0].value, Call) and (
        kernel.equations[0].value.function == "delta"
    )


def kernel_states(model: Model) -> set[str]:
    """Return the declared states that only hold the initial values of kernels."""
    return {
        equation.name + "'" * i
        for kernel in model.kernels.values()
        for equation in kernel.equations
        for i in range(equation.order)
    }


def response_of(
    model: Model,
    kernel: Kernel,
    name: str,
    weight: Unit,
    names: Names,
    translator: Translator,
) -> Response:
    """Return the states of a convolution, named after `name`.

    Raises
    ------
    UnsupportedError
        If the kernel is no sum of products of powers of t and exponentials.
    """
    builder = _Builder(model, kernel, name, weight, names, translator)
    if kernel.equations[0].order:
        return builder.by_equations()
    return builder.by_time()


class _Builder:
    def __init__(
        self,
        model: Model,
        kernel: Kernel,
        name: str,
        weight: Unit,
        names: Names,
        translator: Translator,
    ) -> None:
        self.model = model
        self.kernel = kernel
        self.name = name
        self.weight = weight
        self.names = names
        self.translator = translator
        self.per_weight = q.inverse(q.number(1.0, weight))

    def by_time(self) -> Response:
        node = self.kernel.equations[0].value
        terms = list(summands(node, lambda n: _TIME in walk(n)))
        states: list[ResponseState] = []
        total = q.number(0.0)
        decay = None
        for i, (sign, factors) in enumerate(terms, 1):
            coefficient, order, rate = self.term(sign, factors)
            suffix = f"_{i}" if len(terms) > 1 else ""
            chain = self.chain(self.name + suffix, coefficient, order, rate)
            states += chain
            last = chain[-1]
            read = q.times(q.name(last.name, last.unit), self.per_weight)
            total = q.plus(total, q.real(read, "a kernel"))
            decay = _inverse_name(rate) if len(terms) == 1 else None
        return Response(tuple(states), total, decay)

    def term(self, sign: int, factors: Factors) -> tuple[Value, int, Value]:
        """Return the coefficient, the power of t and the rate of decay."""
        rest: Factors = ()
        order, rate = 0, None
        for node, power in factors:
            if node == _TIME and power == 1:
                order += 1
            elif isinstance(node, Call) and node.function == "exp" and _TIME in walk(node):
                rate = self.rate(node.arguments[0], power) if rate is None else self.refuse()
            elif _TIME in walk(node):
                self.refuse()
            else:
                rest += ((node, power),)
        if rate is None:
            rate = self.refuse()
        return self.translator.value(product(sign, rest), self.kernel.place), order, rate

    def rate(self, exponent: Node, power: int) -> Value:
        terms = list(summands(exponent, lambda n: _TIME in walk(n)))
        if len(terms) != 1 or power != 1:
            self.refuse()
        sign, factors = terms[0]
        rest = tuple(f for f in factors if f != (_TIME, 1))
        if len(rest) != len(factors) - 1 or any(_TIME in walk(n) for n, _ in rest):
            self.refuse()
        rate = self.translator.value(product(-sign, rest), self.kernel.place)
        if rate.exponents == DIMENSIONLESS:
            return q.times(rate, q.inverse(q.number(1.0, _MS)))
        return rate

    def refuse(self) -> Value:
        raise UnsupportedError(
            f"kernel '{self.kernel.name}' is no sum of products of powers of t and exp(-t/tau)",
            self.kernel.place,
        )

    def chain(self, name: str, coefficient: Value, order: int, rate: Value) -> list[ResponseState]:
        """Return states of which each drives the next; the last one is the kernel."""
        jump = q.times(coefficient, q.number(float(math.factorial(order))))
        whole = Unit(1.0, jump.exponents) * self.weight
        labels = [self.names.fresh(f"{name}_{'rise' if i == 1 else f'rise_{i}'}")
                  for i in range(order, 0, -1)]  # fmt: skip
        labels.append(self.names.fresh(name))
        states: list[ResponseState] = []
        for i, label in enumerate(labels):
            own = q.name(label, whole)
            change = q.negative(q.times(own, rate))
            if i:
                change = q.plus(q.name(labels[i - 1], states[-1].unit), change)
            states.append(
                ResponseState(label, whole, change, None if i else jump, i < len(labels) - 1)
            )
            whole = whole * _MS
        return states

    def by_equations(self) -> Response:
        declared: dict[str, tuple[str, Unit]] = {}
        for equation in self.kernel.equations:
            for i in range(equation.order):
                old = equation.name + "'" * i
                if old not in self.model.states:
                    raise UnsupportedError(f"kernel '{old}' has no initial value", equation.place)
                new = self.name + old.removeprefix(self.kernel.name)
                unit = self.model.states[old].type.unit * self.weight
                declared[old] = (self.names.fresh(new), unit)
        before = self.translator.local
        self.translator.local = {
            **before,
            **{
                old: q.times(q.name(label, unit), self.per_weight)
                for old, (label, unit) in declared.items()
            },
        }
        try:
            states = [self.driven(old, label, unit) for old, (label, unit) in declared.items()]
        finally:
            self.translator.local = before
        label, unit = declared[self.kernel.name]
        return Response(tuple(states), q.times(q.name(label, unit), self.per_weight))

    def driven(self, old: str, label: str, unit: Unit) -> ResponseState:
        base, order = old.rstrip("'"), old.count("'") + 1
        equation = next(e for e in self.kernel.equations if e.name == base)
        one = q.number(1.0, self.weight)
        if order == equation.order:
            rhs = self.derivative(equation, old)
        else:
            rhs = self.translator.local[base + "'" * order]
        state = self.model.states[old]
        assert state.value is not None
        jump = self.translator.typed(state.value, state.type, state.place, f"'{old}'")
        hidden = old != self.kernel.name
        return ResponseState(label, unit, q.times(rhs, one), jump if jump.terms else None, hidden)

    def derivative(self, equation: Equation, state: str) -> Value:
        unit = self.model.states[state].type.unit
        value = self.translator.value(equation.value, equation.place)
        rate = unit * _MS**-1
        with self.translator.at(equation.place):
            return q.cast(value, rate.exponents, rate.scale, f"the derivative of '{state}'")


def _inverse_name(rate: Value) -> str | None:
    """Return P where a rate is 1/P."""
    if len(rate.terms) != 1 or rate.terms[0].coefficient != 1.0:
        return None
    factors = rate.terms[0].factors
    if len(factors) == 1 and factors[0].power == -1 and isinstance(factors[0].node, Name):
        return factors[0].node.name if format_unit(factors[0].exponents) == "ms" else None
    return None


def delta_jumps(model: Model, equation: Equation) -> tuple[Node, list[tuple[str, Node]]]:
    """Split off the terms of a right-hand side that are convolutions with Dirac's delta.

    Returns
    -------
    Node
        What is left.
    list of (str, Node)
        Ports, and what a spike adds to the state, where the convolution stands for the weight.
    """

    def delta(node: Node) -> bool:
        return any(_is_delta_call(model, n) for n in walk(node))

    if not delta(equation.value):
        return equation.value, []
    rest: Node | None = None
    jumps: list[tuple[str, Node]] = []
    for sign, factors in summands(equation.value, delta):
        hits = [node for node, power in factors if power == 1 and _is_delta_call(model, node)]
        node = product(sign, factors)
        if len(hits) == 1 and isinstance(hits[0], Call):
            port = hits[0].arguments[1]
            assert isinstance(port, Name)
            jumps.append((port.name, node))
        elif delta(node):
            raise UnsupportedError("a delta kernel in a nonlinear term", equation.place)
        else:
            rest = node if rest is None else Operation("+", (rest, node))
    return rest if rest is not None else product(0, ()), jumps


def _is_delta_call(model: Model, node: Node) -> bool:
    match node:
        case Call(function="convolve", arguments=(Name(name=kernel), _)):
            return kernel in model.kernels and is_delta(model.kernels[kernel])
    return False
