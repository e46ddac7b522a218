"""Delivery of whole rows of a dense projection, where a spike meets most cells of the target.

What the synapses of a row have in common is computed once: the postsynaptic spikes since the last
presynaptic one come from a log in the order of time, with the presynaptic traces at each of them;
and the postsynaptic states of all cells are advanced to the moment of arrival in one vectorised
loop, shared by all spikes of a step. Each synapse sees the same events in the same order as in
`synapse_arrival`.
"""

from __future__ import annotations

from snnc.codegen.kernels.numba_deliver import DeliverKernel
from snnc.codegen.kernels.synapse_arrival import Arrival, indented, together
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
    kernel.word("dense", "", "words[{}]", "dense")
    kernel.word("post_cells", "", "words[{}]", "post_cells")
    kernel.word("log_stamps", "", "words[{}]", "log_stamps")
    kernel.word("log_cells", "", "words[{}]", "log_cells")
    kernel.word("log_count", "", "i64(words[{}], 1)", "log_count")
    kernel.word("edge_of", "", "words[{}]", "edge_of")
    kernel.intrinsics.add("i32")
    kernel.functions_text.append(_UPPER)
    kernel.per_delay.append("ready = 0")
    window, arrivals = _window(kernel), _arrivals(kernel)
    kernel.functions_text.append(_FETCH)
    # The row's values come from outer caches while the loops before the first use of them run.
    fetches = [f"fetch({first}, {size} * n)" for first, size in kernel.edge_addresses()]
    kernel.rows = [
        "if n == 0:",
        "    continue",
        *fetches,
        *_prepared(kernel),
        *window,
        arrivals,
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


def _prepared(kernel: DeliverKernel) -> list[str]:
    """Advance the postsynaptic states of all cells to the moment of arrival, once for a delay."""
    posts = kernel.shape.post_reads(kernel.shape.on_pre)
    if not posts:
        return []
    return [
        "if ready == 0:",
        "    ready = 1",
        *indented([_advanced(kernel, posts), *_corrected(kernel, posts)]),
    ]


def _now(kernel: DeliverKernel, name: str) -> str:
    array = kernel.word("post_now", name, "words[{}]", kernel.name(f"{name}_now"))
    return kernel.argument(array, f"f64({array}, post_cells)")


def _latest(kernel: DeliverKernel) -> str:
    stamps = kernel.word("latest_stamps", "", "words[{}]", "latest_stamps")
    return kernel.argument(stamps, f"i32({stamps}, post_cells)")


def _advanced(parent: DeliverKernel, posts: list[str]) -> str:
    """Return the call of the loop that takes the last spike of each cell for the relevant one."""
    kernel = parent.companion()
    kernel.argument("n", "post_cells")
    kernel.argument("instant")
    stamps = _latest(kernel)
    lines, after = [kernel.elapsed(f"instant - {stamps}[ix(j)]")], {}
    for name in kernel.shape.drivers(posts):
        array = kernel.word("latest", name, "words[{}]", kernel.name(f"{name}_latest"))
        kernel.argument(array, f"f64({array}, post_cells)")
        after[name] = kernel.name(f"{name}_after")
        lines.append(f"{after[name]} = {kernel.real(f'{array}[ix(j)]')}")
    statements, found = kernel.advanced(posts, after.__getitem__)
    lines += statements
    lines += [f"{_now(kernel, name)}[ix(j)] = {found[name]}" for name in posts]
    return kernel.function("advance_cells", lines)


def _corrected(parent: DeliverKernel, posts: list[str]) -> list[str]:
    """Return statements that treat the cells that have fired too recently."""
    recent = parent.companion()
    recent.argument("n", "recent")
    recent.argument("log_cells", "i32(log_cells + 4 * (log_count[0] - recent), recent)")
    every = parent.companion()
    every.argument("n", "post_cells")
    stamps = _latest(every)
    return [
        "recent = log_count[0] - first_after(instant - 1, log_count[0], i32(log_stamps, 1))",
        "if recent < post_cells:",
        f"    {_correction(recent, posts, 'correct_recent', 'cell = log_cells[ix(j)]')}",
        "else:",
        f"    {_correction(every, posts, 'correct_cells', 'cell = j', stamps)}",
    ]


def _correction(
    kernel: DeliverKernel, posts: list[str], name: str, cell: str, stamps: str | None = None
) -> str:
    lines, found = Arrival(kernel, ()).post_at_arrival(posts, cell)
    lines += [f"{_now(kernel, state)}[ix(cell)] = {found[state]}" for state in posts]
    if stamps is not None:
        lines = [f"if {stamps}[ix(j)] >= instant:", *indented(lines)]
    return kernel.function(name, lines)


def _window(parent: DeliverKernel) -> list[str]:
    """Let the postsynaptic spikes since the last presynaptic one act on the synapses of a row."""
    lines = [
        "log_begin = first_after(low, log_count[0], i32(log_stamps, 1))",
        "events = first_after(high, log_count[0], i32(log_stamps, 1)) - log_begin",
    ]
    traces = parent.companion()
    statements, found = Arrival(traces, ()).traces()
    if found:
        traces.argument("n", "events")
        traces.argument("events_stamps", "i32(log_stamps + 4 * log_begin, events)")
        traces.argument("dendritic")
        body = ["event = events_stamps[ix(j)] + dendritic", *statements]
        body += [f"{_scratch(traces, name)}[ix(j)] = {text}" for name, text in found.items()]
        lines.append(traces.function("trace_events", body))
    row = f"{parent.form.target}(targets + {parent.target_bytes} * begin, n)"
    near, mapped = parent.companion(), parent.companion()
    near.argument("n")
    near.view_targets()
    near.argument("base")
    mapped.argument("edge_of", "i32(edge_of, post_cells)")
    return [
        *lines,
        f"row_targets = {row}",
        "if row_targets[ix(n - 1)] - row_targets[ix(0)] <= n:",
        f"    {_replayed(near, list(found), 'replay_near', _NEAR)}",
        "else:",
        f"    {_mapped(parent, 'map_cells', 'j')}",
        f"    {_replayed(mapped, list(found), 'replay_mapped', _MAPPED)}",
        f"    {_mapped(parent, 'forget_cells', '-1')}",
    ]


# A row that leaves out one cell at most (its own, often) needs no map.
_NEAR = [
    "target = base + log_cells[ix(i)]",
    "guess = target - targets[0]",
    "guess = select(guess < 0, 0, select(guess < n, guess, n - 1))",
    "j = select(targets[ix(guess)] > target, guess - 1, guess)",
    "j = select(j < 0, 0, j)",
    "if targets[ix(j)] != target:",
    "    continue",
]
_MAPPED = ["j = edge_of[ix(log_cells[ix(i)])]", "if j < 0:", "    continue"]


def _replayed(kernel: DeliverKernel, traces: list[str], name: str, find: list[str]) -> str:
    """Return the call of the loop over the spikes, each of which `find` takes to its synapse."""
    shape = kernel.shape
    kernel.argument("n_events", "events")
    kernel.argument("log_cells", "i32(log_cells + 4 * log_begin, events)")
    arrival = Arrival(kernel, shape.changed(shape.on_post, "edge"))
    known = dict(arrival.state)
    reads = []
    for trace in traces:
        known[trace] = kernel.name(f"{trace}_seen")
        reads.append(f"{known[trace]} = {kernel.real(f'{_scratch(kernel, trace)}[ix(i)]')}")
    section = kernel.section(lambda label: known.get(label) or kernel.edge_value(label))
    new = arrival.next(section, shape.changed(shape.on_post, "edge"))
    body = [*kernel.close(section), *together(new)]
    stores = [kernel.store(label) for label in arrival.state]
    return kernel.function(name, [*find, *kernel.load, *reads, *body, *stores], "i", "n_events")


def _scratch(kernel: DeliverKernel, name: str) -> str:
    array = kernel.word("event_values", name, "words[{}]", kernel.name(f"{name}_events"))
    return kernel.argument(array, f"f64({array}, events)")


def _mapped(parent: DeliverKernel, name: str, value: str) -> str:
    """Return the call of the loop that notes where each cell's synapse is, or forgets it."""
    kernel = parent.companion()
    kernel.argument("n")
    kernel.view_targets()
    kernel.argument("base")
    kernel.argument("edge_of", "i32(edge_of, post_cells)")
    return kernel.function(name, [f"edge_of[ix(targets[ix(j)] - base)] = {value}"])


def _arrivals(parent: DeliverKernel) -> str:
    """Return the call of the loop in which the presynaptic spike acts on the row's synapses."""
    kernel = parent.companion()
    kernel.argument("n")
    kernel.view_targets()
    kernel.argument("accumulator")
    shape = kernel.shape
    posts = shape.post_reads(shape.on_pre)
    changed = {**shape.changed(shape.on_pre, "edge")}
    arrival = Arrival(kernel, changed)
    lines, found = [], {}
    if posts:
        kernel.argument("base")
        lines.append("cell = targets[ix(j)] - base")
    for name in posts:
        found[name] = kernel.name(name)
        lines.append(f"{found[name]} = {kernel.real(f'{_now(kernel, name)}[ix(cell)]')}")
    body = arrival.arrive(found)
    return kernel.function("arrive", [*kernel.load, *lines, *body])
