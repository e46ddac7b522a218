"""Comparing two shapes term by term, under a pairing of their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sympy

from snnc.passes.native.forms import (
    Atom,
    Expression,
    Form,
    Monomial,
    form,
    of_atom,
    product,
    term_text,
)
from snnc.passes.native.shapes import WEIGHT, Event, Regime, Shape
from snnc.passes.native.solving import Equation


@dataclass(frozen=True)
class Pairing:
    """Which names of a simulator's model stand for which names of ours.

    Attributes
    ----------
    states : dict
        Ours by the simulator's; simulator states that are missing stay at zero.
    inputs : dict
        Ours by the simulator's; those that are missing are not there.
    receptors : dict
        The simulator's by ours: several of ours may reach the same.
    """

    states: Mapping[str, str]
    inputs: Mapping[str, str]
    receptors: Mapping[str, str]


def parameter_symbol(name: str) -> sympy.Symbol:
    """Return the symbol of a simulator's parameter."""
    return sympy.Symbol(f"native {name}")


def state_scale(name: str) -> sympy.Symbol:
    """Return the symbol of what one unit of our state is worth in a simulator's."""
    return sympy.Symbol(f"scale of {name}")


def receptor_scale(name: str) -> sympy.Symbol:
    """Return the symbol of what one unit of weight at our receptor is worth in the simulator's."""
    return sympy.Symbol(f"scale of weights at {name}")


@dataclass(frozen=True)
class Difference:
    """A term that only one of two models has, or a part that is there in one only."""

    place: str
    ours: str | None
    theirs: str | None

    def __str__(self) -> str:
        if self.ours is None:
            return f"{self.place} has no {self.theirs}"
        if self.theirs is None:
            return f"{self.place} has {self.ours}, which it has not"
        return f"{self.place} has {self.ours}; found {self.theirs} there"


class Comparison:
    """The equations that make a simulator's model equal to ours, and what cannot be made equal.

    Parameters
    ----------
    native, own : Shape
        The simulator's model, with symbols of `parameter_symbol`, and ours.
    pairing : Pairing
        Which name stands for which.
    """

    def __init__(self, native: Shape, own: Shape, pairing: Pairing) -> None:
        self.native = native
        self.own = own
        self.pairing = pairing
        self.equations: list[Equation] = []
        self.differences: list[Difference] = []
        self.agreements = 0
        self._streams: dict[str, str] = {}
        self._compare_regimes()

    def _compare_regimes(self) -> None:
        """Pair regimes along the ways between them, from where the models start."""
        paired: dict[str, str] = {}
        pending = [(self.native.regimes[0].name, self.own.regimes[0].name)]
        named = {regime.name: regime for regime in self.native.regimes}
        mine = {regime.name: regime for regime in self.own.regimes}
        while pending:
            theirs, ours = pending.pop()
            if theirs in paired:
                if paired[theirs] != ours:
                    self._differ(
                        "the regimes", f"a way to '{ours}'", f"a way to '{paired[theirs]}'"
                    )
                continue
            paired[theirs] = ours
            pending += self._regime(named[theirs], mine[ours])
        if len(paired) != len(self.own.regimes):
            self._differ("the model", f"{len(self.own.regimes)} regimes", f"{len(paired)}")

    def _regime(self, native: Regime, own: Regime) -> list[tuple[str, str]]:
        where = f" in '{own.name}'" if own.name else ""
        for theirs, ours in self.pairing.states.items():
            self._derivative(native.derivatives.get(theirs), own.derivatives.get(ours), ours, where)
        for ours, theirs in self.pairing.receptors.items():
            self._arrivals(native, own, ours, theirs, where)
        return list(self._events(native.events, own.events, where))

    def _derivative(self, native: Form | None, own: Form | None, name: str, where: str) -> None:
        place = f"d{name}/dt{where}"
        scale = state_scale(name)
        theirs = Form({}) if native is None else self._ours(native)
        self._equal(place, theirs, self._scaled(own or Form({}), scale))

    def _arrivals(self, native: Regime, own: Regime, ours: str, theirs: str, where: str) -> None:
        added = native.arrivals.get(theirs, {})
        adds = own.arrivals.get(ours, {})
        for their_state, our_state in self.pairing.states.items():
            place = f"the arrival at '{ours}'{where}"
            jump = self._scaled(self._ours(added.get(their_state, Form({}))), receptor_scale(ours))
            mine = self._scaled(adds.get(our_state, Form({})), state_scale(our_state))
            self._equal(f"{place}, added to {our_state},", jump, mine)

    def _events(
        self, native: tuple[Event, ...], own: tuple[Event, ...], where: str
    ) -> Iterator[tuple[str, str]]:
        if [e.kind for e in native] != [e.kind for e in own]:
            self._differ(f"the model{where}", _kinds(own), _kinds(native))
            return
        for theirs, ours in zip(native, own, strict=True):
            self._event(theirs, ours, where)
            if theirs.goto is not None and ours.goto is not None:
                yield theirs.goto, ours.goto
            elif theirs.goto != ours.goto:
                place = f"the event{where}"
                self._differ(place, _way(ours.goto), _way(theirs.goto))

    def _event(self, native: Event, own: Event, where: str) -> None:
        place = _event_place(own, where)
        self._equal(f"the condition of {place}", self._ours(native.condition), own.condition)
        if native.emits != own.emits:
            self._differ(place, _emission(own), _emission(native))
        for theirs, ours in self.pairing.states.items():
            self._assignment(native, own, (theirs, ours), state_scale(ours), place)
        self._assignment(native, own, (WEIGHT, WEIGHT), sympy.Integer(1), place)
        delivered = (native.delivers or Form({}), own.delivers or Form({}))
        self._equal(f"what {place} delivers", self._ours(delivered[0]), delivered[1])

    def _assignment(
        self, native: Event, own: Event, names: tuple[str, str], scale: Expression, place: str
    ) -> None:
        theirs, ours = names
        there = self._ours(native.sets.get(theirs, of_atom(Atom(theirs))))
        here = self._scaled(own.sets.get(ours, of_atom(Atom(ours))), scale)
        self._equal(f"the value that {place} gives {ours}", there, here)

    def _differ(self, place: str, ours: str | None, theirs: str | None) -> None:
        self.differences.append(Difference(place, ours, theirs))

    @staticmethod
    def _scaled(value: Form, factor: Expression) -> Form:
        return Form({monomial: c * factor for monomial, c in value.terms.items()})

    def _ours(self, value: Form) -> Form:
        """Return a simulator's polynomial over our states and inputs."""
        total = Form({})
        for monomial, coefficient in value.terms.items():
            renamed = Form({(): coefficient})
            for atom, n in monomial:
                renamed = renamed * self._our_atom(atom).power(n) if renamed.terms else renamed
            total = total + renamed
        return total

    def _our_atom(self, atom: Atom) -> Form:
        if atom.arguments:
            return of_atom(Atom(atom.head, tuple(self._ours(a) for a in atom.arguments)))
        name = atom.head
        if name in self.pairing.states:
            ours = self.pairing.states[name]
            return Form({((Atom(ours), 1),): state_scale(ours)})
        if name in self.native.states:
            return Form({})
        if name in self.native.inputs:
            ours = self.pairing.inputs.get(name)
            return Form({}) if ours is None else of_atom(Atom(ours))
        return of_atom(atom)

    def _equal(self, place: str, native: Form, own: Form) -> None:
        """Demand that two polynomials be equal, term by term."""
        theirs = self._with_own_functions(native, own)
        for monomial in {**own.terms, **theirs.terms}:
            here = own.terms.get(monomial)
            there = theirs.terms.get(monomial)
            if there is None and here is not None:
                self._differ(place, f"the term {term_text(monomial, _unscaled(here))}", None)
                continue
            self.agreements += 1
            assert there is not None
            self.equations.append(Equation(place, there, here or sympy.Integer(0)))

    def _with_own_functions(self, native: Form, own: Form) -> Form:
        """Replace functions in a simulator's polynomial by our functions of the same kind."""
        wanted = [a for m in own.terms for a, _ in m if a.arguments or _is_stream(a)]
        pairs: dict[Atom, Atom] = {}
        for monomial in native.terms:
            for atom, _ in monomial:
                if (not atom.arguments and not _is_stream(atom)) or atom in pairs:
                    continue
                taken = pairs.values()
                found = [a for a in wanted if a not in taken and self._alike(atom, a)]
                if found:
                    pairs[atom] = found[0]
        for theirs, ours in pairs.items():
            for a, b in zip(theirs.arguments, ours.arguments, strict=True):
                self._equal(f"the argument of {ours.head}", a, b)
        return form({_renamed(m, pairs): c for m, c in native.terms.items()}) if pairs else native

    def _alike(self, a: Atom, b: Atom) -> bool:
        if _is_stream(a) or _is_stream(b):
            same = _is_stream(a) and _is_stream(b)
            return same and self._streams.setdefault(a.head, b.head) == b.head
        if a.head != b.head or len(a.arguments) != len(b.arguments):
            return False
        return all(
            _alike_forms(x, y, self._alike) for x, y in zip(a.arguments, b.arguments, strict=True)
        )


