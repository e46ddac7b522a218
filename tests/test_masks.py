"""Rows of bits: chosen by density, and bit for bit the results of rows of targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from single_cells import builder_of
from xdsl.dialects.builtin import StringAttr

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import snn
from snnc.ir.text import Document, print_text
from snnc.ir.values import Random, Sequences, Value
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes

Connector = tuple[str, dict[str, Any]]
TWICE = ("fixed_number_pre", {"n": 40, "with_replacement": True})


def network(
    connector: Connector = TWICE,
    *,
    pre: int = 150,
    post: int = 150,
    weight: Value = 0.02,
    delay: Value = 1.5,
    storage: str | None = None,
) -> Document:
    """Return cells that listed spikes, sometimes all at once and twice, and each other drive."""
    builder = builder_of(["IF_curr_exp", "SpikeSourceArray", "StaticSynapse"], seed=5)
    rng = np.random.default_rng(7)
    times = Sequences.of([np.sort([3.0, 3.0, *rng.uniform(1.0, 25.0, 20)]) for _ in range(pre)])
    builder.population("source", pre, "SpikeSourceArray", parameters={"spike_times": times})
    v = Random("uniform", {"low": -65.0, "high": -50.0})
    parameters = {"tau_refrac": 0.3, "v_reset": -51.0, "i_offset": 0.8}
    builder.population("cells", post, "IF_curr_exp", parameters=parameters, initial={"v": v})
    for name, source in (("in", "source"), ("among", "cells")):
        builder.projection(
            name, source, "cells", connector, "StaticSynapse", "excitatory", weight, delay
        )
    builder.record("cells", ["spikes", "v"])
    document = builder.finish()
    if storage is not None:
        keep(document, storage)
    return document


def keep(document: Document, storage: str) -> None:
    """Override the storage of all projections, by the text of the network."""
    for op in document.module.walk():
        if isinstance(op, snn.ProjectionOp):
            op.attributes["storage"] = StringAttr(storage)


def bits(document: Document, threads: int = 1) -> tuple[bytes, ...]:
    compiled = snnc.compile(document, precision="packed", threads=threads)
    compiled.run(30.0)
    simulation = compiled.simulation
    times, cells = simulation.spikes("cells")
    return simulation.trace("cells", "v").values.tobytes(), times.tobytes(), cells.tobytes()


def storages(document: Document, precision: str = "packed") -> set[str]:
    compiled = snnc.compile(document, precision=precision)
    return {plan.storage for plan in compiled.artifact.projections}


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "connector",
    [("all_to_all", {}), TWICE, ("fixed_probability", {"p_connect": 0.3})],
    ids=["all", "twice", "probability"],
)
def test_masks_give_the_bits_of_rows(connector: Connector, threads: int):
    expected = bits(network(connector, storage="scalar"))
    assert bits(network(connector, storage="mask"), threads) == expected


@pytest.mark.parametrize("post", [1, 2, 3, 31, 32, 33])
@pytest.mark.parametrize("pre", [1, 2, 3, 200])
def test_masks_of_any_size(pre: int, post: int):
    # 200 cells that fire twice at once are more rows than are added up at a time.
    every = ("all_to_all", {})
    expected = bits(network(every, pre=pre, post=post, storage="scalar"))
    assert bits(network(every, pre=pre, post=post, storage="mask")) == expected


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.7])
def test_more_rows_than_memory_is_asked_for_ahead(delay: float):
    # 600 cells that fire twice at once; with a delay of one step none is known ahead.
    every = ("all_to_all", {})
    expected = bits(network(every, pre=600, post=40, delay=delay, storage="scalar"))
    for threads in (1, 2):
        found = bits(network(every, pre=600, post=40, delay=delay, storage="mask"), threads)
        assert found == expected


@given(
    p=st.floats(0.0, 1.0),
    pre=st.integers(1, 80),
    post=st.integers(1, 600),
    threads=st.sampled_from([1, 2, 3, 7]),
    several=st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_random_masks(p: float, pre: int, post: int, threads: int, several: bool):
    connector = ("fixed_probability", {"p_connect": p})
    delay = Random("uniform", {"low": 0.3, "high": 1.0}) if several else 0.7
    sizes: dict[str, Any] = {"pre": pre, "post": post, "delay": delay}
    expected = bits(network(connector, **sizes, storage="scalar"))
    assert bits(network(connector, **sizes, storage="mask"), threads) == expected


def _onto_several(sizes: dict[str, int], delay: Value, storage: str) -> Document:
    """Return populations that one projection drives; a second one gives 'cells' finer quanta."""
    builder = builder_of(["IF_curr_exp", "SpikeSourceArray", "StaticSynapse"], seed=5)
    rng = np.random.default_rng(7)
    times = Sequences.of([np.sort(rng.uniform(1.0, 25.0, 8)) for _ in range(30)])
    builder.population("source", 30, "SpikeSourceArray", parameters={"spike_times": times})
    for name, size in sizes.items():
        builder.population(name, size, "IF_curr_exp", parameters={"i_offset": 0.8})
        builder.record(name, ["v"])
    builder.record("cells", ["spikes"])
    builder.assembly("all", list(sizes))
    for name, onto, weight in (("in", "all", 0.02), ("more", "cells", 0.0137)):
        connector = ("fixed_probability", {"p_connect": 0.4})
        builder.projection(
            name, "source", onto, connector, "StaticSynapse", "excitatory", weight, delay
        )
    document = builder.finish()
    keep(document, storage)
    return document


@pytest.mark.parametrize("delay", [0.7, Random("uniform", {"low": 0.3, "high": 1.0})])
@pytest.mark.parametrize(
    "sizes",
    [
        {"wide": 600, "cells": 150, "few": 3},
        {"few": 1, "cells": 33, "wide": 513},
        # Tiles of rows end within the second and the third population.
        {"wide": 9_000, "cells": 9_000, "rest": 17_000},
    ],
)
def test_rows_onto_several_populations(sizes: dict[str, int], delay: Value):
    expected, one, two = (
        snnc.compile(_onto_several(sizes, delay, storage), precision="packed", threads=threads)
        for storage, threads in (("scalar", 1), ("mask", 1), ("mask", 2))
    )
    for compiled in (expected, one, two):
        compiled.run(12.0)
    for name in sizes:
        v = expected.simulation.trace(name, "v").values
        assert np.ptp(v[-1]) > 0.0 or sizes[name] == 1
        assert np.array_equal(one.simulation.trace(name, "v").values, v)
        assert np.array_equal(two.simulation.trace(name, "v").values, v)


def test_wide_rows_are_added_up_in_tiles():
    connector = ("fixed_probability", {"p_connect": 0.2})
    sizes: dict[str, Any] = {"pre": 20, "post": 17_000}
    documents = [_driven(connector, storage, **sizes) for storage in ("scalar", "mask")]
    expected, found = (bits(document) for document in documents)
    assert found == expected


def _driven(connector: Connector, storage: str, pre: int, post: int) -> Document:
    builder = builder_of(["IF_curr_exp", "SpikeSourceArray", "StaticSynapse"], seed=5)
    times = Sequences.of([[1.0, 2.0]] * pre)
    builder.population("source", pre, "SpikeSourceArray", parameters={"spike_times": times})
    builder.population("cells", post, "IF_curr_exp")
    builder.projection("in", "source", "cells", connector, "StaticSynapse", "excitatory", 0.02, 0.5)
    builder.record("cells", ["spikes", "v"])
    document = builder.finish()
    keep(document, storage)
    return document


def test_dense_projections_with_one_weight_and_delay_become_masks():
    assert storages(network()) == {"mask"}
    assert storages(network(("fixed_probability", {"p_connect": 0.0625}))) == {"mask"}
    assert storages(network(("fixed_probability", {"p_connect": 0.06}))) == {"scalar"}
    assert storages(network(("fixed_total_number", {"n": 1407}))) == {"mask"}
    assert storages(network(("fixed_number_post", {"n": 9}))) == {"scalar"}


def test_other_projections_do_not():
    uniform = Random("uniform", {"low": 0.1, "high": 0.9})
    assert storages(network(weight=uniform)) == {"int16"}
    assert storages(network(delay=uniform)) == {"scalar"}
    assert storages(network(), "f64") == {"scalar"}
    assert storages(network(storage="scalar")) == {"scalar"}


def test_the_choice_is_printed():
    document = network()
    run_passes(document, parse_passes(pipeline_text("cpu", precision="packed")))
    assert print_text(document).count('storage = "mask"') == 2


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_masks_need_sums_of_integers(precision: str):
    with pytest.raises(OptionError, match="'mask' of 'in' does not fit the sums"):
        snnc.compile(network(storage="mask"), precision=precision)


def test_masks_need_one_weight():
    uniform = Random("uniform", {"low": 0.1, "high": 0.9})
    with pytest.raises(OptionError, match="'mask' of 'in' holds one weight for all"):
        snnc.compile(network(weight=uniform, storage="mask"), precision="packed")


def changed(compiled: CompiledNetwork) -> np.ndarray:
    simulation = compiled.simulation
    simulation.set_edge_values("in", "weight", 0.05)
    simulation.set_edge_values("in", "delay", 0.4)
    compiled.run(10.0)
    assert np.unique(simulation.edge_values("in", "weight")).tolist() == pytest.approx([0.05])
    return simulation.trace("cells", "v").values


def test_weights_and_delays_of_masks_can_be_read_and_set():
    masks, rows = (
        snnc.compile(network(storage=storage), precision="packed") for storage in ("mask", "scalar")
    )
    assert masks.simulation.edge_values("in", "weight").size == 40 * 150
    assert np.array_equal(changed(masks), changed(rows))


def test_masks_take_less_memory_than_rows():
    reports = []
    for storage in ("mask", "scalar"):
        document = network(("all_to_all", {}), pre=500, post=500, storage=storage)
        compiled = snnc.compile(document, precision="packed")
        compiled.simulation.build()
        reports.append(compiled.report().memory["connections"])
    assert reports[0] < 0.2 * reports[1]
