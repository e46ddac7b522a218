"""A cell of the IR from a tree of parts: only what its outputs depend on is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snnc.importing.expressions import Call, Name, Node, Number, Operation, parse_expression
from snnc.importing.model_text import infix, number_text
from snnc.ir.diagnostics import Location, ModelError, UnitError
from snnc.ir.units import DIMENSIONLESS, NAMED, Exponents, format_unit
from snnc.lems.arithmetic import adapted, dimension_of, value_of
from snnc.lems.elements import Case, Declared, Derived, Equation
from snnc.lems.late import Memory, steps_late
from snnc.lems.library import Library
from snnc.lems.meaning import Time, Value, Variable, meaning, selected
from snnc.lems.names import full_name
from snnc.lems.part import Part
from snnc.lems.start import Start

CURRENT = NAMED["nA"].exponents
INJECTED = "injected"
_GEOMETRY = ("segment", "point3DWithDiam")
_COMPLEMENTS = {("==", "!="), ("!=", "=="), (">", "<="), ("<=", ">"), ("<", ">="), (">=", "<")}


@dataclass(frozen=True)
class Line:
    """A line of the text, and where it came from."""

    text: str
    place: Location


class Flat:
    """The declarations of a cell, in the order of need.

    Parameters
    ----------
    library : Library
        With dimensions and constants.
    root : Part
        The cell, with what is attached to it.
    start : Start
        Values at the start.
    varied : sequence of Part
        Attached parts of which cells have different numbers; a parameter ``number`` says how many.
    """

    def __init__(self, library: Library, root: Part, start: Start, varied: Sequence[Part]) -> None:
        self.library = library
        self.root = root
        self.start = start
        self.varied = varied
        self.params: dict[str, Line] = {}
        self.states: dict[str, Line] = {}
        self.lets: dict[str, Line] = {}
        self.dimensions: dict[str, Exponents] = {"t": NAMED["ms"].exponents}
        self.initial: dict[str, tuple[Part, str]] = {}
        self.needed: list[Part] = []
        self.memory = Memory()
        self.takes_current = False
        self.arriving = "weight" if root.declares("w") else "w"
        self.draws = 0
        self._names: dict[tuple[int, str], str] = {}
        self._meanings: dict[str, Node] = {}
        self._busy: list[str] = []

    # Expressions

    def node(
        self,
        part: Part,
        node: Node,
        at: Location,
        wanted: Exponents | None = None,
        local: dict[str, Node] | None = None,
    ) -> Node:
        """Return an expression of a part in the names of the cell; `local` names come first."""
        tree = self._named(part, node, at, local or {})
        return adapted(tree, wanted, self.dimension)

    def text(
        self,
        part: Part,
        node: Node,
        at: Location,
        wanted: Exponents | None = None,
        local: dict[str, Node] | None = None,
    ) -> str:
        """Return an expression of a part as the IR writes it."""
        return infix(self.node(part, node, at, wanted, local), at=at)

    def dimension(self, name: str) -> Exponents:
        """Return the dimension of a name of the cell."""
        return self.dimensions.get(name, DIMENSIONLESS)

    def _named(self, part: Part, node: Node, at: Location, local: dict[str, Node]) -> Node:
        match node:
            case Number():
                return node
            case Name():
                return local[node.name] if node.name in local else self.meaning(part, node.name, at)
            case Operation(sign="^", operands=(base, exponent)):
                raised = self._named(part, base, at, local)
                return Operation("^", (raised, self._exponent(part, exponent, at, local)))
            case Operation():
                return Operation(
                    node.sign, tuple(self._named(part, o, at, local) for o in node.operands)
                )
            case Call():
                arguments = tuple(self._named(part, a, at, local) for a in node.arguments)
                return self._call(node.function, arguments)
        raise AssertionError(node)

    def _exponent(self, part: Part, node: Node, at: Location, local: dict[str, Node]) -> Node:
        """Return an exponent, as a number if it is a parameter, so that powers are products."""
        if isinstance(node, Name) and node.name not in local:
            found = meaning(part, node.name, self.library, at)
            if isinstance(found, Value):
                return Number(found.value.value)
        return self._named(part, node, at, local)

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Node:
        match function, arguments:
            case "H", (x,):
                positive = Operation(">", (x, Number(0.0)))
                return Call("select", (positive, Number(1.0), Number(0.0)))
            case "random", (limit,):
                self.draws += 1
                draw = Call("uniform", (Name(f"draw_{self.draws}"),))
                return draw if limit == Number(1.0) else Operation("*", (limit, draw))
        return Call(function, arguments)

    # Names

    def full(self, part: Part, name: str) -> str:
        """Return the name in the cell of something of a part; parts may have the same path."""
        key = id(part), name
        if key not in self._names:
            full = full_name(part.path, name)
            while full in self._names.values():
                full += "_"
            self._names[key] = full
        return self._names[key]

    def meaning(self, part: Part, name: str, at: Location) -> Node:
        """Return what a name of a part is in the cell; declare it there."""
        found = meaning(part, name, self.library, at)
        if isinstance(found, Time):
            return Name("t")
        if isinstance(found, Value):
            return self._value(found)
        full = self.full(found.part, found.declared.name)
        if full not in self._meanings:
            if full in self._busy:
                circle = " -> ".join([*self._busy[self._busy.index(full) :], full])
                raise ModelError(
                    f"derived variables depend on each other: {circle}", found.declared.place
                )
            self._busy.append(full)
            self._meanings[full] = self._variable(found, full)
            self._busy.pop()
        late = steps_late(part, found.part, name) if self.library.late else 0
        return (
            self._past(found, full, late) if late and full in self.states else self._meanings[full]
        )

    def _past(self, found: Variable, full: str, steps: int) -> Node:
        """Return a state as it was some steps ago."""
        initial = self.start.of(found.part, found.declared.name, found.declared.place)
        unit = _quoted(format_unit(self.dimensions[full]))
        past = self.memory.before(full, steps, unit, initial)
        self.dimensions[past] = self.dimensions[full]
        return Name(past)

    def _value(self, found: Value) -> Node:
        number, exponents = found.value.value, found.value.exponents
        if found.constant:
            unit = None if exponents == DIMENSIONLESS else format_unit(exponents)
            return Number(number, unit)
        full = self.full(found.part, found.name)
        if full not in self.params:
            unit = format_unit(exponents)
            text = f"param {full} : {_quoted(unit)} = {number_text(number)}"
            self.params[full] = Line(text, found.part.place)
            self.dimensions[full] = exponents
        return Name(full)

    def _variable(self, found: Variable, full: str) -> Node:
        part, declared = found.part, found.declared
        if isinstance(declared, Declared) and declared.value is None:
            return self._state(part, declared, full)
        if any(part.type.extends(kind) for kind in _GEOMETRY):
            value = self.start.of(part, declared.name, declared.place)
            return Number(value, format_unit(self._expected(declared) or DIMENSIONLESS))
        if isinstance(declared, Declared):
            tree = parse_expression(declared.value or "0", declared.place)
            return self._let(part, tree, declared, full)
        if declared.select is not None:
            return self._selection(part, declared, full)
        return self._let(part, of_cases(declared.cases), declared, full)

    def _state(self, part: Part, declared: Declared, full: str) -> Node:
        exponents = self.library.dimension(declared.dimension, declared.place).exponents
        initial = self.start.of(part, declared.name, declared.place)
        text = f"state {full} : {_quoted(format_unit(exponents))} = {number_text(initial)}"
        self.states[full] = Line(text, declared.place)
        self.dimensions[full] = exponents
        self.initial[full] = part, declared.name
        if part not in self.needed:
            self.needed.append(part)
        return Name(full)

    def _let(self, part: Part, tree: Node, declared: Declared | Derived, full: str) -> Node:
        node = self.node(part, tree, declared.place, self._expected(declared))
        return self._bound(node, declared, full)

    def _expected(self, declared: Declared | Derived) -> Exponents | None:
        """Return the dimension that a variable is declared with, None if there is none."""
        if declared.dimension == "*":
            return None
        return self.library.dimension(declared.dimension, declared.place).exponents

    def _bound(self, node: Node, declared: Declared | Derived, full: str) -> Node:
        """Return a name for an expression, or the expression if it is a name or a number."""
        found = dimension_of(node, self.dimension)
        expected = self._expected(declared)
        if expected is not None and found is not None and found != expected:
            node = self._converted(node, found, expected, declared)
        if isinstance(node, Name | Number):
            return node
        self.lets[full] = Line(f"let {full} = {infix(node, at=declared.place)}", declared.place)
        self.dimensions[full] = expected or found or DIMENSIONLESS
        return Name(full)

    def _converted(
        self, node: Node, found: Exponents, expected: Exponents, declared: Declared | Derived
    ) -> Node:
        """Return a bare number of cases in the SI unit of its variable, as LEMS takes it."""
        if found == DIMENSIONLESS and isinstance(declared, Derived) and len(declared.cases) > 1:
            scale = self.library.dimension(declared.dimension, declared.place).scale
            return Operation("*", (node, Number(scale, format_unit(expected))))
        raise UnitError(
            f"'{declared.name}' has the wrong unit; found {format_unit(found)}, "
            f"expected {format_unit(expected)}",
            declared.place,
        )

    def _selection(self, part: Part, declared: Derived, full: str) -> Node:
        parts, name = selected(part, declared.select or "", declared.place)
        exponents = self._expected(declared)
        if declared.reduce is None:
            if len(parts) != 1:
                raise ModelError(
                    f"'{declared.select}' selects {len(parts)} components in '{part.name}'; "
                    "expected one",
                    declared.place,
                )
            return self.meaning(parts[0], name, declared.place)
        sign = "+" if declared.reduce == "add" else "*"
        terms = [self._term(found, name, declared.place) for found in parts]
        if self._gathers_current(part, declared, exponents):
            self.takes_current = True
            self.dimensions[INJECTED] = CURRENT
            terms.append(Name(INJECTED))
        if not terms:
            unit = None if exponents is None else format_unit(exponents)
            return Number(0.0, unit) if sign == "+" else Number(1.0)
        total = terms[0]
        for term in terms[1:]:
            total = Operation(sign, (total, term))
        return self._bound(total, declared, full)

    def _term(self, part: Part, name: str, at: Location) -> Node:
        term = self.meaning(part, name, at)
        if part not in self.varied:
            return term
        full = self.full(part, "number")
        self.params[full] = Line(f"param {full} : 1 = 1.0", part.place)
        self.dimensions[full] = DIMENSIONLESS
        return Operation("*", (Name(full), term))

    def _gathers_current(self, part: Part, declared: Derived, exponents: Exponents | None) -> bool:
        collection = (declared.select or "").partition("[")[0]
        return (
            part is self.root
            and collection in part.type.attachments
            and exponents == CURRENT
            and not self.takes_current
        )

    def check_sum(self, part: Part, equation: Equation, local: dict[str, Node]) -> None:
        """Refuse an assignment of another unit than its state's, without declaring what it reads.

        Raises
        ------
        UnitError
            With both units.
        """
        scratch = Flat(self.library, self.root, self.start, self.varied)
        state = scratch.meaning(part, equation.variable, equation.place)
        expected = dimension_of(state, scratch.dimension)
        tree = scratch.node(part, equation.value, equation.place, expected, local)
        for term in tree.operands if isinstance(tree, Operation) else (tree,):
            found = dimension_of(term, scratch.dimension)
            if expected is not None and found not in (None, expected):
                raise UnitError(
                    f"'{equation.variable}' has the wrong unit; found "
                    f"{format_unit(found or DIMENSIONLESS)}, expected {format_unit(expected)}",
                    equation.place,
                )

    def constant(self, part: Part, node: Node, at: Location, weight: float) -> float | None:
        """Return the value of an expression that reads values alone, for an arriving weight."""

        def value(name: str) -> float:
            if name in part.type.properties:
                return weight
            found = meaning(part, name, self.library, at)
            fixed = isinstance(found, Value) or (
                isinstance(found, Variable)
                and isinstance(found.declared, Declared)
                and found.declared.value is not None
            )
            if not fixed:
                raise LookupError(name)
            return self.start.of(part, name, at)

        try:
            return value_of(node, value, at)
        except LookupError:
            return None


def _quoted(unit: str) -> str:
    return unit if all(c.isalnum() or c in "/*" for c in unit) else f'"{unit}"'


def of_cases(cases: tuple[Case, ...]) -> Node:
    """Return cases as selections; the first that holds counts."""
    *others, last = cases
    if last.condition is None or (others and _complements(others[-1].condition, last.condition)):
        tree = last.value
    else:
        others, tree = list(cases), Number(0.0)
    for case in reversed(others):
        if case.condition is None:
            tree = case.value
        else:
            tree = Call("select", (case.condition, case.value, tree))
    return tree


def _complements(one: Node | None, other: Node) -> bool:
    match one, other:
        case Operation(sign=a, operands=left), Operation(sign=b, operands=right):
            return left == right and (a, b) in _COMPLEMENTS
    return False
