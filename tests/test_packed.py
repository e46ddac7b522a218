"""`precision="packed"`: integer weights and sums, with a stated error and the same bits always."""

from __future__ import annotations

import numpy as np
import pytest
from single_cells import builder_of

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import step
from snnc.ir.text import Document, parse, print_text, verify
from snnc.ir.values import Random, Value
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes

UNIFORM = Random("uniform", {"low": 0.1, "high": 0.4})


def network(
    weights: dict[str, Value], synapse: str = "StaticSynapse", receptor: str = "excitatory"
) -> Document:
    """Return 150 cells driven by noise and, by name, projections among them."""
    builder = builder_of(["IF_curr_exp", "SpikeSourcePoisson", "StaticSynapse", synapse], seed=3)
    v = Random("uniform", {"low": -65.0, "high": -50.0})
    builder.population("cells", 150, "IF_curr_exp", initial={"v": v})
    builder.population("source", 150, "SpikeSourcePoisson", parameters={"rate": 300.0})
    connector = ("fixed_probability", {"p_connect": 0.2})
    for name, weight in weights.items():
        pre = "source" if name == "noise" else "cells"
        model = "StaticSynapse" if pre == "source" else synapse
        delay = Random("uniform", {"low": 0.3, "high": 2.0})
        builder.projection(name, pre, "cells", connector, model, receptor, weight, delay)
    builder.record("cells", ["spikes", "v"])
    return builder.finish()


def packed(document: Document, threads: int = 1) -> CompiledNetwork:
    compiled = snnc.compile(document, precision="packed", threads=threads)
    compiled.run(100.0)
    return compiled


def bits(compiled: CompiledNetwork) -> tuple[bytes, ...]:
    simulation = compiled.simulation
    times, cells = simulation.spikes("cells")
    return simulation.trace("cells", "v").values.tobytes(), times.tobytes(), cells.tobytes()


@pytest.mark.parametrize("weight", [0.25, UNIFORM], ids=["one weight", "a weight each"])
def test_threads_do_not_change_a_bit(weight: Value):
    document = network({"noise": weight, "recurrent": UNIFORM})
    alone = packed(document)
    assert alone.simulation.spike_counts("cells").sum() > 100
    for threads in (2, 3, 7):
        assert bits(packed(document, threads)) == bits(alone)


def test_weights_err_by_less_than_what_the_report_says():
    document = network({"noise": UNIFORM, "recurrent": UNIFORM})
    exact = snnc.compile(document).simulation.edge_values("recurrent", "weight")
    compiled = snnc.compile(document, precision="packed")
    rounded = compiled.simulation.edge_values("recurrent", "weight")
    report = compiled.report()
    assert 0.0 < report.weight_error <= 1.6e-5
    assert np.abs(rounded - exact).max() <= (report.weight_error + 1e-7) * exact.max()
    assert "precision packed: states of 32 bits" in str(report)
    assert "of the largest onto its receptor" in str(report)


def test_multiples_of_one_weight_are_exact():
    document = network({"noise": 0.125, "recurrent": 0.375, "more": 0.25})
    compiled = snnc.compile(document, precision="packed")
    compiled.simulation.build()
    assert compiled.report().weight_error == 0.0
    assert compiled.simulation.edge_values("recurrent", "weight").tolist()[0] == 0.375


def test_sums_are_those_of_floats_within_rounding():
    document = network({"noise": 0.125})
    integers, floats = packed(document), snnc.compile(document, precision="f32")
    floats.run(100.0)
    v, expected = (one.simulation.trace("cells", "v").values for one in (integers, floats))
    assert np.abs(v[:50] - expected[:50]).max() < 1e-3


def test_set_weights_are_packed_anew():
    compiled = snnc.compile(network({"noise": 0.25, "recurrent": UNIFORM}), precision="packed")
    simulation = compiled.simulation
    new = np.linspace(1.0, 9.0, simulation.edge_values("recurrent", "weight").size)
    simulation.set_edge_values("recurrent", "weight", new)
    assert np.allclose(simulation.edge_values("recurrent", "weight"), new, atol=9.0 * 2e-5)
    simulation.set_edge_values("recurrent", "delay", 0.5)
    assert np.allclose(simulation.edge_values("recurrent", "weight"), new, atol=9.0 * 4e-5)
    compiled.run(20.0)
    assert simulation.spike_counts("cells").sum() > 1000


def test_changing_weights_keep_the_sums_of_a_receptor_floats():
    stdp = "STDP_SpikePairRule_AdditiveWeightDependence"
    document = network({"noise": 0.25, "recurrent": 0.25}, synapse=stdp)
    alone = packed(document)
    assert "excitatory" not in alone.artifact.cells["IF_curr_exp"].packed
    assert "inhibitory" in alone.artifact.cells["IF_curr_exp"].packed
    assert bits(packed(document, threads=3)) == bits(alone)


def lowered(document: Document) -> Document:
    passes = parse_passes(pipeline_text("cpu", precision="packed"))
    run_passes(document, passes)
    return document


