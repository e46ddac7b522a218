"""The kernel that delivers spikes through synapses that keep their weight: rows, and nothing else.

Rows are mostly short, some tens of synapses for each presynaptic cell and delay, and which are due
is known late: finding them and waiting for their memory would cost more than the sums. So spikes
are kept in a queue while they have synapses ahead of them (`runtime.connectivity.under_way`), where
those that successive delays make due lie side by side. The rows due, those of all sources together,
are listed first, and the memory of rows further down the list is asked for while one is added:
always as often, needed or not, since how many cache lines a short row takes is nothing that a
processor could guess. Where targets and weights take 16 bits each, they lie in words of 32, so that
a row is one piece of memory. Sums are formed in the order of `deliver_kernel`.
"""

from __future__ import annotations

from typing import NamedTuple

from snnc.codegen.artifact import KernelSource, SynapseForm
from snnc.codegen.kernels.kernel_expressions import Precision

_INTRINSICS = (
    "STACK_WORDS",
    "i32",
    "i64",
    "ix",
    "loop",
    "prefetch",
    "select",
    "stack_words",
)
# For how many cache lines of a row memory is always asked; words are twice as long as targets.
_FETCHED = 3
_FETCHED_PAIRED = 5
_BYTES = {"i16": 2, "u16": 2, "i32": 4, "u32": 4, "f32": 4}

_TEXT = '''"""Delivery of {title}."""

import numpy as np

from snnc.runtime.jit.intrinsics import {intrinsics}

# Rows are too short to gain by it.
UNROLL = False
WIDTH = 14
# Words of a listed row: where its targets are, how many, where its weights are, and where sums are.
# Words that hold both targets and weights stand for targets.
TARGETS, NUMBER, WEIGHTS, SUMS, LISTED = range(5)
# Rows that are listed at a time, and how far down the list memory is asked for: what is asked for
# much earlier has left the first cache by then, which scattered sums fill.
MOST = STACK_WORDS // LISTED
AHEAD = 10
# How far down the list of spikes the pointers of rows are asked for.
POINTERS_AHEAD = 12
LINE = 64
# Of a longer array the processor notices by itself that it is read through.
LONGEST = 1024
# Words of the queue of spikes under way, and how many that have passed are kept at least.
NEXT, BASE, LAST, ROOM, SPIKES, BEGINNINGS, RUNS, RUN_COUNT = range(8)
PASSED = 1024


@loop
def fetch(address, size):
    end = address + select(size < LONGEST, size, LONGEST)
    last = address + size - 1
    prefetch(address)
    {lines}
    for line in range(address + {fetched} * LINE, end, LINE):
        prefetch(line)


@loop
def fetch_row(listed, i):
    q = i * LISTED
    n = listed[q + NUMBER]
    {fetches}


@loop
def add_row(n, {arguments}, sums):
    for j in range(n):
        sums[{place}] += {value}


@loop
def add_rows(n, listed):
    for i in range(select(n < AHEAD, n, AHEAD)):
        fetch_row(listed, i)
    for i in range(n):
        if i + AHEAD < n:
            fetch_row(listed, i + AHEAD)
        q = i * LISTED
        size = listed[q + NUMBER]
        add_row(size, {views}, {sums}(listed[q + SUMS], 1))


@loop
def make_room(queue, spikes, first, new):
    """Move the spikes from the `first` on to the front, once there is no room or much is passed."""
    passed = first - queue[BASE]
    kept = queue[LAST] - first
    if passed + kept + new > queue[ROOM] or passed > kept + PASSED:
        for i in range(kept):
            spikes[ix(i)] = spikes[ix(passed + i)]
        queue[BASE] = first


@loop
def take_in(d, queue, spikes, beginnings, stamp, first):
    """Append the spikes of a stamp, the last cell first; `first` is the oldest that is needed."""
    ids = i32(d[0], 1)
    slot = stamp & d[3]
    starts = i64(d[1], d[2])
    new = 0
    for p in range(d[2]):
        new += ids[ix(slot * d[4] + starts[p])]
    make_room(queue, spikes, first, new)
    beginnings[ix(slot)] = queue[LAST]
    queue[LAST] += new
    place = queue[LAST] - queue[BASE]
    for p in range(d[2]):
        column = slot * d[4] + starts[p]
        for c in range(column + 1, column + 1 + ids[ix(column)]):
            place -= 1
            spikes[ix(place)] = ids[ix(c)] * d[6] - stamp


@loop
def update(d, queue, spikes, beginnings, step):
    """Take in the spikes that have come to the first of the delays."""
    delays = i32(d[5], 1)
    newest = step + 1 - delays[ix(d[11])]
    oldest = step + 1 - delays[ix(d[12] - 1)]
    oldest = select(oldest > 0, oldest, 0)
    following = select(queue[NEXT] > oldest, queue[NEXT], oldest)
    for stamp in range(following, newest + 1):
        first = queue[LAST]
        if oldest < stamp:
            first = beginnings[ix(oldest & d[3])]
        take_in(d, queue, spikes, beginnings, stamp, first)
    queue[NEXT] = select(newest < 0, 0, newest + 1)


@loop
def list_rows(m, spikes, last, shift, pointers_at, pointers, targets, weights, sums, n, listed):
    """List the rows of the `m` spikes before the `last`, unless empty; return how many there are.
    """
    for i in range(m):
        row = spikes[ix(last - 1 - i)] + shift
        after = select(last - 1 - i > POINTERS_AHEAD, last - 1 - i - POINTERS_AHEAD, 0)
        prefetch(pointers_at + 8 * (spikes[ix(after)] + shift))
        begin = pointers[ix(row)]
        size = pointers[ix(row + 1)] - begin
        q = n * LISTED
        listed[q + TARGETS] = targets + {target_bytes} * begin
        listed[q + NUMBER] = size
        listed[q + WEIGHTS] = weights{weight_offset}
        listed[q + SUMS] = sums
        n += select(size == 0, 0, 1)
    return n


@loop
def deliver(d, queue, spikes, beginnings, step, n, listed):
    """List what is due, adding what there is no room for; return how many rows are listed."""
    runs = i64(queue[RUNS], 3 * queue[RUN_COUNT])
    pointers = i64(d[7], 1)
    for run in range(queue[RUN_COUNT]):
        delay = runs[3 * run]
        newest = step + 1 - delay
        if newest < 0:
            break
        oldest = newest + 1 - runs[3 * run + 1]
        first = beginnings[ix(select(oldest > 0, oldest, 0) & d[3])] - queue[BASE]
        last = queue[LAST] - queue[BASE]
        if newest + 1 < queue[NEXT]:
            last = beginnings[ix((newest + 1) & d[3])] - queue[BASE]
        while last > first:
            if n == MOST:
                add_rows(n, listed)
                n = 0
            m = select(last - first < MOST - n, last - first, MOST - n)
            shift = runs[3 * run + 2] + newest
            n = list_rows(m, spikes, last, shift, d[7], pointers, d[8], d[9], d[10], n, listed)
            last -= m
    return n


def entry(desc, rows, step):
    listed = i64(stack_words(), MOST * LISTED)
    n = 0
    for r in range(rows):
        d = i64(desc + 8 * r * WIDTH, WIDTH)
        queue = i64(d[13], 8)
        spikes = i64(queue[SPIKES], queue[ROOM])
        beginnings = i64(queue[BEGINNINGS], 1)
        update(d, queue, spikes, beginnings, step)
        n = deliver(d, queue, spikes, beginnings, step, n, listed)
    add_rows(n, listed)
'''


