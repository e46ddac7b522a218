"""Networks for analog chips: lists of synapses, and sets that are feasible by construction."""

from __future__ import annotations

import numpy as np

from snnc.ir.build import NetworkBuilder
from snnc.ir.dialects import analog
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.resources import ResourceTable
from snnc.ir.text import Document, verify
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import synapses_of

CELL = """dyn.cell @Leaky {
  param tau : ms = 10.0
  state v : mV = 0.0
  state g : mV = 0.0
  state h : mV = 0.0
  receptor excitatory : mV
  receptor inhibitory : mV
  dg/dt = -g / tau
  dh/dt = -h / tau
  dv/dt = (g + h - v) / tau
  on excitatory(w) { g = g + w }
  on inhibitory(w) { h = h + w }
  when v >= 1.0 [mV] { v = 0.0 [mV] emit }
}"""
NOISE = "dyn.cell @Noise { param rate : Hz = 10.0  emit poisson rate }"
STATIC = "syn.model @Static { on pre { deliver weight } }"
PASSES = (
    "list-synapses,choose-chip{{chip={chip} number={number}}},quantise-weights,"
    "place-circuits,label-events,fill-rows,walk-events"
)

Pairs = np.ndarray
"""Pre- and postsynaptic cells, shape (m, 2)."""


def network(
    cells: int, excitatory: Pairs, inhibitory: Pairs, sources: int = 0, driven: Pairs | None = None
) -> Document:
    """Return a network of one population with lists of synapses, and sources that drive it."""
    builder = NetworkBuilder("net", dt=0.1, seed=3)
    for text in (CELL, NOISE, STATIC):
        builder.use_model(text, "model")
    builder.population("A", cells, "Leaky")
    if sources:
        builder.population("S", sources, "Noise")
    lists = [("exc", "A", "excitatory", excitatory), ("inh", "A", "inhibitory", inhibitory)]
    if driven is not None:
        lists.append(("drive", "S", "excitatory", driven))
    for name, pre, receptor, pairs in lists:
        pairs = np.reshape(pairs, (-1, 2)).astype(np.int64)
        builder.projection(
            name, pre, "A", connector=("from_list", {"pre": pairs[:, 0], "post": pairs[:, 1]}),
            synapse="Static", receptor=receptor, weight=-0.5 if name == "inh" else 0.5, delay=0.1,
        )  # fmt: skip
    return builder.finish()


def random_pairs(rng: np.random.Generator, pre: int, post: int, number: int) -> Pairs:
    """Return distinct random pairs."""
    chosen = rng.choice(pre * post, min(number, pre * post), replace=False)
    return np.stack(np.divmod(chosen, post), axis=1)


def mapped(document: Document, chip: str = "brainscales2", number: int = 0) -> Document:
    """Run all passes, whose results are verified one by one; the last walks the events."""
    run_passes(
        document,
        parse_passes(PASSES.format(chip=chip, number=number)),
        after=lambda _, result: verify(result),
        connect=synapses_of,
    )
    return document


def ops_of(document: Document, kind: type) -> list:
    return [op for op in document.module.walk() if isinstance(op, kind)]


def lost(document: Document) -> int:
    """Return how many synapses are listed as lost."""
    return sum(op.table_.data.shape[0] for op in ops_of(document, analog.LostOp))


def feasible(rng: np.random.Generator, cells: int, sources: int, filled: float) -> Document:
    """Return a network that fits one chip, since it was drawn from a placement on one.

    Cells are put on random circuits, sources on random buses. Of each bus a circuit has 64 rows,
    which half of the sources share with another half where labels must be used twice. Rows are
    excitatory or inhibitory; a circuit has synapses in at most the share `filled` of its rows.
    """
    places = rng.permutation(512)[:cells]
    output, block = places // 64, places % 2
    halves = 1 if cells + sources <= 256 else 2
    group = np.concatenate([output % 4 + 4 * (output // 4 % halves), np.empty(0, int)])
    counts = np.bincount(group, minlength=4 * halves)
    for _ in range(sources):
        least = int(np.argmin(counts))
        group = np.append(group, least)
        counts[least] += 1
    inhibitory = np.concatenate([rng.random(cells) < 0.2, np.zeros(sources, bool)])
    rows = 64 // halves
    pairs: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    for number in range(4 * halves):
        for side in (0, 1):
            for_inhibition = int(rng.integers(0, rows // 2 + 1))
            room = {False: rows - for_inhibition, True: for_inhibition}
            for sign, most in room.items():
                pool = np.flatnonzero((group == number) & (inhibitory == sign))
                for cell in np.flatnonzero(block == side):
                    size = rng.integers(0, min(pool.size, int(filled * most)) + 1)
                    pairs[sign] += [(int(s), int(cell)) for s in rng.permutation(pool)[:size]]
    excitatory = np.array(pairs[False]).reshape(-1, 2)
    outside = excitatory[:, 0] >= cells
    driven = excitatory[outside] - [cells, 0]
    return network(
        cells,
        excitatory[~outside],
        np.array(pairs[True]).reshape(-1, 2),
        sources,
        driven if sources else None,
    )


def change(document: Document, op: analog.Decision, rows: np.ndarray) -> None:
    """Give a decision another table."""
    table = ResourceTable(document.resources)
    op.properties["table"] = ArrayHandleAttr(table.handle(rows, "changed"))
