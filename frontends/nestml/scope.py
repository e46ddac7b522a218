"""What the names of a model stand for in its expressions."""

from __future__ import annotations

from collections.abc import Mapping

from snnc.importing.expressions import Call, Name, Node
from snnc.ir.diagnostics import ModelError
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.declarations import Defaults
from snnc.nestml.elements import Model, Variable
from snnc.nestml.names import Names
from snnc.nestml.nodes import walk
from snnc.nestml.translate import Translator
from snnc.nestml.values import Value


class Scope:
    """Names of a model, and the aliases that its expressions turn out to need.

    Parameters
    ----------
    model : Model
        The model.
    previous : mapping of str to str
        States that only keep the value that another one had before the step.

    Attributes
    ----------
    aliases : dict
        Inline expressions and constants that were read, in an order in which they can be written.
    ports : dict
        What ports for spikes stand for, where they may be read.
    weight : str
        The name of the weight of a spike that arrives.
    """

    def __init__(self, model: Model, previous: Mapping[str, str]) -> None:
        self.model = model
        self.previous = previous
        self.names = Names()
        self.defaults = Defaults(model)
        self.aliases: dict[str, tuple[Variable, Value]] = {}
        self.translator = Translator(self.lookup, model.functions)
        self.ports: dict[str, Value] = {}
        self.weight = "w"
        self._busy: list[str] = []

    def lookup(self, name: str) -> Value | None:
        """Return what a variable of the model stands for."""
        model = self.model
        if name in self.ports:
            return self.ports[name]
        if name in self.previous:
            source = model.states[self.previous[name]]
            return q.variable(Call("previous", (Name(self.names[source.name]),)), source.type.unit)
        if name in model.internals:
            return self._internal(model.internals[name])
        if name in model.inlines:
            return self._alias(model.inlines[name])
        if name in model.states or name in model.parameters:
            return self._read(model.variables[name])
        if name in model.ports and not model.ports[name].spikes:
            return q.name(self.names[name], model.ports[name].type.unit)
        return None

    def _read(self, variable: Variable) -> Value:
        value = q.name(self.names[variable.name], variable.type.unit)
        return logic.as_truth(value) if variable.type.truth else value

    def _internal(self, variable: Variable) -> Value:
        """Return a constant: its number, or an alias where it depends on parameters."""
        read = self._depends(variable.value)
        if read & set(self.model.parameters) and not read & set(self.model.states):
            return self._alias(variable)
        if any(isinstance(n, Call) for n in walk(variable.value)) if variable.value else False:
            return self._alias(variable)
        value = self.defaults.value(variable)
        return logic.as_truth(value) if variable.type.truth else value

    def _depends(self, node: Node | None) -> set[str]:
        """Return the variables that an expression reads, through constants."""
        found: set[str] = set()
        for part in walk(node) if node is not None else ():
            if isinstance(part, Name) and part.name in self.model.internals:
                if part.name not in self._busy:
                    self._busy.append(part.name)
                    found |= self._depends(self.model.internals[part.name].value)
                    self._busy.pop()
            elif isinstance(part, Name):
                found.add(part.name)
        return found

    def _alias(self, variable: Variable) -> Value:
        if variable.name not in self.aliases:
            self.aliases[variable.name] = variable, self._alias_value(variable)
        value = self.aliases[variable.name][1]
        constant = value.constant is not None
        if constant or variable.type.truth:
            return logic.as_truth(value) if variable.type.truth else value
        return q.name(self.names[variable.name], variable.type.unit)

    def _alias_value(self, variable: Variable) -> Value:
        if variable.name in self._busy:
            circle = " -> ".join([*self._busy[self._busy.index(variable.name) :], variable.name])
            raise ModelError(f"inline expressions depend on each other: {circle}", variable.place)
        if variable.value is None:
            raise ModelError(f"'{variable.name}' has no value", variable.place)
        self._busy.append(variable.name)
        before, self.translator.local = self.translator.local, {}
        try:
            return self.translator.typed(
                variable.value, variable.type, variable.place, f"'{variable.name}'"
            )
        finally:
            self.translator.local = before
            self._busy.pop()
