"""`quantise-weights`: codes and scales of weights, and what they leave of them."""

from __future__ import annotations

import numpy as np
import pytest
from crossbar_networks import CELL, NOISE, STATIC, ops_of
from hypothesis import given, settings
from hypothesis import strategies as st

from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import analog
from snnc.ir.text import Document, verify
from snnc.passes.analog.quantise import codes
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import synapses_of


def network(weights: dict[str, np.ndarray], synapse: str = STATIC, cell: str = CELL) -> Document:
    """Return two sources per weight list, whose weights reach one cell."""
    builder = NetworkBuilder("net", dt=0.1, seed=3)
    cells, static = (builder.use_model(text, "model") for text in (cell, synapse))
    noise = builder.use_model(NOISE, "model")
    builder.population("A", 1, cells)
    for name, values in weights.items():
        builder.population(f"S{name}", values.size, noise)
        receptor = {"i": "inhibitory", "e": "excitatory", "b": "input"}[name[0]]
        builder.projection(
            name, f"S{name}", "A", connector=("all_to_all", {}), synapse=static,
            receptor=receptor, weight=values.reshape(-1, 1), delay=0.1,
        )  # fmt: skip
    return builder.finish()


def written(document: Document, chip: str, options: str = "") -> dict[str, tuple]:
    """Return line, code and the weight that is written of each projection."""
    passes = f"list-synapses,choose-chip{{chip={chip}}},quantise-weights{options}"
    run_passes(
        document, parse_passes(passes), after=lambda _, one: verify(one), connect=synapses_of
    )
    found = {}
    for op in ops_of(document, analog.CodesOp):
        table = op.columns(document.resources)
        scale = document.resources[op.scale.data.name]
        found[op.of] = (table["line"], table["code"], table["code"] * scale)
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([("brainscales2", 63), ("brainscales1", 15)]))
def test_weights_are_within_half_a_step_of_what_was_meant(seed, chip):
    rng = np.random.default_rng(seed)
    name, largest = chip
    weights = rng.uniform(0.1, 2.0, 50)
    _, code, made = written(network({"exc": weights}), name)["exc"]
    step = made[0] / code[0]
    assert np.all(np.abs(made - weights) <= 0.5 * step * (1 + 1e-9))
    assert step >= weights.max() / (4 * largest) * (1 - 1e-9)
    assert np.all(code <= 4 * largest)


def test_weights_that_are_alike_take_one_synapse_each_with_the_largest_code():
    line, code, made = written(network({"exc": np.full(9, 0.3)}), "brainscales2")["exc"]
    assert code.tolist() == [63] * 9 and line.tolist() == [0] * 9
    assert made == pytest.approx(0.3)


def test_where_weights_differ_much_the_large_take_several_synapses():
    weights = np.array([10.0, 0.2, 0.25, 0.31, 0.35, 0.4])
    _, few, one = written(network({"exc": weights}), "brainscales2", "{parallel=1}")["exc"]
    _, code, several = written(network({"exc": weights}), "brainscales2")["exc"]
    assert few.max() == 63 and code.max() > 63

    def error(made: np.ndarray) -> float:
        return float(np.sqrt(np.mean((made / weights - 1.0) ** 2)))

    assert error(several) < error(one)


def test_only_weights_of_nothing_become_nothing():
    assert codes(np.array([0.0, 1e-9, 0.4, 1.0]), 1.0).tolist() == [0, 1, 1, 1]


def test_inputs_of_a_cell_have_scales_of_their_own_and_projections_share_them():
    weights = {"exc": np.full(3, 0.1), "exc2": np.full(3, 0.2), "inh": np.full(3, -5.0)}
    made = written(network(weights), "brainscales2")
    assert [made[name][1][0] for name in weights] == [31, 63, 63]
    assert made["inh"][0].tolist() == [1, 1, 1]
    assert made["inh"][2] == pytest.approx(-5.0)
    rows = written(network(weights), "brainscales1")
    assert [rows[name][1][0] for name in weights] == [15, 15, 15]


ONE = (
    CELL.replace("  receptor inhibitory : mV\n", "")
    .replace("  on inhibitory(w) { h = h + w }\n", "")
    .replace("excitatory", "input")
)
THREE = CELL.replace("receptor inhibitory : mV", "receptor inhibitory : mV\n  receptor third : mV")
DEPRESSING = """syn.model @Depressing {
  param U : 1 = 0.5
  param tau_rec : ms = 100.0
  decay tau_syn
  state x : 1 = 1.0 per pre
  dx/dt = (1.0 - x) / tau_rec
  on pre { x = x - U * x  deliver weight * U * x }
}"""


def test_of_one_receptor_weights_below_zero_are_inhibitory():
    both = np.array([0.5, -0.5, 0.25])
    line, code, made = written(network({"both": both}, cell=ONE), "brainscales2")["both"]
    assert line.tolist() == [0, 1, 0]
    assert code.tolist() == [63, 63, 32]
    assert np.sign(made).tolist() == [1.0, -1.0, 1.0]


def test_what_circuits_lack_is_refused():
    third = THREE.replace("on inhibitory(w)", "on third(w) { h = h + w }\n  on inhibitory(w)")
    with pytest.raises(UnsupportedError, match=r"has receptors excitatory, inhibitory, third"):
        written(network({"exc": np.ones(2)}, cell=third), "brainscales2")
    decaying = CELL.replace("receptor excitatory : mV", "receptor excitatory : mV decay tau")
    with pytest.raises(UnsupportedError, match="'Depressing', which change"):
        written(network({"exc": np.ones(2)}, DEPRESSING, decaying), "brainscales2")
