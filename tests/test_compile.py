"""From the network to what runs: saving, stages, compiled kernels, models on the path."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import snnc
from snnc import model_library
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, OptionError, ResourceLimitError, UserError
from snnc.ir.text import load, parse, print_text, save, verify
from snnc.ir.values import DistanceExpression, Random
from snnc.passes.pipelines import parse_passes, run_passes

DRIVE = {"i_offset": 1.8, "tau_m": 10.0}


def small_network(projections: int = 2, weight=0.05):
    """Return a recurrent network with every kind of value: numbers, arrays, distributions."""
    net = NetworkBuilder("small", dt=0.1, seed=5)
    for model in ("IF_curr_exp", "StaticSynapse", "TsodyksMarkramSynapse"):
        net.use_model(model_library.text(model), model)
    tau = np.linspace(8.0, 12.0, 50)
    net.population(
        "A",
        50,
        "IF_curr_exp",
        parameters={**DRIVE, "tau_m": tau},
        initial={"v": Random("uniform", {"low": -65.0, "high": -50.0})},
    )
    net.population("B", 30, "IF_curr_exp", parameters=DRIVE)
    rule = ("fixed_probability", {"p_connect": 0.2})
    for number in range(projections):
        pre, post = ("A", "B") if number % 2 else ("B", "A")
        net.projection(
            f"p{number}",
            pre,
            post,
            rule,
            "StaticSynapse",
            "excitatory",
            weight,
            DistanceExpression("0.5 + 0.01*d"),
        )
    net.projection("tm", "A", "B", rule, "TsodyksMarkramSynapse", "excitatory", 0.1, 1.0)
    net.record("A", ["spikes", "v"])
    net.record("B", ["spikes"])
    return net.finish()


def outcome(compiled) -> dict:
    """Return spikes and the bits of v, in a form that JSON keeps exactly."""
    simulation = compiled.simulation
    v = simulation.trace("A", "v").values
    spikes = {p: [x.tolist() for x in simulation.spikes(p)] for p in "AB"}
    return {"spikes": spikes, "v": [x.hex() for x in v.ravel().tolist()]}


REPLAY = """
import json, sys, snnc
sys.path.insert(0, {tests!r})
from test_compile import outcome
compiled = snnc.compile({path!r})
compiled.run(100.0)
print(json.dumps(outcome(compiled)))
"""


def test_a_saved_network_replays_bit_by_bit_in_a_fresh_process(tmp_path):
    compiled = snnc.compile(small_network())
    compiled.run(100.0)
    expected = outcome(compiled)
    assert sum(len(times) for times, _ in expected["spikes"].values()) > 100
    path = tmp_path / "small.mlir"
    compiled.save(str(path))
    code = REPLAY.format(tests=str(Path(__file__).parent), path=str(path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(json.dumps(expected))


def test_every_stage_can_be_printed_and_taken_up_again():
    compiled = snnc.compile(small_network())
    passes = parse_passes(compiled.pipeline)
    final = compiled.ir("lowered")
    for number, one in enumerate(passes):
        text = compiled.ir(one.name)
        again = parse(text, "stage.mlir")
        again.resources.update(compiled.source.resources)
        verify(again)
        assert print_text(again) == text
        run_passes(again, passes[number + 1 :])
        assert print_text(again) == final
    assert "def entry(desc, rows, step)" in compiled.ir("kernel")
    with pytest.raises(OptionError, match="unknown stage 'solv'; did you mean 'solve'"):
        compiled.ir("solv")


def test_printing_stages_leaves_the_network_as_built():
    compiled = snnc.compile(small_network())
    before = compiled.ir("snn")
    compiled.ir("lowered")
    assert compiled.ir("snn") == before
    assert "dyn.cell @IF_curr_exp" in before


def kernels_of(compiled) -> set[str]:
    compiled.run(1.0)
    return {kernel.path.name for kernel in compiled.report().kernels}


def test_the_number_of_kernels_does_not_grow_with_projections():
    assert kernels_of(snnc.compile(small_network(2))) == kernels_of(
        snnc.compile(small_network(200, weight=0.001))
    )


def test_new_values_compile_nothing():
    from snnc.runtime.jit.cache import shared_kernels

    compiled = snnc.compile(small_network())
    compiled.run(5.0)
    kernels = shared_kernels()
    before = (kernels.compiled, kernels.loaded)
    simulation = compiled.simulation
    simulation.set_parameter("B", "tau_m", 15.0)
    simulation.set_parameter("A", "i_offset", 0.5)
    simulation.set_parameter("A", "tau_m", np.linspace(5.0, 9.0, 50))
    simulation.set_edge_values("p0", "weight", 0.07)
    simulation.set_edge_values("tm", "weight", 0.2)
    compiled.run(5.0)
    assert (kernels.compiled, kernels.loaded) == before
    assert np.all(simulation.edge_values("p0", "weight") == pytest.approx(0.07, rel=1e-7))


BETA = """dyn.cell @IF_cond_beta "Leaky integrate-and-fire, beta-function conductance." {
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param tau_refrac : ms = 2.0
  param v_rest : mV = -65.0
  param v_thresh : mV = -50.0
  param v_reset : mV = -65.0
  param e_rev : mV = 0.0
  param tau_rise : ms = 1.0
  param tau_decay : ms = 5.0
  state v : mV = -65.0
  state g : uS = 0.0
  state s : uS/ms = 0.0 hidden
  receptor excitatory : uS decay tau_decay
  current injected : nA
  dg/dt = s - g / tau_decay
  ds/dt = -s / tau_rise
  on excitatory(w) { s = s + w / tau_rise }
  regime integrating {
    dv/dt = (v_rest - v) / tau_m + (g * (e_rev - v) + injected) / cm
    when v >= v_thresh { v = v_reset  emit  goto refractory }
  }
  regime refractory { after tau_refrac { goto integrating } }
}
"""

BETA_SCRIPT = """
import numpy as np, snnc.pynn as sim
sim.setup(timestep=0.1)
cells = sim.Population(2, sim.IF_cond_beta(tau_decay=[4.0, 8.0]))
source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.02, delay=1.0))
cells.record(["v", "g"])
sim.run(20.0)
g = cells.get_data().segments[0].filter(name="g")[0]
t = np.arange(len(g)) * 0.1 - 2.0
for column, tau in enumerate([4.0, 8.0]):
    shape = np.exp(-t / tau) - np.exp(-t / 1.0)
    expected = np.where(t > 0, 0.02 * shape * tau / (tau - 1.0) / 1.0, 0.0)
    assert np.allclose(g.magnitude[:, column], expected, atol=1e-12), (g[20:25], expected[20:25])
