"""What the kernels of a synapse need to know of each other: where values live and what travels.

A presynaptic spike carries, from its emission to its delivery, the values that `on pre` needs of
presynaptic states; and where `on post` needs such states at times between spikes, their values
after (and just before) the spike that came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.step_synapse import ELAPSED, SynapseOp
from snnc.ir.dialects.syn_rules import is_random, reads
from snnc.ir.locations import location_of

PREVIOUS = "previous"
"""Carried stamp of the spike before, -1 if there was none."""
FRACTION = "dendritic_delay_fraction"
"""The parameter that tells which part of the delay is dendritic; without it all of it is."""


@dataclass(frozen=True)
class Event:
    """What an event does, by the axis of what it changes."""

    sets: dict[str, SSAValue]
    delivered: tuple[SSAValue, ...]


class SynapseShape:
    """The structure of a synapse model.

    Attributes
    ----------
    axes : dict of str to str
        ``pre``, ``post`` or ``edge`` for each state, for the weight and for edge parameters.
    plastic : bool
        Whether the weight changes.
    history : bool
        Whether spikes of the postsynaptic cells are kept.
    replays : bool
        Whether `on post` changes synapses, so that spikes must be replayed at delivery.
    values : dict of str to SSAValue
        Expressions of presynaptic states that spikes carry, by name.
    traces : list of str
        Presynaptic states that `on post` reads.
    after : list of str
        Presynaptic states whose values after the spike before are carried.
    """

    def __init__(self, op: SynapseOp) -> None:
        self.op = op
        self.axes = {label: state.per.data for label, state in op.states.items()}
        self.axes |= {"weight": "edge", **dict.fromkeys(op.edge_parameters, "edge")}
        self.advances = {name: advance.value for name, advance in op.advances.items()}
        self.on_pre = _event(op.event("pre"))
        self.on_post = _event(op.event("post"))
        edge_post = self.changed(self.on_post, "edge")
        self.replays = bool(edge_post)
        self.history = op.event("post") is not None or bool(self.states("post"))
        self.edge_states = self.states("edge")
        self.plastic = op.is_plastic
        self.edge_advances = [n for n in (*self.edge_states, "weight") if n in self.advances]
        self.values = self._carried_values()
        self.traces = [n for n in self.states("pre") if n in self._reads(edge_post.values())]
        self.after = self.drivers(self.traces)
        self._check()

    @property
    def is_static(self) -> bool:
        """Whether a spike delivers the weight, which nothing changes, and does nothing else."""
        delivered = [v.owner for v in self.on_pre.delivered]
        return (
            not (self.op.states or self.op.constants or self.plastic or self.history)
            and len(delivered) == 1
            and all(isinstance(o, ex.GetOp) and o.variable.data == "weight" for o in delivered)
        )

    def states(self, axis: str) -> list[str]:
        """Return the declared states of an axis."""
        return [name for name in self.op.states if self.axes[name] == axis]

    def changed(self, event: Event, axis: str) -> dict[str, SSAValue]:
        """Return what `event` assigns to states of an axis, the weight included."""
        return {name: value for name, value in event.sets.items() if self.axes[name] == axis}

    @property
    def carried(self) -> tuple[str, ...]:
        """Names of the arrays that go with the spikes."""
        previous = [PREVIOUS] if self.replays or self.edge_advances else []
        before = [before_name(name) for name in self.traces]
        return (*previous, *self.after, *before, *self.values)

    @property
    def pre_arrays(self) -> dict[str, str]:
        """Arrays per presynaptic cell with the state whose initial value they have at first."""
        if not self.carried:
            return {}
        arrays = {name: name for name in self.states("pre")}
        return arrays | {before_name(name): name for name in self.traces}

    def delivery_roots(self) -> list[SSAValue]:
        """Return the values that a synapse needs when a presynaptic spike arrives."""
        return [*self.changed(self.on_pre, "edge").values(), *self.on_pre.delivered]

    def post_reads(self, event: Event) -> list[str]:
        """Return the postsynaptic states that an event of a synapse reads."""
        roots = [*self.changed(event, "edge").values(), *event.delivered]
        found = self._reads(roots)
        return [name for name in self.states("post") if name in found]

    def _reads(self, values: Iterable[SSAValue]) -> set[str]:
        return set().union(*(reads(value) for value in values))

    def drivers(self, names: Sequence[str]) -> list[str]:
        """Return the pre- or postsynaptic states that must be known to advance `names`."""
        found = {*names, *self._reads(self.advances[n] for n in names if n in self.advances)}
        return [name for name in self.op.states if name in found and self.axes[name] != "edge"]

    def _axes_of(self, value: SSAValue) -> set[str]:
        axes = {self.axes[name] for name in reads(value) if name in self.axes}
        return axes | {"edge"} if is_random(value) else axes

    def _carried_values(self) -> dict[str, SSAValue]:
        """Return the largest presynaptic parts of what synapses compute at delivery."""
        found: dict[SSAValue, str] = {}
        pending = list(reversed(self.delivery_roots()))
        while pending:
            value = pending.pop()
            if value in found:
                continue
            if self._axes_of(value) == {"pre"}:
                found[value] = _unused(value.name_hint or "factor", {*self.axes, *found.values()})
            elif isinstance(value.owner, Operation):
                pending.extend(reversed(value.owner.operands))
        return {name: value for value, name in found.items()}

    def _check(self) -> None:
        for name in self.edge_advances:
            for other in sorted(reads(self.advances[name]) - {name, ELAPSED}):
                if self.axes.get(other) in ("pre", "post"):
                    raise UnsupportedError(
                        f"state '{name}' per edge is driven by '{other}', which is per "
                        f"{self.axes[other]}",
                        location_of(self.op.advances[name]),
                    )
        if FRACTION in self.op.edge_parameters:
            raise UnsupportedError(
                f"'{FRACTION}' must be the same for all synapses of a projection",
                location_of(self.op),
            )


def before_name(state: str) -> str:
    """Return the name of the array of values just before the last spike."""
    return f"before.{state}"


def _unused(hint: str, taken: set[str]) -> str:
    name, n = hint, 0
    while name in taken:
        name, n = f"{hint}_{n}", n + 1
    return name


def _event(event: syn.EventOp | None) -> Event:
    ops = [] if event is None else list(event.body.block.ops)
    sets = {op.state.data: op.value for op in ops if isinstance(op, dyn.SetOp)}
    return Event(sets, tuple(op.value for op in ops if isinstance(op, syn.DeliverOp)))


def name_of(value: SSAValue) -> str:
    """Return the name that a leaf of an expression reads."""
    assert isinstance(value.owner, ex.GetOp)
    return value.owner.variable.data
