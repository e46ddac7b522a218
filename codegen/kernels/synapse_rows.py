"""Delivery of whole rows of a projection, where a spike meets many cells of the target.

The postsynaptic states of all cells are advanced to the moment of arrival in one vectorised loop,
shared by all spikes of a step. Then each row is delivered in blocks of synapses, in loops without
branches that depend on data: the postsynaptic spikes since the last presynaptic one are listed, the
last of each synapse first, then the ones before those, and so on; the presynaptic traces at all of
them are computed; they act on their synapses, the earliest ones first; and the presynaptic spike
arrives. Each synapse sees the same events in the same order as in `synapse_arrival`.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import SSAValue

from snnc.codegen.artifact import BLOCK, FACTORS, RECENT
from snnc.codegen.kernels.deliver_kernel import DeliverKernel
from snnc.codegen.kernels.synapse_arrival import Arrival, indented, together
from snnc.codegen.kernels.synapse_factors import either, looked_up, tabulated, time_factors
from snnc.codegen.kernels.synapse_shape import SynapseShape
from snnc.ir.dialects.syn_rules import is_random


def takes_rows(shape: SynapseShape) -> bool:
    """Tell whether rows of a model can be delivered as a whole."""
    return (
        shape.replays
        and not shape.edge_advances
        and not shape.post_reads(shape.on_post)
        and not any(is_random(value) for value in shape.delivery_roots())
    )


def add_rows(kernel: DeliverKernel) -> None:
    """Let `kernel` deliver whole rows where its table asks for it."""
    for name in (
        "dense", "post_cells", "log_stamps", "log_cells", "event_synapse", "event_stamps",
        "recent_stamps",
    ):  # fmt: skip
        kernel.word(name, "", "words[{}]", name)
    kernel.word("log_count", "", "i64(words[{}], 1)", "log_count")
    kernel.word("event_bounds", "", "i64(words[{}], 1)", "bounds")
    kernel.intrinsics |= {"i32", "select"}
    kernel.functions_text += [_UPPER, _FETCH]
    kernel.per_delay.append("ready = 0")
    # The row's values come from outer caches while the loops before the first use of them run.
    fetches = [f"fetch({first}, {size} * n)" for first, size in kernel.edge_addresses()]
    kernel.rows = [
        "if n == 0:",
        "    continue",
        *fetches,
        "if ready == 0:",
        "    ready = 1",
        *indented(_tabulated(kernel)),
        *indented(_seen(kernel)),
        "floor_stamp = select(low > 0, low, 0)",
        "stop = begin + n",
        f"for begin in range(begin, stop, {BLOCK}):",
        f"    n = select(stop - begin < {BLOCK}, stop - begin, {BLOCK})",
        *indented([*_listed(kernel), *_replayed(kernel), _arrivals(kernel)]),
    ]


_FETCH = """@loop
def fetch(address, size):
    for offset in range(0, size, 64):
        prefetch(address + offset)"""
_UPPER = """@loop
def first_after(stamp, n, stamps):
    low = 0
    high = n
    while low < high:
        middle = (low + high) >> 1
        if stamps[ix(middle)] > stamp:
            high = middle
        else:
            low = middle + 1
    return low"""


def _posts(kernel: DeliverKernel) -> list[str]:
    """Return the postsynaptic states that an arrival reads."""
    return kernel.shape.post_reads(kernel.shape.on_pre)


def _of_cells(kernel: DeliverKernel, kind: str, form: str) -> str:
    """Pass an array per postsynaptic cell to the loop; return its name."""
    array = kernel.word(kind, "", "words[{}]", kind)
    kernel.intrinsics.add(form)
    return kernel.argument(array, f"{form}({array}, post_cells)")


def _now(kernel: DeliverKernel, name: str) -> str:
    array = kernel.word("post_now", name, "words[{}]", kernel.name(f"{name}_now"))
    return kernel.argument(array, f"f64({array}, post_cells)")


def _seen(parent: DeliverKernel) -> list[str]:
    """Find the last spike of each cell that acts before the arrival, and states at the arrival."""
    recent, every = parent.companion(), parent.companion()
    recent.argument("n", "recent")
    recent.argument("log_cells", "i32(log_cells + 4 * (log_count[0] - recent), recent)")
    every.argument("n", "post_cells")
    hidden = f"{_of_cells(every, 'recent_stamps', 'i32')}[ix(j)] >= instant"
    return [
        _last_spikes(parent),
        "recent = log_count[0] - first_after(instant - 1, log_count[0], i32(log_stamps, 1))",
        "if recent < post_cells:",
        f"    behind = {_corrected(recent, 'correct_recent', 'cell = log_cells[ix(j)]')}",
        "else:",
        f"    behind = {_corrected(every, 'correct_cells', 'cell = j', hidden)}",
        *_advanced(parent),
    ]


def _last_spikes(parent: DeliverKernel) -> str:
    """Return the call of the loop that takes the last spike of each cell for the relevant one."""
    kernel = parent.companion()
    kernel.argument("n", "post_cells")
    latest = _of_cells(kernel, "recent_stamps", "i32")
    lines = [
        f"{_of_cells(kernel, 'unseen', 'i32')}[ix(j)] = 0",
        f"{_of_cells(kernel, 'seen_stamps', 'i32')}[ix(j)] = {latest}[ix(j)]",
        f"{_of_cells(kernel, 'since_stamps', 'i32')}[ix(j)] = {latest}[ix(j)]",
    ]
    for name in kernel.shape.drivers(_posts(kernel)):
        array = kernel.word("latest", name, "words[{}]", kernel.name(f"{name}_latest"))
        kernel.argument(array, f"f64({array}, post_cells)")
        lines.append(f"{_now(kernel, name)}[ix(j)] = {array}[ix(j)]")
    return kernel.function("last_spikes", lines)


def _corrected(kernel: DeliverKernel, name: str, cell: str, condition: str = "") -> str:
    """Return the call of the loop over cells that have fired too recently.

    It returns the largest number of spikes of a cell that the arrival does not see.
    """
    lines, after = Arrival(kernel, ()).before_arrival(
        kernel.shape.drivers(_posts(kernel)),
        cell,
        [
            "newer = heads[ix(cell)] - latest",
            f"{_of_cells(kernel, 'unseen', 'i32')}[ix(cell)] = newer",
            "behind = select(newer > behind, newer, behind)",
            f"{_of_cells(kernel, 'seen_stamps', 'i32')}[ix(cell)] = "
            "select(latest > 0, stamps[ix(ring + ((latest - 1) & ring_mask))], 0)",
        ],
    )
    if after:
        since = _of_cells(kernel, "since_stamps", "i32")
        lines.append(f"{since}[ix(cell)] = since_stamp")
    lines += [f"{_now(kernel, state)}[ix(cell)] = {text}" for state, text in after.items()]
    body = [f"if {condition}:", *indented(lines)] if condition else lines
    return kernel.function(name, body, before=["behind = 0"], after=["return behind"])


def _tabulated(kernel: DeliverKernel) -> list[str]:
    shape = kernel.shape
    return tabulated(kernel, time_factors(shape, [*_posts(kernel), *shape.traces]))


def _factors(kernel: DeliverKernel, states: Iterable[str]) -> dict[SSAValue, str]:
    """Return what is tabulated of what advances `states`."""
    shape = kernel.shape
    every = time_factors(shape, [*_posts(kernel), *shape.traces])
    return {value: every[value] for value in time_factors(shape, states)}


def _advanced(parent: DeliverKernel) -> list[str]:
    """Return the calls that advance the states of all cells to the arrival."""
    posts = _posts(parent)
    if not posts:
        return []
    oldest = parent.companion()
    oldest.argument("n", "post_cells")
    oldest.argument("instant")
    since = _of_cells(oldest, "since_stamps", "i32")
    find = oldest.function(
        "oldest_of",
        [f"oldest = select({since}[ix(j)] < oldest, {since}[ix(j)], oldest)"],
        before=["oldest = instant"],
        after=["return oldest"],
    )
    beyond = _advance(parent, "advance_cells", {})
    factors = _factors(parent, posts)
    within = _advance(parent, "advance_cells_within", factors) if factors else beyond
    return [
        f"oldest = {find}",
        *either(f"instant >= 0 and instant - oldest < {FACTORS}", within, beyond),
    ]


def _advance(parent: DeliverKernel, function: str, factors: dict[SSAValue, str]) -> str:
    """Return the call of the loop over all cells."""
    kernel = parent.companion()
    posts = _posts(kernel)
    kernel.argument("n", "post_cells")
    kernel.argument("instant")
    since = _of_cells(kernel, "since_stamps", "i32")
    lines, after = [f"steps = instant - {since}[ix(j)]", kernel.elapsed("steps")], {}
    for name in kernel.shape.drivers(posts):
        after[name] = kernel.name(f"{name}_after")
        lines.append(f"{after[name]} = {kernel.real(f'{_now(kernel, name)}[ix(j)]')}")
    statements, found = kernel.advanced(posts, after.__getitem__, looked_up(kernel, factors))
    lines += statements
    lines += [f"{_now(kernel, name)}[ix(j)] = {found[name]}" for name in posts]
    return kernel.function(function, lines)


def _listed(parent: DeliverKernel) -> list[str]:
    """List the spikes since the last presynaptic one: ``bounds`` has the end of each round."""
    kernel = parent.companion()
    seen_stamps = _of_cells(kernel, "seen_stamps", "i32")
    for name in ("n", "base", "floor_stamp"):
        kernel.argument(name)
    kernel.view_targets()
    for name in ("event_synapse", "event_stamps"):
        kernel.argument(name, f"i32({name}, 1)")
    find = kernel.function(
        "last_events",
        [f"event = {seen_stamps}[ix(targets[ix(j)] - base)]", *_LIST],
        before=["count = 0"],
        after=["return count"],
    )
    return [
        f"events = {find}",
        "bounds[0] = 0",
        "listed = 0",
        "depth = 0",
        "while events > listed:",
        "    depth += 1",
        "    bounds[ix(depth)] = events",
        f"    if behind + depth < {RECENT}:",
        f"        found = {_recent_events(parent.companion())}",
        "    else:",
        f"        found = {_older_events(parent.companion())}",
        "    listed = events",
        "    events += found",
    ]


def _recent_events(kernel: DeliverKernel) -> str:
    """Return the call of the loop over listed synapses whose next older spike is a recent one."""
    kernel.argument("post_cells")
    recent = kernel.argument("recent_stamps", f"i32(recent_stamps, {RECENT} * post_cells)")
    unseen = _of_cells(kernel, "unseen", "i32")
    event = f"event = {recent}[ix((depth + {unseen}[ix(cell)]) * post_cells + cell)]"
    return _next_events(kernel, "recent_events", [event])


def _older_events(kernel: DeliverKernel) -> str:
    """Return the call of the loop over listed synapses which looks into the rings."""
    for name in ("heads", "ring_mask"):
        kernel.argument(name)
    kernel.argument("stamps", "i32(stamps, 1)")
    lines = [
        f"index = heads[ix(cell)] - {_of_cells(kernel, 'unseen', 'i32')}[ix(cell)] - depth",
        "at = cell * (ring_mask + 1) + ((index - 1) & ring_mask)",
        "event = select(index > 0, stamps[ix(at)], 0)",
    ]
    return _next_events(kernel, "older_events", lines)


def _next_events(kernel: DeliverKernel, name: str, find: list[str]) -> str:
    kernel.argument("listed", "events - listed")
    for argument in ("depth", "base", "floor_stamp"):
        kernel.argument(argument)
    kernel.view_targets()
    kernel.argument("synapse_before", "i32(event_synapse + 4 * listed, events - listed)")
    for array in ("event_synapse", "event_stamps"):
        kernel.argument(array, f"i32({array} + 4 * events, 1)")
    lines = ["j = synapse_before[ix(i)]", "cell = targets[ix(j)] - base", *find, *_LIST]
    return kernel.function(name, lines, "i", "listed", before=["count = 0"], after=["return count"])


_LIST = [
    "event_synapse[ix(count)] = j",
    "event_stamps[ix(count)] = event",
    "count += select(event > floor_stamp, 1, 0)",
]


def _replayed(parent: DeliverKernel) -> list[str]:
    """Let the listed spikes act on the synapses, from the last round, the earliest, on."""
    traces = parent.shape.traces
    lines = []
    if traces:
        beyond = _traced(parent, "trace_events", {})
        factors = _factors(parent, traces)
        within = _traced(parent, "trace_events_within", factors) if factors else beyond
        lines = either(f"instant + dendritic - since < {FACTORS}", within, beyond)
    return [
        *lines,
        "while depth > 0:",
        "    listed = bounds[ix(depth - 1)]",
        "    count = bounds[ix(depth)] - listed",
        f"    {_acted(parent.companion(), traces)}",
        "    depth -= 1",
    ]


def _traced(parent: DeliverKernel, name: str, factors: dict[SSAValue, str]) -> str:
    """Return the call of the loop that computes presynaptic traces at the listed spikes."""
    kernel = parent.companion()
    statements, found = Arrival(kernel, ()).traces(looked_up(kernel, factors))
    kernel.argument("n", "events")
    kernel.argument("event_stamps", "i32(event_stamps, events)")
    kernel.argument("dendritic")
    body = ["event = event_stamps[ix(j)] + dendritic", *statements]
    for trace, text in found.items():
        scratch = _scratch(kernel, trace)
        array = kernel.argument(scratch, f"f64({scratch}, events)")
        body.append(f"{array}[ix(j)] = {text}")
    return kernel.function(name, body)


def _acted(kernel: DeliverKernel, traces: list[str]) -> str:
    """Return the call of the loop over the spikes of one round."""
    shape = kernel.shape
    kernel.argument("count")
    kernel.argument("event_synapse", "i32(event_synapse + 4 * listed, count)")
    arrival = Arrival(kernel, shape.changed(shape.on_post, "edge"))
    known, reads = dict(arrival.state), []
    for trace in traces:
        array = _scratch(kernel, trace)
        kernel.argument(array, f"f64({array} + 8 * listed, count)")
        known[trace] = kernel.name(f"{trace}_seen")
        reads.append(f"{known[trace]} = {kernel.real(f'{array}[ix(i)]')}")
    section = kernel.section(lambda label: known.get(label) or kernel.edge_value(label))
    new = arrival.next(section, shape.changed(shape.on_post, "edge"))
    body = [*kernel.close(section), *together(new)]
    stores = [kernel.store(label) for label in arrival.state]
    lines = ["j = event_synapse[ix(i)]", *kernel.load, *reads, *body, *stores]
    return kernel.function("replay", lines, "i", "count")


def _scratch(kernel: DeliverKernel, name: str) -> str:
    return kernel.word("event_values", name, "words[{}]", kernel.name(f"{name}_events"))


def _arrivals(parent: DeliverKernel) -> str:
    """Return the call of the loop in which the presynaptic spike acts on the row's synapses."""
    kernel = parent.companion()
    kernel.argument("n")
    kernel.view_targets()
    kernel.argument("accumulator")
    shape = kernel.shape
    posts = _posts(kernel)
    arrival = Arrival(kernel, shape.changed(shape.on_pre, "edge"))
    lines, found = [], {}
    if posts:
        kernel.argument("base")
        lines.append("cell = targets[ix(j)] - base")
    for name in posts:
        found[name] = kernel.name(name)
        lines.append(f"{found[name]} = {kernel.real(f'{_now(kernel, name)}[ix(cell)]')}")
    body = arrival.arrive(found)
    return kernel.function("arrive", [*kernel.load, *lines, *body])