print(cells.celltype.receptor_types, cells.celltype.units["g"], "IF_cond_beta" in dir(sim))
"""


def test_a_new_cell_model_is_one_file_on_the_model_path(tmp_path):
    (tmp_path / "IF_cond_beta.mlir").write_text(BETA)
    done = subprocess.run(
        [sys.executable, "-c", BETA_SCRIPT],
        capture_output=True,
        text=True,
        env={**os.environ, "SNNC_MODEL_PATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "['excitatory'] uS True"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "cpux"}, "unknown target 'cpux'; did you mean 'cpu'"),
        ({"threads": 0}, "wrong threads; found 0, expected a positive number or 'auto'"),
        ({"threads": "many"}, "wrong threads"),
        ({"precision": "f16"}, "unknown precision 'f16'"),
        ({"solver": "rk5"}, "unknown solver 'rk5'"),
        ({"pipeline": "solve,nonsense"}, "unknown pass 'nonsense'"),
        ({"pipeline": "solve"}, "has not been lowered|has not been cut"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_built(options, message):
    with pytest.raises(OptionError, match=message):
        snnc.compile(small_network(), **options)


def test_what_cannot_be_compiled_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot compile int"):
        snnc.compile(3)
    with pytest.raises(UserError, match="no such file"):
        snnc.compile(tmp_path / "missing.mlir")
    bad = tmp_path / "bad.mlir"
    bad.write_text("dyn.cell @X {\n  param a : mVV = 1.0\n}\n")
    with pytest.raises(ModelError, match=r"bad.mlir:2:13: error: unknown unit 'mVV'"):
        snnc.compile(bad)


def test_a_network_that_does_not_fit_is_refused_with_the_estimate():
    net = NetworkBuilder("huge", dt=0.1)
    for model in ("IF_curr_exp", "StaticSynapse"):
        net.use_model(model_library.text(model), model)
    net.population("P", 2_000_000, "IF_curr_exp")
    net.projection("all", "P", "P", ("all_to_all", {}), "StaticSynapse", "excitatory", 0.1, 1.0)
    with pytest.raises(ResourceLimitError, match=r"found an estimate of \d+\.\d GiB"):
        snnc.compile(net.finish())


def test_the_saved_file_is_the_document(tmp_path):
    document = small_network()
    save(document, tmp_path / "net.mlir")
    assert print_text(load(tmp_path / "net.mlir")) == print_text(document)


def test_data_is_a_neo_block_with_spikes_and_signals():
    compiled = snnc.compile(small_network())
    compiled.run(50.0)
    (segment,) = compiled.data.segments
    times, senders = compiled.simulation.spikes("A")
    trains = [t for t in segment.spiketrains if t.annotations["source_population"] == "A"]
    assert [len(t) for t in trains] == np.bincount(senders, minlength=50).tolist()
    assert float(trains[0].t_stop) == 50.0
    assert times.size
    (signal,) = segment.analogsignals
    assert signal.name == "v"
    assert signal.shape == (501, 50)
    assert str(signal.units) == "1.0 mV"


def test_precision_and_threads_show_in_the_settings():
    compiled = snnc.compile(small_network(), threads=2, precision="f32")
    settings = compiled.settings()
    assert (settings["threads"], settings["precision"]) == (2, "f32")
    assert "exact" in settings["solvers"]["IF_curr_exp"]
    assert "80 cells" in repr(compiled)


def test_a_potential_that_is_not_a_number_is_warned_of():
    net = NetworkBuilder("unstable", dt=0.1)
    net.use_model(model_library.text("HH_cond_exp"), "HH_cond_exp")
    net.population("cell", 1, "HH_cond_exp", parameters={"i_offset": 1.0})
    compiled = snnc.compile(net.finish(), solver="rk4")
    with pytest.warns(RuntimeWarning, match="'v' of 'cell' is not a number at 100 ms"):
        compiled.run(100.0)
