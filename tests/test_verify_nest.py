"""`verify` against NEST: the balanced networks, and faults planted in its mapping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from single_cells import builder_of
from verify_networks import balanced, pairs_of

import snnc
from snnc.codegen import nest as target
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.native.network import NativeNetwork
from snnc.runtime.simulation import Simulation

pytest.importorskip("nest", reason="the simulator NEST is not installed")

SYSTEMS = [("cuba", False), ("cuba", True), ("coba", True)]


@pytest.mark.parametrize(("model", "open_loop"), SYSTEMS)
def test_nest_has_the_same_spikes(model: str, open_loop: bool):
    found = snnc.verify(balanced(model), "cpu,nest", ms=100.0, open_loop=open_loop)
    assert found.agrees, str(found)
    for pair in pairs_of(found).values():
        assert pair["spikes_a"] > 80
        assert pair["matched_1"] >= 0.99
        # Both solve the current-based cell exactly; the other one by order two and five.
        assert pair["v_rms_mV"] < (1e-9 if model == "cuba" else 5e-3)


def test_conductances_part_by_chaos_alone():
    found = snnc.verify(balanced("coba"), "cpu,nest", ms=100.0)
    assert found.agrees, str(found)
    first = min((p["first_difference"] for p in pairs_of(found).values()),
                key=lambda one: one["time_ms"])  # fmt: skip
    assert abs(first["v_minus_threshold_mV"]) < 0.02


def test_the_difference_falls_by_the_order_of_the_solver():
    errors = []
    for dt in (0.1, 0.05, 0.025):
        targets = f"cpu:dt={dt},nest:dt={dt}"
        found = snnc.verify(balanced("coba"), targets, ms=20.0, open_loop=True)
        pairs = list(pairs_of(found).values())
        errors.append([pair["v_rms_mV"] for pair in pairs])
    coarse, middle, fine = np.array(errors)
    orders = np.log2([coarse / middle, middle / fine])
    assert np.all((orders > 1.7) & (orders < 2.4)), orders


def test_what_nest_lacks_is_found_before_anything_runs(monkeypatch):
    builder = builder_of(["GIF_cond_exp"])
    builder.population("cells", 2, "GIF_cond_exp")
    monkeypatch.setattr(Simulation, "run", lambda *given, **named: pytest.fail("it runs"))
    with pytest.raises(UnsupportedError, match="GIF_cond_exp"):
        snnc.verify(builder.finish(), "cpu,nest", ms=5.0)


def swapped(cells, synapses):
    """Swap the receptors of every cell."""
    for name, cell in cells.items():
        receptors = dict(zip(cell.receptors, reversed(cell.receptors.values()), strict=True))
        cells[name] = replace(cell, receptors=receptors)
    return cells, synapses


def wrong_unit(cells, synapses):
    """Take nF for pF."""
    for name, cell in cells.items():
        text = cell.constants + (
            "\n_right = constants\n"
            "def constants(p, dt):\n"
            "    return {**_right(p, dt), 'C_m': 1e-3 * _right(p, dt)['C_m']}\n"
        )
        cells[name] = replace(cell, constants=text)
    return cells, synapses


@pytest.mark.parametrize(
    ("fault", "model"), [(swapped, "coba"), (wrong_unit, "cuba"), (wrong_unit, "coba")]
)
def test_faults_of_the_mapping_are_found(fault, model: str, monkeypatch):
    right = target.matched_models
    monkeypatch.setattr(target, "matched_models", lambda *given: fault(*right(*given)))
    check(snnc.verify(balanced(model), "cpu,nest", ms=20.0, open_loop=True))


@pytest.mark.parametrize("model", ["cuba", "coba"])
def test_a_delay_that_is_a_step_longer_is_found(model: str, monkeypatch):
    right = NativeNetwork.pairs

    def late(self, projection):
        for pairs in right(self, projection):
            wrong = projection == "inhibitory_to_excitatory"
            yield replace(pairs, delay=pairs.delay + 1) if wrong else pairs

    monkeypatch.setattr(NativeNetwork, "pairs", late)
    pairs = check(snnc.verify(balanced(model), "cpu,nest", ms=30.0, open_loop=True), one=True)
    assert pairs["inhibitory", "nest"]["agrees"]


def check(found, one: bool = False):
    """Check that a fault is reported with the population, the cell and the time."""
    pairs = pairs_of(found)
    for population in ("excitatory",) if one else ("excitatory", "inhibitory"):
        pair = pairs[population, "nest"]
        assert not pair["agrees"]
        first = pair["first_difference"]
        place = f"from cell {first['cell']} at {first['time_ms']:g} ms on"
        assert any(place in reason for reason in pair["reasons"]), pair["reasons"]
        assert f"{population}, cpu / nest" in str(found)
    return pairs
