"""Graded synapses: components of a cell that see the potential of another cell at all times.

What such a component computes from its peer alone, its states among them, is the same for all
cells that the peer acts on: it becomes a part of the peer. What is left is the current, which the
coupling reads from both cells in every step.
"""

from __future__ import annotations

from collections.abc import Mapping

from snnc.importing.expressions import (
    Name,
    Node,
    Number,
    Operation,
    names_in,
    parse_expression,
    substituted,
)
from snnc.importing.model_text import ModelText, infix
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError
from snnc.ir.units import NAMED, Exponents, format_unit
from snnc.lems.arithmetic import adapted, value_of
from snnc.lems.cell import Flat, of_cases
from snnc.lems.elements import Declared
from snnc.lems.library import Library
from snnc.lems.meaning import Value, Variable, meaning
from snnc.lems.part import Builder, Part

PEER = "peer"
_POTENTIAL = "v"
_WEIGHT = "weight"
_VOLTAGE, _CURRENT, _SIEMENS = (NAMED[unit].exponents for unit in ("mV", "nA", "uS"))
MAX_DEPTH = 50


def peer_part(builder: Builder, component: str, root: Part, at: Location) -> Part:
    """Return a graded synapse as a part of the cell that it sees."""
    part = builder.part(builder.library.component(component, at), root)
    part.children[PEER] = [root]
    return part


class Graded:
    """A component that sees a peer, as a coupling of the IR.

    Parameters
    ----------
    library : Library
        With dimensions and constants.
    component : str
        The id of the component.
    at : Location
        Where it is used.
    """

    def __init__(self, library: Library, component: str, at: Location) -> None:
        self.library = library
        self.part = Builder(library).part(library.component(component, at))
        self.name = component
        self.states = list(self.part.type.dynamics.states)
        self._depth = 0
        for state in self.states:
            self._check(state)
        self.current = self._expanded("i", at)

    @property
    def silent(self) -> bool:
        """Whether its current is zero."""
        try:
            return value_of(self.current, _no_value, self.part.place) == 0.0
        except LookupError:
            return False

    def text(self, model: str, pre: Mapping[str, tuple[str, Exponents]], potentials: tuple[str, str]
             ) -> ModelText:  # fmt: skip
        """Return the model of the coupling.

        Parameters
        ----------
        model : str
            Its name.
        pre : mapping of str to (str, Exponents)
            What the states are called in the cell before the synapse, with their dimensions.
        potentials : (str, str)
            What the potentials are called in the cells before and after it.
        """
        names = {f"pre.{own}": (f"pre.{name}", unit) for own, (name, unit) in pre.items()}
        names |= {
            f"{side}.{_POTENTIAL}": (f"{side}.{name}", _VOLTAGE)
            for side, name in zip(("pre", "post"), potentials, strict=True)
        }
        names[_WEIGHT] = _WEIGHT, _SIEMENS
        dimensions = dict(names.values())
        renamed = substituted(self.current, lambda name: Name(names[name][0]))
        tree = adapted(renamed, _CURRENT, dimensions.__getitem__)
        sides: dict[str, list[str]] = {}
        for name in sorted({*names_in(tree)} - {_WEIGHT}):
            side, _, label = name.partition(".")
            sides.setdefault(label, []).append(side)
        text = ModelText(self.library.file)
        with text.block(f"syn.model @{model}", self.part.place):
            for label, on in sides.items():
                side = f"{on[0]} " if len(on) == 1 else ""
                unit = format_unit(dimensions[f"{on[0]}.{label}"])
                text.line(f'reads {side}{label} : "{unit}"')
            text.line(f"couple into post {infix(tree, at=self.part.place)}", self.part.place)
        return text

    def _check(self, state: str) -> None:
        """Refuse a state that depends on the cell which the current flows into."""
        dynamics = self.part.type.dynamics
        values = [(e.value, e.place) for e in dynamics.derivatives if e.variable == state]
        for reaction in dynamics.reactions:
            sets = [e for e in reaction.assignments if e.variable == state]
            values += [(e.value, e.place) for e in sets]
            if sets and reaction.test is not None:
                values.append((reaction.test, reaction.place))
        for value, place in values:
            if f"post.{_POTENTIAL}" in names_in(self._of(value, place)):
                kind = self.part.type.name
                raise UnsupportedError(f"'{state}' of '{kind}' depends on both cells", place)

    def _expanded(self, name: str, at: Location) -> Node:
        """Return what a name of the component is, in potentials and states of the two cells."""
        part = self.part
        if name == _WEIGHT and name in part.type.properties:
            return Operation("/", (Name(_WEIGHT), Number(1.0, "uS")))
        if name == _POTENTIAL and name in part.type.requirements:
            return Name(f"post.{_POTENTIAL}")
        found = meaning(part, name, self.library, at)
        if isinstance(found, Value):
            return Number(found.value.value, format_unit(found.value.exponents))
        if not isinstance(found, Variable):
            raise UnsupportedError(f"'{part.type.name}' depends on time", at)
        declared = found.declared
        if isinstance(declared, Declared):
            if declared.value is None:
                return Name(f"pre.{declared.name}")
            return self._of(parse_expression(declared.value, declared.place), declared.place)
        if declared.select is not None:
            if declared.select.strip() != f"{PEER}/{_POTENTIAL}":
                raise UnsupportedError(
                    f"'{part.type.name}' selects '{declared.select}'; expected "
                    f"'{PEER}/{_POTENTIAL}' of a synapse that sees a peer",
                    declared.place,
                )
            return Name(f"pre.{_POTENTIAL}")
        return self._of(of_cases(declared.cases), declared.place)

    def _of(self, node: Node, at: Location) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ModelError(f"variables of '{self.part.type.name}' nest too deeply", at)
        found = substituted(node, lambda name: self._expanded(name, at))
        self._depth -= 1
        return found


def state_names(flat: Flat, part: Part) -> dict[str, tuple[str, Exponents]]:
    """Return what the states of a part are called in its cell, with their dimensions."""
    found = {}
    for name in part.type.dynamics.states:
        full = flat.full(part, name)
        found[name] = full, flat.dimension(full)
    return found


def _no_value(name: str) -> float:
    raise LookupError(name)
