"""Networks on SpiNNaker, and their synapses: as the cpu has them, and as the cores read them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
from modular_networks import MODELS, mapped

import snnc
from snnc.codegen.spinnaker import SpiNNakerArtifact, generate
from snnc.ir.text import Document, parse, verify
from snnc.passes.pipelines import pipeline_text
from snnc.runtime.spinnaker.data import write_data
from snnc.runtime.spinnaker.decode import check_data
from snnc.stages import copy_of

Synapse = tuple[str, int, str, int, int, int]
"""Presynaptic and postsynaptic population and cell, delay and weight as stored."""
CELL = """dyn.cell @Two {
  state v : mV = 0.0
  state i : nA = 0.0
  state j : nA = 0.0
  receptor excitatory : nA
  receptor inhibitory : nA
  on excitatory(w) { i = i + w }
  on inhibitory(w) { j = j + w }
  when v >= 1.0 [mV] { v = 0.0 [mV]  emit }
}
"""


ADDITIVE, MULTIPLICATIVE = (
    f"STDP_SpikePairRule_{kind}WeightDependence" for kind in ("Additive", "Multiplicative")
)


def projection(
    number: int,
    pre: str,
    post: str,
    rule: str = '"fixed_probability", {p_connect = 0.2}',
    receptor: str = "excitatory",
    weight: str = "0.3",
    delay: str = "1.0",
    synapse: str = "Static",
    parameters: str = "",
) -> str:
    values = f"parameters {{{parameters}}}" if parameters else ""
    return f"""snn.projection @e{number} from @{pre} to @{post} {{object_id = {number}}}
        connector #snn.connector<{rule}>
        synapse @{synapse} receptor "{receptor}"
        weight {weight} delay {delay} {values}
    """


def plastic(
    number: int,
    *args: str,
    rule: str = ADDITIVE,
    parameters: str = "w_max = 1.5, A_plus = 0.1",
    **options: str,
) -> str:
    return projection(number, *args, synapse=rule, parameters=parameters, **options)


def network(sizes: list[int], projections: list[str], models: str = "") -> Document:
    first, lines = 0, []
    for number, size in enumerate(sizes):
        ids = f"{{object_id = {number}, first_id = {first}}}"
        lines.append(f"snn.population @P{number} [{size}] of @Two {ids}")
        first += size
    head = 'snn.network @net {dt = 1.0, seed = 4, rng = "philox4x32-10/snnc-1"}'
    body = "\n".join([*lines, *projections])
    document = parse(f"{MODELS}{CELL}{models}{head} {{\n{body}\n}}\n")
    verify(document)
    return document


def artifact_of(
    document: Document, partition: str = "", shifts: str = "", unit: str = ""
) -> SpiNNakerArtifact:
    text = pipeline_text("spinnaker").replace("partition-cores", f"partition-cores{partition}")
    text = text.replace("choose-shifts", f"choose-shifts{shifts}")
    text = text.replace("choose-current-unit", f"choose-current-unit{unit}")
    return generate(mapped(copy_of(document), pipeline=text))


def synapses_on_cpu(document: Document, artifact: SpiNNakerArtifact) -> Counter[Synapse]:
    """Return the synapses of the network as the cpu runs it, with weights as they are stored."""
    compiled = snnc.compile(copy_of(document), "cpu")
    simulation = compiled.simulation
    found: Counter[Synapse] = Counter()
    sizes = {plan.name: plan.size for plan in compiled.artifact.populations}
    for plan in compiled.artifact.projections:
        pre, post = (
            [
                (name, int(cell))
                for name, some in side.members
                for cell in np.arange(sizes[name])[some]
            ]
            for side in (plan.pre, plan.post)
        )
        factors = np.array([artifact.rings[name, plan.receptor].factor for name, _ in post])
        edges = simulation.edges(plan.name)
        weight = simulation.edge_values(plan.name, "weight") * factors[edges.post]
        weight = np.rint(weight).astype(int)
        delay = np.rint(simulation.edge_values(plan.name, "delay")).astype(int)
        for i, j, w, d in zip(edges.pre, edges.post, weight, delay, strict=True):
            found[(*pre[i], *post[j], int(d), int(w))] += 1
    return found


def synapses_read(artifact: SpiNNakerArtifact, path: Path) -> Counter[Synapse]:
    """Return the synapses that cores find, by a reader of its own, packet by packet."""
    found: Counter[Synapse] = Counter()
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT x, y, p, region_label, content FROM region").fetchall()
    regions = {((x, y, p), label): np.frombuffer(data, "<u4") for x, y, p, label, data in rows}
    cells: dict[tuple[int, int, int], list[tuple[str, int]]] = {}
    for one in artifact.slices:
        numbers = ((one.population, cell) for cell in range(one.first, one.last))
        cells.setdefault(one.place, []).extend(numbers)
    senders = {one.name: (one, one, 0) for one in artifact.slices}
    for late in artifact.extensions:
        senders[late.name] = late, late.slice, late.steps
    for tree in artifact.trees:
        for place in tree.cores:
            table, matrix, parameters = (
                [int(word) for word in regions.get((place, label), ())]
                for label in ("PopTable", "SynBlocks", "SynapseParams")
            )
            for sender, one, steps in (senders[name] for name in tree.slices):
                if place not in cells:
                    continue  # an extension, which has no synapses
                for cell in range(sender.size):
                    key = sender.key + (cell << 4) + 9
                    for word in words_of(key, table, matrix):
                        low, bits = word & 0xFFFF, parameters[2:5]
                        target = cells[place][low & ((1 << bits[0]) - 1)]
                        slot = low >> (bits[0] + bits[1]) & ((1 << bits[2]) - 1)
                        stage = 0 if sender is one else cell // one.size + 1
                        delay = (slot or 1 << bits[2]) + stage * steps
                        source = one.population, one.first + cell % one.size
                        found[(*source, *target, delay, word >> 16)] += 1
    return found


def words_of(key: int, table: list[int], matrix: list[int]) -> list[int]:
    """Return the synapses of a packet, found as sPyNNaker's population_table.c finds them.

    Plastic ones come as static ones would: the weight above the control.
    """
    low, high = 0, table[0]
    while low < high:
        middle = (low + high) // 2
        entry = table[2 + 5 * middle : 7 + 5 * middle]
        if key & entry[1] == entry[0]:
            break
        low, high = (middle + 1, high) if entry[0] < key else (low, middle)
    else:
        raise AssertionError(f"no entry for {key:#x}")
    start, colours, count = entry[2] & 0x1FFF, entry[2] >> 13 & 7, entry[2] >> 16
    core_mask, core_shift, neurons = entry[3] & 0xFFFF, entry[3] >> 16, entry[4] & 0xFFFF
    local = key & ~(entry[1] | core_mask << core_shift) & 0xFFFFFFFF
    cell = (local >> colours) + (key >> core_shift & core_mask) * neurons
    words = []
    for address in table[2 + 5 * table[0] :][start : start + count]:
        stride = (address & 0xFF) + 1 + 3
        row = (address >> 8) * 16 // 4 + cell * stride
        plastic = matrix[row + 1 : row + 1 + matrix[row]]
        fixed = row + 1 + len(plastic)
        static, controls = matrix[fixed : fixed + 2]
        assert len(plastic) + static + (controls + 1) // 2 <= stride - 3
        words += matrix[fixed + 2 : fixed + 2 + static]
        assert plastic[:2] == [0, 0][: len(plastic)], "no spike yet, and no trace of one"
        halves = halves_of(matrix[fixed + 2 + static :], controls)
        weights = halves_of(plastic[2:], controls)
        words += [weight << 16 | half for weight, half in zip(weights, halves, strict=True)]
    return words


def halves_of(words: list[int], number: int) -> list[int]:
    halves = [word >> shift & 0xFFFF for word in words[: (number + 1) // 2] for shift in (0, 16)]
    return halves[:number]


def check_both_ways(document: Document, folder: Path, *options: str) -> SpiNNakerArtifact:
    artifact = artifact_of(document, *options)
    write_data(artifact, folder / "ds.sqlite3")
    expected = synapses_on_cpu(document, artifact)
    found = sorted(synapses_read(artifact, folder / "ds.sqlite3").elements())
    wanted = sorted(expected.elements())
    assert [one[:-1] for one in found] == [one[:-1] for one in wanted]
    weights = np.array([[one[-1] for one in synapses] for synapses in (found, wanted)])
    assert np.abs(weights[0] - weights[1]).max(initial=0) <= 1, "the cpu's are floats of 32 bits"
    assert (weights[0] != weights[1]).sum() <= 1e-3 * len(found) + 1
    assert artifact.figures["synapses"] == expected.total()
    check_data(artifact, folder / "ds.sqlite3")
    return artifact


def without(label: str):
    """Return a mutation that takes the regions of a name away."""

    def mutate(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            file.execute("DELETE FROM region WHERE region_label = ?", (label,))
            file.commit()

    return mutate


def set_word(label: str, number: int, change: int, ones: int = 0):
    """Return a mutation of a word in a region of a core: flips and sets bits."""

    def mutate(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            query = "SELECT rowid, content FROM region WHERE region_label = ? AND size > 8"
            row, content = file.execute(query, (label,)).fetchone()
            words = np.frombuffer(content, "<u4").copy()
            words[number] = (words[number] ^ change) | ones
            file.execute("UPDATE region SET content = ? WHERE rowid = ?", (words.tobytes(), row))
            file.commit()

    return mutate
