"""Which name of a simulator's model could stand for which of ours.

Names are told apart by what they do: by the receptors that reach a state, by the events that
assign it, and by the company that it keeps in derivatives. Where that leaves a choice, the order of
the texts decides, and receptors of inhibition prefer the port of negative weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, permutations, product

from snnc.passes.native.comparing import Pairing
from snnc.passes.native.forms import Atom, Form, Monomial
from snnc.passes.native.shapes import Shape

SHARED_PORT = "any"
"""A receptor that several of ours may reach: the simulator takes weights of either sign there."""

NEGATIVE_PORT = "negative"
_ROUNDS = 3
_MOST = 24

Colours = Mapping[str, object]


def pairings(native: Shape, own: Shape) -> Iterator[Pairing]:
    """Yield the pairings under which two shapes may be equal, the likelier ones first."""
    if len(own.inputs) > len(native.inputs):
        return
    inputs = dict(zip(native.inputs, own.inputs, strict=False))
    for receptors in _receptor_choices(native, own):
        kept = remaining_states(native, set(receptors.values()))
        if len(kept) != len(own.states):
            continue
        marks = {name: index for index, name in enumerate(receptors.values())}
        mine = {ours: marks[theirs] for ours, theirs in receptors.items()}
        theirs = _colours(native, kept, marks)
        for states in _state_choices(theirs, _colours(own, list(own.states), mine)):
            yield Pairing(states, inputs, receptors)


def nearest_pairing(native: Shape, own: Shape) -> Pairing:
    """Return a pairing of what is alike, to tell in what two shapes differ."""
    receptors = next(_receptor_choices(native, own), None)
    if receptors is None:
        receptors = next(_receptor_choices(native, own, alike=False), {})
    kept = remaining_states(native, set(receptors.values()))
    marks = {name: index for index, name in enumerate(receptors.values())}
    mine = {ours: marks[theirs] for ours, theirs in receptors.items()}
    states: dict[str, str] = {}
    for rounds in (_ROUNDS, 1, 0, None):
        theirs = {} if rounds is None else _colours(native, kept, marks, rounds)
        ours = {} if rounds is None else _colours(own, list(own.states), mine, rounds)
        for name, dimension in own.states.items():
            alike = (t for t in kept if native.states[t] == dimension and t not in states)
            free = [t for t in alike if theirs.get(t) == ours.get(name)]
            if name not in states.values() and free:
                states[free[0]] = name
    return Pairing(states, dict(zip(native.inputs, own.inputs, strict=False)), receptors)


def remaining_states(native: Shape, reached: set[str]) -> list[str]:
    """Return the states that can leave zero if only some receptors are used.

    A state without other input than unused receptors has no part in the model.
    """
    unused = [name for name in native.receptors if name not in reached]
    gone: set[str] = set()
    while True:
        more = {
            name
            for name in native.states
            if name not in gone and _stays_at_zero(native, name, unused, gone)
        }
        if not more:
            return [name for name in native.states if name not in gone]
        gone |= more


def _stays_at_zero(native: Shape, name: str, unused: list[str], gone: set[str]) -> bool:
    fed = False
    for regime in native.regimes:
        for receptor, jumps in regime.arrivals.items():
            if name in jumps and receptor not in unused:
                return False
            fed = fed or name in jumps
        driven = regime.derivatives.get(name, Form({}))
        if any(not {*_names(monomial)} & {name, *gone} for monomial in driven.terms):
            return False
        fed = fed or any({*_names(monomial)} & gone for monomial in driven.terms)
        if any(name in event.sets for event in regime.events):
            return False
    return fed


def _names(monomial: Monomial) -> Iterator[str]:
    for atom, _ in monomial:
        yield from atom.names()


def _receptor_choices(native: Shape, own: Shape, alike: bool = True) -> Iterator[dict[str, str]]:
    """Yield the receptors of ours with the simulator's that they may be."""
    options = []
    for ours in own.receptors:
        wanted = _reach(own, ours)
        fitting = [r for r in native.receptors if not alike or _reach(native, r) == wanted]
        inhibits = ours.lower().startswith("inh")
        options.append(sorted(fitting, key=lambda port: (port == NEGATIVE_PORT) != inhibits))
    for choice in product(*options):
        ports = [port for port in choice if port != SHARED_PORT]
        if len(set(ports)) == len(ports):
            yield dict(zip(own.receptors, choice, strict=True))


