"""`verify` against other simulators: the balanced networks, and faults planted in mappings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from single_cells import builder_of
from verify_networks import balanced, pairs_of

import snnc
from snnc.codegen.native.brian2_equations import Brian2Cell
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.native.network import NativeNetwork
from snnc.runtime.native.simulation import NativeSimulation
from snnc.runtime.simulation import Simulation

SYSTEMS = [("cuba", False), ("cuba", True), ("coba", True)]


V_RMS = {
    # Both solve the current-based cell exactly; the other one by order two and five.
    "nest": {"cuba": 1e-9, "coba": 5e-3},
    # The same solvers, which sum and contract in another order.
    "neuron": {"cuba": 1e-9, "coba": 1e-9},
}


@pytest.fixture(params=["nest", "neuron"])
def other(request):
    """Return a simulator that is installed."""
    pytest.importorskip(request.param, reason=f"the simulator {request.param} is not installed")
    return request.param


@pytest.fixture(params=["nest", "neuron", "brian2"])
def faulty(request):
    """Return a simulator that is installed, to plant faults in its mapping."""
    pytest.importorskip(request.param, reason=f"the simulator {request.param} is not installed")
    return request.param


@pytest.mark.parametrize(("model", "open_loop"), SYSTEMS)
def test_simulators_have_the_same_spikes(other: str, model: str, open_loop: bool):
    found = snnc.verify(balanced(model), f"cpu,{other}", ms=100.0, open_loop=open_loop)
    assert found.agrees, str(found)
    for pair in pairs_of(found).values():
        assert pair["spikes_a"] > 80
        assert pair["matched_1"] >= 0.99
        assert pair["v_rms_mV"] < V_RMS[other][model]


def test_conductances_part_by_chaos_alone():
    pytest.importorskip("nest", reason="the simulator NEST is not installed")
    found = snnc.verify(balanced("coba"), "cpu,nest", ms=100.0)
    assert found.agrees, str(found)
    first = min((p["first_difference"] for p in pairs_of(found).values()),
                key=lambda one: one["time_ms"])  # fmt: skip
    assert abs(first["v_minus_threshold_mV"]) < 0.02


def test_the_difference_falls_by_the_order_of_the_solver():
    pytest.importorskip("nest", reason="the simulator NEST is not installed")
    errors = []
    for dt in (0.1, 0.05, 0.025):
        targets = f"cpu:dt={dt},nest:dt={dt}"
        found = snnc.verify(balanced("coba"), targets, ms=20.0, open_loop=True)
        pairs = list(pairs_of(found).values())
        errors.append([pair["v_rms_mV"] for pair in pairs])
    coarse, middle, fine = np.array(errors)
    orders = np.log2([coarse / middle, middle / fine])
    assert np.all((orders > 1.7) & (orders < 2.4)), orders


def test_what_a_simulator_lacks_is_found_before_anything_runs(other: str, monkeypatch):
    builder = builder_of(["IF_curr_exp", "StochasticTsodyksMarkramSynapse"])
    builder.population("cells", 2, "IF_curr_exp")
    builder.projection(
        "synapses", "cells", "cells", ("all_to_all", {}), "StochasticTsodyksMarkramSynapse",
        "excitatory", 1.0, 1.0,
    )  # fmt: skip
    monkeypatch.setattr(Simulation, "run", lambda *given, **named: pytest.fail("it runs"))
    with pytest.raises(UnsupportedError, match="StochasticTsodyksMarkramSynapse"):
        snnc.verify(builder.finish(), f"cpu,{other}", ms=5.0)


def swapped(cell, parameter: str):
    """Swap the receptors of a cell."""
    # Brian2 selects a receptor by what a spike does, the others by a port.
    what = "on_pre" if isinstance(cell, Brian2Cell) else "receptors"
    right = getattr(cell, what)
    return replace(cell, **{what: dict(zip(right, reversed(right.values()), strict=True))})


def wrong_unit(cell, parameter: str):
    """Take a unit for one that is a thousand times as large."""
    text = cell.constants + (
        "\n_right = constants\n"
        "def constants(p, dt):\n"
        f"    return {{**_right(p, dt), '{parameter}': 1e-3 * _right(p, dt)['{parameter}']}}\n"
    )
    return replace(cell, constants=text)


PARAMETERS = {"nest": "C_m", "neuron": "v_thresh", "brian2": "own_cm"}


@pytest.mark.parametrize(
    ("fault", "model"), [(swapped, "coba"), (wrong_unit, "cuba"), (wrong_unit, "coba")]
)
def test_faults_of_the_mapping_are_found(faulty: str, fault, model: str, monkeypatch):
    right = NativeSimulation.__init__

    def wrong(self, artifact):
        cells = {name: fault(cell, PARAMETERS[faulty]) for name, cell in artifact.cells.items()}
        right(self, replace(artifact, cells=cells))

    monkeypatch.setattr(NativeSimulation, "__init__", wrong)
    check(snnc.verify(balanced(model), f"cpu,{faulty}", ms=20.0, open_loop=True), faulty)


@pytest.mark.parametrize("model", ["cuba", "coba"])
def test_a_delay_that_is_a_step_longer_is_found(faulty: str, model: str, monkeypatch):
    right = NativeNetwork.pairs

    def late(self, projection):
        for pairs in right(self, projection):
            wrong = projection == "inhibitory_to_excitatory"
            yield replace(pairs, delay=pairs.delay + 1) if wrong else pairs

    monkeypatch.setattr(NativeNetwork, "pairs", late)
    found = snnc.verify(balanced(model), f"cpu,{faulty}", ms=30.0, open_loop=True)
    pairs = check(found, faulty, one=True)
    assert pairs["inhibitory", faulty]["agrees"]


def check(found, other: str, one: bool = False):
    """Check that a fault is reported with the population, the cell and the time."""
    pairs = pairs_of(found)
    for population in ("excitatory",) if one else ("excitatory", "inhibitory"):
        pair = pairs[population, other]
        assert not pair["agrees"]
        first = pair["first_difference"]
        place = f"from cell {first['cell']} at {first['time_ms']:g} ms on"
        assert any(place in reason for reason in pair["reasons"]), pair["reasons"]
        assert f"{population}, cpu / {other}" in str(found)
    return pairs