def test_storage_and_packed_receptors_are_printed_and_read_back():
    document = lowered(network({"noise": 0.25, "recurrent": UNIFORM}))
    text = print_text(document)
    assert "step.cell @IF_curr_exp erased f32" in text
    assert " packed excitatory, inhibitory {" in text
    assert 'storage = "int16"' in text
    assert 'storage = "scalar"' in text
    again = parse(text)
    assert print_text(again) == text


def test_packed_names_receptors_only():
    document = lowered(network({"noise": 0.25}))
    text = print_text(document).replace("packed excitatory", "packed exitatory")
    with pytest.raises(Exception, match="'exitatory' is not a receptor"):
        verify(parse(text))


def test_integers_need_floats_of_32_bits():
    text = pipeline_text("cpu", precision="packed").replace("precision=f32", "precision=f64")
    with pytest.raises(OptionError, match="floats of 32 bits"):
        snnc.compile(network({"noise": 0.25}), pipeline=text)


def test_every_cell_is_marked():
    document = lowered(network({"noise": 0.25}))
    cells = [op for op in document.module.body.block.ops if isinstance(op, step.CellOp)]
    assert all(cell.packed is not None for cell in cells)


@pytest.fixture
def shortened(monkeypatch: pytest.MonkeyPatch):
    """Have every bundle packed as soon as it is built, as large ones are."""
    monkeypatch.setattr("snnc.runtime.connectivity.packing._LARGE", 1)


@pytest.mark.usefixtures("shortened")
def test_weights_rounded_twice_err_by_less_than_what_the_report_says():
    document = network({"noise": Random("uniform", {"low": 1.0, "high": 2.0}), "more": UNIFORM})
    exact = snnc.compile(document).simulation.edge_values("more", "weight")
    compiled = snnc.compile(document, precision="packed")
    rounded = compiled.simulation.edge_values("more", "weight")
    error = compiled.report().weight_error
    assert 1.6e-5 < error < 3.2e-5
    assert np.abs(rounded - exact).max() <= (error + 1e-7) * 2.0
    alone = bits(packed(document))
    for threads in (2, 3, 7):
        assert bits(packed(document, threads)) == alone


@pytest.mark.usefixtures("shortened")
def test_multiples_of_one_weight_stay_exact():
    document = network({"noise": 0.1, "recurrent": 0.3})
    compiled = snnc.compile(document, precision="packed")
    weights = compiled.simulation.edge_values("recurrent", "weight")
    assert compiled.report().weight_error == 0.0
    assert weights == pytest.approx(0.3, rel=1e-6)


@pytest.mark.usefixtures("shortened")
def test_weights_set_after_rounding_keep_their_size():
    compiled = snnc.compile(network({"noise": 0.25, "recurrent": UNIFORM}), precision="packed")
    simulation = compiled.simulation
    new = np.linspace(1.0, 9.0, simulation.edge_values("recurrent", "weight").size)
    simulation.set_edge_values("recurrent", "weight", new)
    assert np.allclose(simulation.edge_values("recurrent", "weight"), new, atol=9.0 * 2e-5)


def test_targets_and_weights_of_16_bits_share_words():
    compiled = snnc.compile(network({"recurrent": UNIFORM}), precision="packed")
    compiled.simulation.build()
    synapses = compiled.simulation.edge_values("recurrent", "weight").size
    (bundle,) = compiled.simulation._wiring.bundles
    (part,) = bundle.parts
    rows = part.rows
    assert rows.nbytes - rows.delays.nbytes - rows.pointer.nbytes == 4 * synapses
    words = rows.target.astype(np.int64) | rows.weight.astype(np.int64) << 16
    assert np.array_equal(rows.target.base.view(np.int32), words)


def test_targets_beyond_16_bits_get_the_same_sums():
    """70,000 cells on one thread are past the reach of 16 bits, half as many are not."""
    size, edges = 70_000, 3000
    rng = np.random.default_rng(1)
    pairs = {name: rng.integers(0, n, edges) for name, n in (("pre", 20), ("post", size))}
    weight, delay = rng.uniform(-2.0, -1.0, edges), rng.integers(1, 9, edges) * 0.1
    builder = builder_of(["SpikeSourcePoisson", "IF_curr_exp", "StaticSynapse"])
    builder.population("source", 20, "SpikeSourcePoisson", parameters={"rate": 2000.0})
    builder.population("cells", size, "IF_curr_exp", initial={"v": -65.0})
    builder.projection(
        "in", "source", "cells", ("from_list", pairs), "StaticSynapse", "inhibitory", weight, delay
    )
    document = builder.finish()
    found, forms = [], []
    for threads in (1, 2):
        compiled = snnc.compile(document, precision="packed", threads=threads)
        compiled.run(3.0)
        compiled.simulation.set_edge_values("in", "weight", 0.5 * weight[::-1])
        compiled.run(3.0)
        weights = compiled.simulation.edge_values("in", "weight")
        found.append((compiled.simulation.state("cells", "v"), weights))
        forms += [str(plan.form) for plan in compiled.artifact.synapses.values()]
    assert forms == ["u32_int16", "u16_int16"]
    for alone, together in zip(*found, strict=True):
        assert np.array_equal(alone, together)
    v, weights = found[0]
    assert np.count_nonzero(v < -65.0) > 1000
    assert np.allclose(np.sort(weights), np.sort(0.5 * weight), atol=2e-5)