def _alike_forms(a: Form, b: Form, alike: Callable[[Atom, Atom], bool]) -> bool:
    """Return whether two arguments may be equal: the same monomials, and no other numbers."""
    left = dict(a.terms)
    for monomial, coefficient in b.terms.items():
        partner = next((m for m in left if _alike_monomials(m, monomial, alike)), None)
        if partner is None:
            if monomial:
                return False
            continue
        there = left.pop(partner)
        there = _unscaled(there)
        if there.is_number and coefficient.is_number and there != coefficient:
            return False
    return all(not monomial for monomial in left)


def _alike_monomials(a: Monomial, b: Monomial, alike: Callable[[Atom, Atom], bool]) -> bool:
    if len(a) != len(b):
        return False
    return all(
        n == k and (x == y or bool(x.arguments and y.arguments and alike(x, y)))
        for (x, n), (y, k) in zip(a, b, strict=True)
    )


def _unscaled(value: Expression) -> Expression:
    """Return a coefficient as if states were equal."""
    scales = [s for s in value.free_symbols if str(s).startswith("scale of ")]
    return value.xreplace(dict.fromkeys(scales, sympy.Integer(1)))


def _is_stream(atom: Atom) -> bool:
    return atom.head.startswith("stream ")


def _renamed(monomial: Monomial, pairs: Mapping[Atom, Atom]) -> Monomial:
    total: Monomial = ()
    for atom, n in monomial:
        total = product(total, ((pairs.get(atom, atom), n),))
    return total


def _kinds(events: tuple[Event, ...]) -> str:
    names = {"level": "when", "rising": "when rising", "pre": "on pre", "post": "on post"}
    return ", ".join(names.get(event.kind, event.kind) for event in events) or "no event"


def _way(regime: str | None) -> str:
    return "no change of regime" if regime is None else f"a change to regime '{regime}'"


def _emission(event: Event) -> str:
    return "a spike" if event.emits else "no spike"


def _event_place(event: Event, where: str) -> str:
    kind = {"level": "'when'", "rising": "'when rising'", "after": "'after'"}
    return f"{kind.get(event.kind, f'on {event.kind}')}{where}"
