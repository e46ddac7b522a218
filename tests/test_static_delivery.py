"""Delivery through synapses that keep their weight: every row that is due, in any number."""

from __future__ import annotations

import numpy as np
import pytest
from single_cells import builder_of

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.text import Document
from snnc.ir.values import Sequences, Value

CELLS = 3
DT = 0.1


def volley(sources: int, weights: Value, delays: np.ndarray) -> Document:
    """Return sources that fire together at 1 ms, each with a synapse or none onto some cells."""
    builder = builder_of(["SpikeSourceArray", "IF_curr_delta", "StaticSynapse"])
    times = Sequences.of([[1.0]] * sources)
    builder.population("sources", sources, "SpikeSourceArray", parameters={"spike_times": times})
    quiet = {"v_thresh": 1e9, "tau_m": 1e9, "v_rest": 0.0}
    builder.population("cells", CELLS, "IF_curr_delta", parameters=quiet, initial={"v": 0.0})
    pre = np.arange(0, sources, 2)
    pairs = {"pre": pre, "post": pre % CELLS}
    builder.projection(
        "in", "sources", "cells", ("from_list", pairs), "StaticSynapse", "excitatory", weights,
        delays[pre],
    )  # fmt: skip
    builder.record("cells", ["v"])
    return builder.finish()


def jumps(network: CompiledNetwork) -> np.ndarray:
    network.run(4.0)
    return np.diff(network.simulation.trace("cells", "v").values, axis=0)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("precision", ["f64", "f32", "packed"])
@pytest.mark.parametrize("sources", [1, 2, 3, 1023, 5000])
def test_a_volley_of_any_size_arrives(sources: int, precision: str, threads: int):
    rng = np.random.default_rng(sources)
    delays = rng.integers(1, 4, sources) * 5 * DT
    pre = np.arange(0, sources, 2)
    weights = rng.uniform(0.5, 1.0, pre.size)
    expected = np.zeros((40, CELLS))
    arrival = np.rint((1.0 + delays[pre]) / DT).astype(int) - 1
    np.add.at(expected, (arrival, pre % CELLS), weights)
    document = volley(sources, weights, delays)
    found = jumps(snnc.compile(document, precision=precision, threads=threads))
    # Weights are floats of 32 bits, or multiples of 2^-15 of the largest.
    error = 1e-4 if precision == "packed" else 1e-5
    np.testing.assert_allclose(found, expected, atol=error * max(1.0, expected.max()))
