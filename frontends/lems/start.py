"""Values at the start of a simulation, of everything in a tree of parts."""

from __future__ import annotations

from collections.abc import Callable

from snnc.importing.expressions import Node, parse_expression
from snnc.ir.diagnostics import Location, ModelError
from snnc.lems.arithmetic import value_of
from snnc.lems.elements import Case, Derived
from snnc.lems.library import Library
from snnc.lems.meaning import Time, Value, Variable, meaning, selected
from snnc.lems.part import Part


class Start:
    """Evaluates states, derived variables and parameters at time 0, in coherent units.

    Parameters
    ----------
    library : Library
        With dimensions and constants.
    uniform : callable
        Gives random numbers in [0, 1).
    """

    def __init__(self, library: Library, uniform: Callable[[], float]) -> None:
        self.library = library
        self.uniform = uniform
        self.drawn = False
        self._values: dict[tuple[int, str], float] = {}
        self._busy: list[tuple[Part, str]] = []

    def of(self, part: Part, name: str, at: Location) -> float:
        """Return the value of a name of a part.

        Raises
        ------
        ModelError
            If it is unknown, depends on itself, or has no value.
        """
        found = meaning(part, name, self.library, at)
        if isinstance(found, Time):
            return 0.0
        if isinstance(found, Value):
            return found.value.value
        key = id(found.part), found.declared.name
        if key not in self._values:
            self._values[key] = self._fresh(found)
        return self._values[key]

    def _fresh(self, found: Variable) -> float:
        part, declared = found.part, found.declared
        if (part, declared.name) in self._busy:
            raise ModelError(
                f"derived variables depend on each other: '{declared.name}'", declared.place
            )
        self._busy.append((part, declared.name))
        if isinstance(declared, Derived):
            value = self._derived(part, declared)
        elif declared.value is not None:
            value = self.expression(
                part, parse_expression(declared.value, declared.place), declared.place
            )
        else:
            value = self._state(part, declared.name)
        self._busy.pop()
        return value

    def _state(self, part: Part, name: str) -> float:
        if name in part.type.dynamics.states and name in self.occupancies(part):
            return self.occupancies(part)[name]
        for equation in part.type.dynamics.start:
            if equation.variable == name:
                return self.expression(part, equation.value, equation.place)
        return 0.0

    def occupancies(self, part: Part) -> dict[str, float]:
        """Return the share of a state of a kinetic scheme: all start in the first."""
        above = part.parent
        for scheme in () if above is None else above.type.dynamics.schemes:
            nodes = above.find(scheme.nodes) if above is not None else []
            if part in nodes:
                return {scheme.variable: float(part is nodes[0])}
        return {}

    def _derived(self, part: Part, declared: Derived) -> float:
        if declared.select is None:
            return self._cases(part, declared.cases, declared.place)
        parts, name = selected(part, declared.select, declared.place)
        values = [self.of(found, name, declared.place) for found in parts]
        if declared.reduce == "multiply":
            product = 1.0
            for value in values:
                product *= value
            return product
        return sum(values)

    def _cases(self, part: Part, cases: tuple[Case, ...], at: Location) -> float:
        for case in cases:
            if case.condition is None or self.expression(part, case.condition, at):
                return self.expression(part, case.value, at)
        return 0.0

    def expression(self, part: Part, node: Node, at: Location) -> float:
        """Return the value of an expression in a part."""
        return value_of(node, lambda name: self.of(part, name, at), at, {"random": self._random})

    def _random(self, limit: float) -> float:
        self.drawn = True
        return limit * self.uniform()
