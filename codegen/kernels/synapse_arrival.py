"""What happens at one synapse when a presynaptic spike reaches it, as statements of a kernel.

Postsynaptic spikes act at the synapse once the dendritic part of the delay has passed. Those since
the last presynaptic spike are replayed in order; then the presynaptic spike acts. A coincidence of
the two is seen by neither: each reads the states of the other as they were just before (as NEST's
``stdp_synapse`` does, where the whole delay is dendritic).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from xdsl.ir import SSAValue

from snnc.codegen.kernels.deliver_kernel import DeliverKernel
from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.codegen.kernels.synapse_shape import PREVIOUS, SynapseShape, before_name

_LATEST = "stamps[ix(ring + ((latest - 1) & ring_mask))]"
# A coincident spike is not seen.
_HIDDEN = [f"if latest > oldest and {_LATEST} == instant:", "    latest -= 1"]


def arrival(kernel: DeliverKernel) -> list[str]:
    """Return the statements for one synapse of `kernel`."""
    shape = kernel.shape
    changing = ["weight"] if shape.plastic else []
    return Arrival(kernel, (*changing, *shape.edge_states)).statements()


class Arrival:
    """Writer of what happens at one synapse.

    Parameters
    ----------
    kernel : DeliverKernel
        Receives the text.
    changing : iterable of str
        The values of the synapse that are loaded first and stored last.

    Attributes
    ----------
    state : dict of str to str
        The variables that hold them.
    """

    def __init__(self, kernel: DeliverKernel, changing: Iterable[str]) -> None:
        self.kernel = kernel
        self.shape: SynapseShape = kernel.shape
        self.state = {name: kernel.edge_value(name) for name in changing}

    def statements(self) -> list[str]:
        """Return the statements for one synapse."""
        if PREVIOUS in self.shape.carried:
            self.kernel.need_previous()
        lines: list[str] = []
        if self.shape.history:
            lines += self._find_spikes()
        if self.shape.edge_advances:
            lines.append(self._origin())
        if self.shape.replays:
            lines += self._replay()
        found, post = self._post_states_at_arrival()
        return [*lines, *found, *self._advance("arrival"), *self.arrive(post)]

    def before_arrival(
        self, names: list[str], cell: str, found: list[str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return statements that find the last spike of a cell before this presynaptic spike.

        Parameters
        ----------
        names : list of str
            Postsynaptic states.
        cell : str
            The statement that sets the cell.
        found : list of str
            Statements to be run when that spike, number ``latest``, is known.

        Returns
        -------
        lines : list of str
            They end with ``since_stamp`` known, the stamp of the last spike that the arrival sees.
        after : dict of str to str
            The states after that spike.
        """
        lines, after = [*self._find_spikes(cell), *found], {}
        if names:
            states, after = self._post_after(names, "latest")
            lines += [*_HIDDEN, *states]
        return lines, after

    def _post_states_at_arrival(self) -> tuple[list[str], dict[str, str]]:
        posts = self.shape.post_reads(self.shape.on_pre)
        statements, post = self._post_states(posts, "latest", "instant")
        return [*(_HIDDEN if posts else []), *statements], post

    def _find_spikes(self, cell: str = "cell = targets[ix(j)] - base") -> list[str]:
        """Find the last spike of the cell that acts before this presynaptic spike."""
        kernel = self.kernel
        kernel.need_arrival()
        # A spike that acts in the very step in which it is emitted is not known when this step is
        # delivered: it waits for the next presynaptic spike.
        if "high" not in kernel.numbers:
            kernel.numbers.add("high")
            kernel.per_delay += [
                "late = select(dendritic == 0, 1, 0)",
                "instant = arrival - dendritic",
                "high = instant - late",
            ]
        kernel.intrinsics.add("select")
        kernel.word("base", "", "words[{}]", "base")
        kernel.word("post_heads", "", "i64(words[{}], 1)", "heads")
        kernel.word("post_stamps", "", "words[{}]", "stamps")
        kernel.word("post_mask", "", "words[{}]", "ring_mask")
        for name in ("base", "heads", "ring_mask", "dendritic", "instant", "high"):
            kernel.argument(name)
        kernel.argument("stamps", "i32(stamps, 1)")
        return [
            cell,
            "ring = cell * (ring_mask + 1)",
            "latest = heads[ix(cell)]",
            "oldest = select(latest > ring_mask, latest - ring_mask - 1, 0)",
            f"while latest > oldest and {_LATEST} > high:",
            "    latest -= 1",
        ]

    def _origin(self) -> str:
        """Return the statement that says when the states of the synapse were last advanced."""
        self.kernel.per_spike.append("origin = select(previous < 0, 0, previous + axonal)")
        self.kernel.intrinsics.add("select")
        self.kernel.argument("origin")
        self.kernel.argument("arrival")
        return "moment = origin"

    def _replay(self) -> list[str]:
        """Let the spikes of the cell since the last presynaptic spike act on the synapse."""
        shape, kernel = self.shape, self.kernel
        kernel.per_spike.append(
            "low = select(previous < 0, 0, previous + axonal - late) - dendritic"
        )
        kernel.argument("low")
        lines = ["event = stamps[ix(ring + (i & ring_mask))] + dendritic"]
        statements, traces = self.traces()
        lines += statements
        statements, post = self._post_states(
            shape.post_reads(shape.on_post), "i", "event - dendritic"
        )
        lines += [*statements, *self._advance("event")]
        section = kernel.section({**self.state, **traces, **post}.__getitem__)
        new = self.next(section, shape.changed(shape.on_post, "edge"))
        lines += [*kernel.close(section), *together(new)]
        return [
            "index = latest",
            "while index > oldest and stamps[ix(ring + ((index - 1) & ring_mask))] > low:",
            "    index -= 1",
            "for i in range(index, latest):",
            *indented(lines),
        ]

    def traces(
        self, factors: Mapping[SSAValue, str] = MappingProxyType({})
    ) -> tuple[list[str], dict[str, str]]:
        """Compute what `on post` reads of presynaptic states; `factors` are known texts."""
        shape, kernel = self.shape, self.kernel
        if not shape.traces:
            return [], {}
        if "since" not in kernel.numbers:
            kernel.numbers.add("since")
            kernel.per_spike.append("since = axonal + select(previous < 0, 0, previous)")
        kernel.argument("since")
        after = {name: kernel.carried(name) for name in shape.after}
        statements, found = kernel.advanced(shape.traces, after.__getitem__, factors)
        lines = ["steps = select(event > since, event - since, 0)", kernel.elapsed("steps")]
        lines += statements
        for name in shape.traces:
            seen = kernel.name(f"{name}_seen")
            before = kernel.carried(before_name(name))
            lines.append(f"{seen} = select(event == since, {before}, {found[name]})")
            found[name] = seen
        return lines, found

    def _post_states(
        self, names: list[str], index: str, time: str
    ) -> tuple[list[str], dict[str, str]]:
        """Compute postsynaptic states at a time from the spike before `index`."""
        if not names:
            return [], {}
        lines, after = self._post_after(names, index)
        statements, found = self.kernel.advanced(names, after.__getitem__)
        return [*lines, self.kernel.elapsed(f"{time} - since_stamp"), *statements], found

    def _post_after(self, names: list[str], index: str) -> tuple[list[str], dict[str, str]]:
        """Read what `names` need of postsynaptic states after the spike before `index`."""
        kernel = self.kernel
        known, unknown, after = ["since_stamp = stamps[ix(at)]"], ["since_stamp = 0"], {}
        for name in self.shape.drivers(names):
            values = kernel.word(
                "post_values", name, "f64(words[{}], 1)", kernel.name(f"{name}_array")
            )
            initial = kernel.word(
                "post_initial", name, "f64(words[{}], 1)", kernel.name(f"{name}_initial")
            )
            kernel.argument(values)
            kernel.argument(initial)
            after[name] = kernel.name(f"{name}_after")
            known.append(f"{after[name]} = {kernel.real(f'{values}[ix(at)]')}")
            unknown.append(f"{after[name]} = {kernel.real(f'{initial}[ix(cell)]')}")
        lines = [
            f"if {index} > 0:",
            f"    at = ring + (({index} - 1) & ring_mask)",
            *indented(known),
            "else:",
            *indented(unknown),
        ]
        return lines, after

    def _advance(self, time: str) -> list[str]:
        """Advance the states of the synapse from the last moment to another."""
        changing = self.shape.edge_advances
        if not changing:
            return []
        statements, found = self.kernel.advanced(changing, self.state.__getitem__)
        return [
            self.kernel.elapsed(f"{time} - moment"),
            *statements,
            *together({self.state[name]: found[name] for name in changing}),
            f"moment = {time}",
        ]

    def next(self, section: KernelExpressions, sets: Mapping[str, SSAValue]) -> dict[str, str]:
        """Return the variables of what an event sets with their new values."""
        return {self.state[n]: section.named(v, f"{n}_next") for n, v in sets.items()}

    def arrive(self, post: Mapping[str, str]) -> list[str]:
        """Let the presynaptic spike act on the synapse, and deliver."""
        shape, kernel = self.shape, self.kernel
        known = {**self.state, **post}
        section = kernel.section(lambda name: known.get(name) or kernel.edge_value(name))
        for name, value in shape.values.items():
            section.bind(value, kernel.carried(name))
        new = self.next(section, shape.changed(shape.on_pre, "edge"))
        delivered = [section.value(value) for value in shape.on_pre.delivered]
        lines = kernel.close(section)
        lines += [f"accumulator[targets[ix(j)]] += {text}" for text in delivered]
        return [*lines, *together(new), *(kernel.store(name) for name in self.state)]


def together(new: Mapping[str, str]) -> list[str]:
    """Return one simultaneous assignment."""
    return [f"{', '.join(new)} = {', '.join(new.values())}"] if new else []


def indented(lines: list[str]) -> list[str]:
    """Return statements one level deeper."""
    return [f"    {line}" for line in lines]
