"""Values at the start: parameters, constants and initial values computed from the defaults."""

from __future__ import annotations

from snnc.importing.expressions import Call, Node
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError
from snnc.ir.units import NAMED, Unit, format_unit
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.elements import Model, Type, Variable
from snnc.nestml.translate import Translator
from snnc.nestml.values import Value


class Defaults:
    """The numbers that a model's variables have before it runs."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._busy: list[str] = []
        self._known: dict[str, Value] = {}
        self._translator = Translator(self._lookup, model.functions)
        self._translator.calls = _of_nothing

    def _lookup(self, name: str) -> Value | None:
        if name in self.model.ports:
            return q.number(0.0, self.model.ports[name].type.unit)
        variable = self.model.variables.get(name)
        if variable is None:
            return None
        value = self.value(variable)
        return logic.as_truth(value) if variable.type.truth else value

    def value(self, variable: Variable) -> Value:
        """Return the default or initial value of a variable.

        Raises
        ------
        ModelError
            If it depends on itself.
        UnsupportedError
            If it is not known before a run, such as a random one.
        """
        if variable.name in self._known:
            return self._known[variable.name]
        if variable.name in self._busy:
            circle = " -> ".join([*self._busy[self._busy.index(variable.name) :], variable.name])
            raise ModelError(f"values depend on each other: {circle}", variable.place)
        if variable.value is None:
            raise ModelError(f"'{variable.name}' has no value", variable.place)
        self._busy.append(variable.name)
        before, self._translator.local = self._translator.local, {}
        found = self._translator.typed(
            variable.value, variable.type, variable.place, f"'{variable.name}'"
        )
        self._translator.local = before
        self._busy.pop()
        if found.constant is None:
            raise UnsupportedError(
                f"the value of '{variable.name}' is not known before a run", variable.place
            )
        self._known[variable.name] = found
        return found

    def evaluate(self, node: Node, place: Location) -> Value:
        """Return the value that an expression has at the start."""
        return self._translator.value(node, place)

    def number(self, variable: Variable) -> float:
        """Return the default or initial value in the unit of `unit_text`."""
        constant = self.value(variable).constant
        assert constant is not None
        return float(f"{constant / written_unit(variable.type)[1]:.15g}")


def _of_nothing(call: Call) -> Value | None:
    """Return what a convolution with spikes is before any has arrived."""
    return q.number(0.0) if call.function == "convolve" else None


def written_unit(type: Type) -> tuple[str, float]:
    """Return the text of a declared unit, as the IR knows it, with its factor."""
    return unit_text(type.unit)


def unit_text(unit: Unit) -> tuple[str, float]:
    """Return a unit's name in the IR, else the coherent unit, and the factor of that."""
    for name, known in NAMED.items():
        if known.exponents == unit.exponents and known.scale == unit.scale:
            return name, unit.scale
    return format_unit(unit.exponents), 1.0
