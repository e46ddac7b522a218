"""The text of a cell: declarations, equations and reactions of a tree of parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from snnc.importing.expressions import Name, Node, Operation
from snnc.importing.model_text import ModelText, infix
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError, did_you_mean
from snnc.ir.units import NAMED, divide, format_unit
from snnc.lems.cell import INJECTED, Flat, Line
from snnc.lems.elements import Equation, Reaction, Regime, Scheme
from snnc.lems.library import Library
from snnc.lems.meaning import variables
from snnc.lems.names import word
from snnc.lems.part import Part
from snnc.lems.reactions import Arrivals, Receptor, assigned, refuse_port
from snnc.lems.start import Start

_TIME = NAMED["ms"].exponents


@dataclass(frozen=True)
class Written:
    """A cell as text.

    `receptors` are by the path of the part and its port; `current` is the port for injected
    current; `peers` are parts that graded synapses of other cells read.
    """

    text: ModelText
    receptors: Mapping[tuple[str, str], Receptor]
    current: str | None
    flat: Flat
    emits: bool
    peers: Sequence[Part] = ()

    @property
    def recordables(self) -> list[str]:
        """The states that are not hidden."""
        return [name for name, line in self.flat.states.items() if "hidden" not in line.text]

    def state(self, path: str) -> str | None:
        """Return what the cell calls the state that a path names, if it is one."""
        for part, name in variables(self.flat.root, path):
            found = self.flat.meaning(part, name, part.place)
            if isinstance(found, Name) and found.name in self.flat.states:
                return found.name
        return None


@dataclass
class _Block:
    lines: list[Line] = field(default_factory=list)

    def add(self, text: str, place: Location) -> None:
        self.lines.append(Line(text, place))


def write_cell(
    library: Library,
    name: str,
    root: Part,
    start: Start,
    varied: Sequence[Part] = (),
    wanted: Sequence[tuple[Part, str]] = (),
) -> Written:
    """Return the text of the cell that a tree of parts is.

    Parameters
    ----------
    library : Library
        With dimensions and constants.
    name : str
        Symbol of the cell.
    root : Part
        The cell, with what is attached to it.
    start : Start
        Values at the start.
    varied : sequence of Part
        Attached parts of which cells have different numbers.
    wanted : sequence of (Part, str)
        Variables that are recorded, beside the states of the root.

    Raises
    ------
    ModelError
        If a name is unknown, or variables depend on each other in a circle or too deeply.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    try:
        return _Writer(library, name, root, start, varied, wanted).written()
    except RecursionError:
        raise ModelError(f"the equations of '{root.name}' nest too deeply", root.place) from None


