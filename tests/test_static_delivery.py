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


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("precision", ["f64", "packed"])
@pytest.mark.parametrize("steps_of_delay", [[1, 2, 3, 4], [2], [1, 2, 9, 10, 40], [25, 60]])
def test_spikes_stay_under_way_until_their_last_delay(steps_of_delay, precision: str, threads: int):
    """Thousands of spikes, after the first run and later ones, of delays with gaps or without."""
    sources, steps = 30, 600
    rng = np.random.default_rng(len(steps_of_delay))
    fires = rng.random((sources, steps)) < 0.3
    builder = builder_of(["SpikeSourceArray", "IF_curr_delta", "StaticSynapse"])
    times = Sequences.of([DT * (1 + np.flatnonzero(one)) for one in fires])
    builder.population("sources", sources, "SpikeSourceArray", parameters={"spike_times": times})
    quiet = {"v_thresh": 1e9, "tau_m": 1e9, "v_rest": 0.0}
    builder.population("cells", CELLS, "IF_curr_delta", parameters=quiet, initial={"v": 0.0})
    pre = np.repeat(np.arange(sources), 4)
    post, weights = rng.integers(0, CELLS, pre.size), rng.uniform(0.5, 1.0, pre.size)
    delays = rng.choice(steps_of_delay, pre.size)
    builder.projection(
        "in", "sources", "cells", ("from_list", {"pre": pre, "post": post}), "StaticSynapse",
        "excitatory", weights, delays * DT,
    )  # fmt: skip
    builder.record("cells", ["v"])
    network = snnc.compile(builder.finish(), precision=precision, threads=threads)
    for duration in (0.1, 20.0, 3.9, 36.0):
        network.run(duration)
    found = np.diff(network.simulation.trace("cells", "v").values, axis=0)
    expected = np.zeros((steps, CELLS))
    for i, j, weight, delay in zip(pre, post, weights, delays, strict=True):
        expected[delay:, j] += weight * fires[i, : steps - delay]
    # Weights are floats of 32 bits, or multiples of 2^-15 of the largest; v has grown to 1e4.
    np.testing.assert_allclose(found, expected, atol=1e-2 if precision == "packed" else 1e-4)
