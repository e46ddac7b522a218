"""`list-synapses`: the network stays the one that its rules describe."""

from __future__ import annotations

import numpy as np
import pytest

import snnc
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import OptionError
from snnc.ir.text import Document, verify
from snnc.ir.values import Random
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import copy_of, synapses_of

CELL = """dyn.cell @Leaky {
  param tau : ms = 10.0
  state v : mV = 0.0
  receptor excitatory : mV
  dv/dt = (2.0 [mV] - v) / tau
  on excitatory(w) { v = v + w }
  when v >= 1.0 [mV] { v = 0.0 [mV] emit }
}"""
STATIC = "syn.model @Static { on pre { deliver weight } }"


def network() -> Document:
    builder = NetworkBuilder("net", dt=0.1, seed=3)
    builder.use_model(CELL, "cell")
    builder.use_model(STATIC, "static")
    builder.population("A", 30, "Leaky")
    builder.projection(
        "AA", "A", "A", connector=("fixed_probability", {"p_connect": 0.2}), synapse="Static",
        receptor="excitatory", weight=Random("uniform", {"low": 0.0, "high": 0.1}), delay=0.3,
    )  # fmt: skip
    builder.record("A", ["spikes"], 0.1)
    return builder.finish()


def test_a_listed_network_behaves_as_the_one_with_rules():
    source = network()
    listed = copy_of(source)
    run_passes(listed, parse_passes("list-synapses"), connect=synapses_of)
    verify(listed)
    (projection,) = (op for op in listed.network.symbols().values() if op.name == "snn.projection")
    assert projection.connector.connector.data == "from_list"
    runs = [snnc.compile(document) for document in (source, listed)]
    for run in runs:
        run.run(50.0)
    ours, theirs = (run.simulation.edges("AA") for run in runs)
    assert np.array_equal(ours.pre, theirs.pre) and np.array_equal(ours.post, theirs.post)
    weights = [run.simulation.edge_values("AA", "weight") for run in runs]
    assert weights[0].size > 100 and np.array_equal(*weights)
    spikes = [run.simulation.spikes("A") for run in runs]
    assert spikes[0][0].size > 0
    assert all(np.array_equal(a, b) for a, b in zip(*spikes, strict=True))


def test_without_a_maker_of_synapses_the_pass_is_refused():
    with pytest.raises(OptionError, match="nothing here makes the synapses"):
        run_passes(network(), parse_passes("list-synapses"))