class _Synapses(NamedTuple):
    """How a text reads the synapses of a row.

    `arguments` are what the loop over synapses is given, by `views` from the words of a listed row;
    `place` is the target of synapse j, `value` its weight; `target_bytes` and `weight_bytes` are
    sizes, the latter 0 where all synapses have one weight or have it in the word of the target.
    """

    arguments: str
    views: str
    place: str
    value: str
    target_bytes: int
    weight_bytes: int
    intrinsics: tuple[str, ...]


def _synapses(form: SynapseForm, precision: Precision) -> _Synapses:
    if form.paired:
        kind = "u32" if form.unsigned else "i32"
        word, view = "words[ix(j)]", f"{kind}(listed[q + TARGETS], size)"
        return _Synapses("words", view, f"ix({word} & 65535)", f"{word} >> 16", 4, 0, (kind,))
    name, view, value, *kinds = _weights(form, precision)
    return _Synapses(
        f"targets, {name}",
        f"{form.target}(listed[q + TARGETS], size), {view}",
        "targets[ix(j)]",
        value,
        _BYTES[form.target],
        _BYTES[kinds[0]] if name == "weights" else 0,
        (form.target, *kinds),
    )


def _weights(form: SynapseForm, precision: Precision) -> tuple[str, ...]:
    """Return a name for what holds weights, its view, the weight of synapse j, and intrinsics."""
    word = "listed[q + WEIGHTS]"
    if form.weight in ("scalar", "mask"):
        if form.packed:
            return "weight", word, "weight"
        view = f"bits_f64({word})"
        view = view if precision == "f64" else f"np.float32({view})"
        return "weight", view, "weight", "bits_f64"
    kind = ("u16" if form.unsigned else "i16") if form.packed else "f32"
    value = "np.float64(weights[ix(j)])" if precision == "f64" else "weights[ix(j)]"
    return "weights", f"{kind}({word}, size)", value, kind


def static_kernel(model: str, form: SynapseForm, precision: Precision) -> KernelSource:
    """Return the kernel of synapses whose weight is all that a spike delivers.

    Parameters
    ----------
    model : str
        Label of the synapse model.
    form : SynapseForm
        How the synapses are stored: ``"scalar"``, ``"mask"`` (what masks cannot hold),
        ``"float32"`` or ``"int16"``.
    precision : {"f64", "f32"}
        Of sums that are not integers.
    """
    sums = "i32" if form.packed else precision
    synapses = _synapses(form, precision)
    fetched = _FETCHED_PAIRED if form.paired else _FETCHED
    sizes = {"TARGETS": synapses.target_bytes, "WEIGHTS": synapses.weight_bytes}
    text = _TEXT.format(
        title=f"{model} ({form}, {precision})",
        intrinsics=", ".join(sorted({*_INTRINSICS, sums, *synapses.intrinsics})),
        lines="\n    ".join(
            f"prefetch(select(size > {i} * LINE, address + {i} * LINE, last))"
            for i in range(1, fetched)
        ),
        fetched=fetched,
        fetches="\n    ".join(
            f"fetch(listed[q + {word}], {size} * n)" for word, size in sizes.items() if size
        ),
        target_bytes=synapses.target_bytes,
        weight_offset=f" + {synapses.weight_bytes} * begin" if synapses.weight_bytes else "",
        sums=sums,
        arguments=synapses.arguments,
        views=synapses.views,
        place=synapses.place,
        value=synapses.value,
    )
    return KernelSource(f"deliver_{model}_{form}_{precision}", text)
