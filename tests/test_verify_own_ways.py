"""`verify` where a simulator says that it solves or draws in its own way."""

from __future__ import annotations

import pytest
from single_cells import builder_of
from verify_networks import edited, pairs_of

import snnc
from snnc.ir.text import Document
from snnc.verifying.variants import Variant

pytest.importorskip("nest", reason="not installed: pip install 'snnc[nest]'")


def driven(model: str, weight: float, synapse: str = "StaticSynapse", **values: float) -> Document:
    """Return cells with Poisson input, uncoupled."""
    builder = builder_of([model, "SpikeSourcePoisson", synapse])
    builder.population("noise", 50, "SpikeSourcePoisson", parameters={"rate": 100.0})
    parameters = {name.replace("_of_", "."): value for name, value in values.items()}
    builder.population("cells", 60, model, parameters=parameters)
    builder.projection(
        "drive", "noise", "cells", ("fixed_probability", {"p_connect": 0.2}), synapse,
        "excitatory", weight, 1.0, parameters={"p": 0.5} if "Stochastic" in synapse else {},
    )  # fmt: skip
    return builder.finish()


def izhikevich() -> Document:
    return driven("Izhikevich", 1.0, i_offset=0.004)


def test_a_solver_of_order_one_is_named_where_cpu_does_the_same_with_it():
    found = snnc.verify(izhikevich(), "cpu,nest", ms=100.0)
    pair = pairs_of(found)["cells", "nest"]
    assert pair["matched_1"] < 0.9 and pair["agrees"] and not pair["reasons"]
    assert pair["convention"] == "solver"
    assert "nest solves Izhikevich by euler (order 1)" in pair["explanation"]
    assert "cpu:solver=Izhikevich=euler does the same" in str(found)
    told = snnc.verify(izhikevich(), "cpu:solver=euler,nest", ms=100.0)
    told_pair = next(iter(pairs_of(told).values()))
    assert told_pair["convention"] is None and told_pair["matched_0"] == 1.0


@pytest.mark.parametrize("target", ["cpu", "nest"])
def test_a_solver_excuses_no_fault(target: str):
    faulty = Variant("faulty", target, change=edited("cells", "0.004", "0.0044"))
    other = Variant("right", "nest" if target == "cpu" else "cpu")
    found = snnc.verify(izhikevich(), [other, faulty], ms=100.0)
    pair = pairs_of(found)["cells", "faulty"]
    assert not pair["agrees"] and pair["convention"] is None
    assert f"from cell {pair['first_difference']['cell']} at" in " ".join(pair["reasons"])


FILTERS = {
    "tau_eta_of_1": 5.0, "a_eta_of_1": 0.1, "a_eta_of_2": 0.05, "a_eta_of_3": 0.02,
    "a_gamma_of_1": 2.0, "a_gamma_of_2": 1.0, "a_gamma_of_3": 0.5,
}  # fmt: skip


def escaping() -> Document:
    return driven("GIF_cond_exp", 0.002, i_offset=0.6, delta_v=1.0, lambda0=20.0, **FILTERS)


def test_escape_noise_is_compared_by_statistics():
    found = snnc.verify(escaping(), "cpu,nest", ms=400.0)
    pair = pairs_of(found)["cells", "nest"]
    assert pair["matched_1"] < 0.5 and pair["spikes_a"] > 300
    assert pair["agrees"] and pair["convention"] == "random numbers"
    assert "nest draws random numbers of its own" in str(found)
    # Until the first spikes nothing is random.
    assert pair["v_rms_mV"] < 1e-3


def test_random_numbers_excuse_no_fault():
    faulty = Variant("faulty", "nest", change=edited("cells", "lambda0 = 20.0", "lambda0 = 2.0"))
    found = snnc.verify(escaping(), [Variant("cpu", "cpu"), faulty], ms=400.0)
    pair = pairs_of(found)["cells", "faulty"]
    assert not pair["agrees"]
    assert any("rate" in reason and "seeds give" in reason for reason in pair["reasons"])


def test_synapses_that_fail_at_random_are_compared_by_statistics():
    net = driven("IF_cond_exp", 0.006, "SimpleStochasticSynapse", v_thresh=-60.0)
    pair = pairs_of(snnc.verify(net, "cpu,nest", ms=300.0))["cells", "nest"]
    assert pair["spikes_a"] > 100 and pair["matched_1"] < 0.9
    assert pair["agrees"] and pair["convention"] == "random numbers"