class _Writer:
    def __init__(
        self,
        library: Library,
        name: str,
        root: Part,
        start: Start,
        varied: Sequence[Part],
        wanted: Sequence[tuple[Part, str]],
    ) -> None:
        self.name = name
        self.root = root
        self.flat = Flat(library, root, start, varied)
        self.wanted = wanted
        self.shared = _Block()
        self.regimes: list[tuple[Regime, _Block]] = []
        self.receptors: dict[tuple[str, str], Receptor] = {}
        self.receptor_lines = _Block()
        self.emits = False

    def written(self) -> Written:
        flat, root = self.flat, self.root
        flat.needed.append(root)
        for name in root.type.dynamics.states:
            flat.meaning(root, name, root.place)
        for part, name in self.wanted:
            flat.meaning(part, name, part.place)
        done = 0
        while done < len(flat.needed):
            self.part(flat.needed[done])
            done += 1
        return Written(
            self.text(), self.receptors, INJECTED if flat.takes_current else None, flat, self.emits
        )

    def text(self) -> ModelText:
        model = ModelText(self.flat.library.file)
        flat = self.flat
        with model.block(f"dyn.cell @{self.name}", self.root.place):
            for line in [*flat.params.values(), *flat.states.values(), *self.receptor_lines.lines]:
                model.line(line.text, line.place)
            for text in flat.memory.lines:
                model.line(text, self.root.place)
            if flat.takes_current:
                model.line(f"current {INJECTED} : nA", self.root.place)
            for line in [*flat.lets.values(), *self.shared.lines]:
                model.line(line.text, line.place)
            for text in flat.memory.shifts():
                model.line(text, self.root.place)
            for regime, block in self.regimes:
                with model.block(f"regime {word(regime.name)}", regime.place):
                    for line in block.lines:
                        model.line(line.text, line.place)
        return model

    # Dynamics

    def part(self, part: Part) -> None:
        dynamics = part.type.dynamics
        for scheme in dynamics.schemes:
            self.scheme(part, scheme)
        if part.parent is not None:
            for scheme in part.parent.type.dynamics.schemes:
                if part in part.parent.find(scheme.nodes):
                    self.scheme_state(part.parent, part, scheme)
        for equation in dynamics.derivatives:
            self.derivative(part, equation, self.shared)
        for reaction in dynamics.reactions:
            self.reaction(part, reaction, None, self.shared)
        if dynamics.regimes and part is not self.root:
            raise UnsupportedError(
                f"'{part.type.name}' has regimes inside a cell; expected them in the cell alone",
                dynamics.regimes[0].place,
            )
        # The first regime of a cell is where it starts.
        for regime in sorted(dynamics.regimes, key=lambda regime: not regime.initial):
            block = _Block()
            self.regimes.append((regime, block))
            for equation in regime.derivatives:
                self.derivative(part, equation, block)
            for reaction in regime.reactions:
                self.reaction(part, reaction, regime, block)

    def derivative(self, part: Part, equation: Equation, block: _Block) -> None:
        if equation.variable not in part.type.dynamics.states:
            # What is derived in this type needs no derivative of another that it replaces.
            if equation.variable in part.type.dynamics.derived:
                return
            known = did_you_mean(equation.variable, part.type.dynamics.states)
            raise ModelError(f"'{equation.variable}' is no state{known}", equation.place)
        state = self.state(part, equation)
        exponents = divide(self.flat.dimension(state), _TIME)
        value = self.flat.text(part, equation.value, equation.place, exponents)
        block.add(f"d{state}/dt = {value}", equation.place)

    def state(self, part: Part, equation: Equation) -> str:
        found = self.flat.meaning(part, equation.variable, equation.place)
        assert isinstance(found, Name)
        return found.name

    def reaction(
        self, part: Part, reaction: Reaction, regime: Regime | None, block: _Block
    ) -> None:
        if reaction.port is not None:
            self.arrival(part, reaction, block)
            return
        mode = "when rising" if reaction.rising else "when"
        if reaction.test is None:
            assert regime is not None and regime.duration is not None
            head = f"after {self.flat.text(part, regime.duration, reaction.place, _TIME)}"
        else:
            head = f"{mode} {self.flat.text(part, reaction.test, reaction.place)}"
        body = self.body(part, reaction)
        if body:
            block.add(f"{head} {{ {'  '.join(body)} }}", reaction.place)

    def body(self, part: Part, reaction: Reaction) -> list[str]:
        equations = list(reaction.assignments)
        target = self.target(part, reaction)
        if target is not None:
            equations += target.entry
        statements = assigned(self.flat, part, equations)
        if reaction.sends:
            statements += self.sends(part, reaction)
        if target is not None:
            statements.append(f"goto {word(target.name)}")
        return statements

    def target(self, part: Part, reaction: Reaction) -> Regime | None:
        if reaction.target is None:
            return None
        regimes = {regime.name: regime for regime in part.type.dynamics.regimes}
        if reaction.target not in regimes:
            hint = did_you_mean(reaction.target, regimes)
            raise ModelError(f"unknown regime '{reaction.target}'{hint}", reaction.place)
        return regimes[reaction.target]

    def sends(self, part: Part, reaction: Reaction) -> list[str]:
        for port in reaction.sends:
            if part.type.ports.get(port) != "out":
                raise refuse_port(part, port, reaction.place)
        if part is not self.root:
            raise UnsupportedError(f"'{part.type.name}' sends events inside a cell", reaction.place)
        self.emits = True
        return ["emit"]

    def arrival(self, part: Part, reaction: Reaction, block: _Block) -> None:
        # Parts of attached parts hear these alone.
        reached = part is self.root or part.parent is self.root
        acts = reaction.assignments or reaction.sends or reaction.target is not None
        if not reached or not acts:
            return
        if part.type.ports.get(reaction.port or "") != "in":
            raise refuse_port(part, reaction.port or "", reaction.place)
        arrivals = Arrivals(self.flat, part, reaction)
        key = part.path, reaction.port or ""
        if key not in self.receptors:
            receptor = arrivals.receptor()
            self.receptors[key] = receptor
            unit = format_unit(receptor.exponents)
            self.receptor_lines.add(f"receptor {receptor.name} : {unit}", reaction.place)
        block.add(arrivals.text(), reaction.place)
        if not arrivals.adds:
            declared = Line(f"state {arrivals.waiting} : 1 = 0.0 hidden", reaction.place)
            self.flat.states.setdefault(arrivals.waiting, declared)
            target = self.target(part, reaction)
            body = arrivals.late(() if target is None else target.entry)
            if reaction.sends and part is self.root:
                body += self.sends(part, reaction)
            if target is not None:
                body.append(f"goto {word(target.name)}")
            condition = f"when {arrivals.waiting} > 0.0"
            block.add(f"{condition} {{ {'  '.join(body)} }}", reaction.place)

    # Kinetic schemes

    def scheme(self, part: Part, scheme: Scheme) -> None:
        for node in part.find(scheme.nodes):
            self.flat.meaning(node, scheme.variable, scheme.place)

    def scheme_state(self, owner: Part, node: Part, scheme: Scheme) -> None:
        """Write how the share of a state changes: what flows in minus what flows out."""
        terms = [
            self.flow(edge, owner, scheme, sign)
            for edge in owner.find(scheme.edges)
            for sign, end in ((-1, scheme.source), (1, scheme.target))
            if edge.texts.get(end) == node.name
        ]
        state = self.flat.full(node, scheme.variable)
        if not terms:
            return
        total = terms[0]
        for term in terms[1:]:
            total = Operation("+", (total, term))
        self.shared.add(f"d{state}/dt = {infix(total, at=scheme.place)}", scheme.place)

    def flow(self, edge: Part, owner: Part, scheme: Scheme, sign: int) -> Node:
        ends = [self.end(edge, owner, scheme, end) for end in (scheme.source, scheme.target)]
        forward, reverse = (
            self.flat.meaning(edge, rate, scheme.place) for rate in (scheme.forward, scheme.reverse)
        )
        net = Operation(
            "-",
            (Operation("*", (forward, ends[0])), Operation("*", (reverse, ends[1]))),
        )
        return net if sign > 0 else Operation("-", (net,))

    def end(self, edge: Part, owner: Part, scheme: Scheme, end: str) -> Node:
        name = edge.texts.get(end, "")
        for node in owner.find(scheme.nodes):
            if node.name == name:
                return self.flat.meaning(node, scheme.variable, scheme.place)
        raise ModelError(f"unknown state '{name}' of a kinetic scheme", edge.place)
