"""The models that the package ``nestml`` brings, NEST's own models, and what the export writes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import snnc.pynn as sim
from snnc import model_library
from snnc.codegen.native.nestml import emit_cell
from snnc.compiler import compile
from snnc.ir.context import context
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import native
from snnc.ir.text import parse, print_text
from snnc.passes.native.match_native import MatchNativePass

pytest.importorskip("pynestml", reason="nestml reads NESTML files and brings its models")

from snnc.nestml.network import model_text, read_network

MODELS = Path(sys.modules["pynestml"].__file__ or "").parents[4] / "models"
REFUSED = {
    "ignore_and_fire_neuron": "the value of 'firing_period_steps' is not known before a run",
    "neuromodulated_stdp_synapse": "a third factor, 'mod_spikes'",
    "stdsp_synapse": "a continuous input, 'dAP_trace'",
}
"""The models that have no form in the IR, and why."""

EXPORTED = [
    "AdExp", "EIF_cond_alpha_isfa_ista", "IF_cond_exp", "IF_cond_exp_gsfa_grr", "IF_curr_alpha",
    "IF_curr_delta", "Izhikevich",
]  # fmt: skip


def model_file(name):
    path = next(MODELS.glob(f"*/{name}.nestml"), None)
    if path is None:
        pytest.skip(f"the installed package nestml brings no model '{name}'")
    return path


def native_of(text):
    """Return NEST's model that is the one cell in `text`, with the text of its parameters."""
    document = parse(text)
    MatchNativePass("nest").apply(context(), document.module)
    return next(op for op in document.module.body.block.ops if isinstance(op, native.MatchOp))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_models_without_a_form_are_refused_by_construct(name):
    with pytest.raises(UnsupportedError, match=REFUSED[name]) as error:
        read_network(model_file(name))
    assert error.value.location.line > 1


@pytest.mark.parametrize("name", ["mat2_psc_exp_neuron", "stdp_triplet_synapse", "tsodyks_synapse"])
def test_models_run(name):
    document = read_network(model_file(name))
    assert print_text(parse(print_text(document))) == print_text(document)
    net = compile(document)
    net.run(10.0)
    signals = net.data.segments[0].analogsignals
    assert signals
    for signal in signals:
        assert np.isfinite(np.asarray(signal)).all()


NATIVE = [
    "aeif_cond_alpha", "aeif_cond_exp", "hh_psc_alpha", "iaf_cond_alpha", "iaf_cond_exp",
    "iaf_psc_alpha", "iaf_psc_delta", "iaf_psc_exp", "izhikevich",
]  # fmt: skip


@pytest.mark.parametrize("name", NATIVE)
def test_a_model_is_recognised_as_nests_own(name):
    assert native_of(model_text(model_file(f"{name}_neuron"))).native.data == name


@pytest.mark.parametrize(("name", "solver"), [("hh_psc_alpha", "auto"), ("izhikevich", "euler")])
def test_a_recognised_model_runs_as_nests_own(name, solver):
    """The values of its parameters, states and receptors arrive in NEST.

    A peak of the potential may be found one step apart, since NEST solves it otherwise.
    """
    pytest.importorskip("nest", reason="NEST runs it")
    sim.setup(timestep=0.1, min_delay=1.0)
    cells = sim.Population(2, sim.nestml_cell_type(model_file(f"{name}_neuron"))())
    sim.DCSource(amplitude=0.65 if name == "hh_psc_alpha" else 0.012).inject_into(cells)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[20.0, 21.0]))
    for receptor in cells.celltype.receptor_types:
        weight = 2.0 if name == "izhikevich" else 0.5
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record("spikes")
    nets = [compile(sim, "cpu", solver=solver), compile(sim, "nest")]
    assert f'as "{name}"' in nets[1].ir("match-native")
    for net in nets:
        net.run(100.0)
    ours, theirs = (net.simulation.spikes(cells.label)[0] for net in nets)
    assert ours.size >= 4
    apart = 0.0 if solver == "euler" else 0.1
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=apart + 1e-9)


@pytest.mark.parametrize("name", EXPORTED)
def test_an_export_imports_as_the_same_model(name, tmp_path):
    """Both are the same model of NEST, which is so for equal equations alone."""
    text = model_library.text(name)
    path = tmp_path / f"{name}.nestml"
    path.write_text(emit_cell(parse(text).module.body.block.first_op))
    assert native_of(model_text(path)).native.data == native_of(text).native.data


TRACES = {
    "iaf_cond_exp": (400.0, {}, 0.1, "auto", 0.02),
    "aeif_cond_exp": (800.0, {"refr_T": 0.0}, 0.02, "auto", 0.1),
    "izhikevich": (10.0, {}, 0.1, "euler", 0.0),
    "hh_psc_alpha": (600.0, {}, 0.1, "auto", 0.02),
}
"""Current in pA, parameters that NEST's model has otherwise, time step, solver, tolerance in mV."""


@pytest.mark.parametrize("name", sorted(TRACES))
def test_voltage_is_that_of_nests_own_model(name):
    """Spikes within 0.05 ms + 0.1 %, and the potential away from them.

    NEST's aeif_cond_exp resets within a step; ours does at its end, so the steps are smaller.
    """
    nest = pytest.importorskip("nest", reason="NEST is the reference")
    amplitude, parameters, dt, solver, tolerance = TRACES[name]
    nest.ResetKernel()
    nest.set(resolution=dt)
    cell = nest.Create(name)
    source = nest.Create(
        "dc_generator", params={"amplitude": amplitude, "start": 10.0, "stop": 100.0}
    )
    meter = nest.Create("multimeter", params={"interval": dt, "record_from": ["V_m"]})
    spikes = nest.Create("spike_recorder")
    nest.Connect(source, cell, syn_spec={"delay": 1.0})
    nest.Connect(meter, cell)
    nest.Connect(cell, spikes)
    nest.Simulate(100.0)
    expected = np.asarray(meter.events["V_m"])
    fired = np.asarray(spikes.events["times"])

    sim.setup(timestep=dt, min_delay=dt, solver=solver)
    ours = sim.Population(1, sim.nestml_cell_type(model_file(f"{name}_neuron"))(**parameters))
    # NEST's device acts after its delay of 1 ms.
    sim.DCSource(amplitude=amplitude / 1e3, start=11.0, stop=101.0).inject_into(ours)
    ours.record(["spikes", "V_m"])
    sim.run(100.0)
    segment = ours.get_data().segments[0]
    found = np.asarray(segment.spiketrains[0])
    assert found.size == fired.size > 0
    assert (np.abs(found - fired) <= 0.05 + 1e-3 * fired + 1e-9).all()
    v = np.asarray(segment.filter(name="V_m")[0])[1 : expected.size + 1, 0]
    times = dt * np.arange(1, expected.size + 1)
    away = np.all(np.abs(times[:, None] - np.concatenate([found, fired])) > 1.0, axis=1)
    error = np.sqrt(np.mean((v - expected)[away] ** 2))
    assert error <= max(tolerance, 1e-6)