def _reach(shape: Shape, receptor: str) -> list[int]:
    return [len(regime.arrivals.get(receptor, ())) for regime in shape.regimes]


def _state_choices(theirs: Colours, ours: Colours) -> Iterator[dict[str, str]]:
    classes: dict[object, tuple[list[str], list[str]]] = {}
    for name, colour in theirs.items():
        classes.setdefault(colour, ([], []))[0].append(name)
    for name, colour in ours.items():
        classes.setdefault(colour, ([], []))[1].append(name)
    if any(len(a) != len(b) for a, b in classes.values()):
        return
    orders = [
        [zip(a, order, strict=True) for order in permutations(b)] for a, b in classes.values()
    ]
    lists = [[list(pairs) for pairs in choices] for choices in orders]
    for choice in islice(product(*lists), _MOST):
        yield dict(pair for pairs in choice for pair in pairs)


def _colours(
    shape: Shape, states: list[str], receptors: Mapping[str, int], rounds: int = _ROUNDS
) -> dict[str, object]:
    """Return a mark of each state that does not depend on names, by colour refinement."""
    colours: dict[str, object] = {name: _role(shape, name, receptors) for name in states}
    terms = [
        (regime is shape.regimes[0], state, monomial)
        for regime in shape.regimes
        for state, derivative in regime.derivatives.items()
        if state in colours
        for monomial in _largest(_without(derivative, shape, colours))
    ]
    for _ in range(rounds):
        colours = {name: _refined(terms, name, colours) for name in states}
    return colours


def _role(shape: Shape, name: str, receptors: Mapping[str, int]) -> object:
    roles = []
    for regime in shape.regimes:
        reached = {
            receptors[receptor]
            for receptor, jumps in regime.arrivals.items()
            if name in jumps and receptor in receptors
        }
        assigned = tuple(name in event.sets for event in regime.events)
        tested = tuple(name in set(event.condition.names()) for event in regime.events)
        moves = bool(regime.derivatives.get(name, Form({})).terms)
        roles.append((frozenset(reached), assigned, tested, moves))
    return shape.axes[name], tuple(roles)


def _refined(
    terms: list[tuple[bool, str, Monomial]], name: str, colours: Mapping[str, object]
) -> object:
    driven, drives = [], []
    for first, state, monomial in terms:
        inside = name in set(_names(monomial))
        if state != name and not inside:
            continue
        mark = _mark(monomial, colours, name)
        if state == name:
            driven.append((first, mark))
        if inside:
            drives.append((colours[state], mark))
    return hash((colours[name], _bag(driven), _bag(drives)))


def _without(value: Form, shape: Shape, colours: Mapping[str, object]) -> list[Monomial]:
    gone = set(shape.states) - set(colours)
    kept = [monomial for monomial in value.terms if not gone & set(_names(monomial))]
    return [monomial for monomial in kept if not set(_names(monomial)) & set(shape.inputs)]


def _largest(monomials: list[Monomial]) -> list[Monomial]:
    """Return the monomials that divide no other: a smaller one may have a vanishing coefficient."""
    powers = [dict(monomial) for monomial in monomials]
    return [
        monomial
        for monomial, own in zip(monomials, powers, strict=True)
        if not any(other is not own and _divides(own, other) for other in powers)
    ]


def _divides(a: Mapping[Atom, int], b: Mapping[Atom, int]) -> bool:
    return all(0 < n <= b.get(atom, 0) for atom, n in a.items())


def _mark(monomial: Monomial, colours: Mapping[str, object], name: str) -> object:
    return _bag((_atom_mark(atom, colours, name), n) for atom, n in monomial)


def _atom_mark(atom: Atom, colours: Mapping[str, object], name: str) -> object:
    if not atom.arguments:
        return ("itself",) if atom.head == name else (colours.get(atom.head, atom.head),)
    bags = tuple(
        _bag(_mark(m, colours, name) for m in argument.terms if m) for argument in atom.arguments
    )
    return atom.head, bags


def _bag(items: Iterable[object]) -> object:
    return frozenset(Counter(items).items())
