"""Emulated analog chips: exact codes without deviations, the documented spread with them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from analog_networks import lowered, network, random_edges
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, StringAttr, SymbolRefAttr, f64

import snnc
from snnc import model_library
from snnc.hardware.circuits import Scaling, circuits_of
from snnc.hardware.descriptions import describe
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import analog, native, snn
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.text import Document, print_text, verify
from snnc.passes.analog.deviations import Deviations
from snnc.passes.pipelines import pipeline_text

CHIPS = ("brainscales1", "brainscales2")
EXACT = "emulate-analog{deviations=false}"


def recorded(document: Document, ms: float, target: str = "cpu", **options) -> dict:
    compiled = snnc.compile(document, target, **options)
    compiled.run(ms)
    return {p.name: compiled.simulation.spikes(p.name) for p in compiled.artifact.populations}


def exact(chip: str) -> str:
    return pipeline_text(f"{chip}-emulation").replace("emulate-analog", EXACT)


def cells_of(chip: str, size: int, model: str, seed: int = 5, **parameters) -> Document:
    builder = NetworkBuilder("net", dt=0.1, seed=seed)
    builder.use_model(model_library.text(model), model)
    builder.population("P", size, model, parameters=parameters)
    builder.record("P", ["spikes", "v"], 0.1)
    return builder.finish()


def decoded(document: Document, chip: str) -> dict[str, float]:
    mapped = lowered(document, f"choose-chip{{chip={chip}}},match-analog")
    (op,) = [one for one in mapped.module.walk() if isinstance(one, CellsOp)]
    circuits = circuits_of(describe(chip))
    scale = Scaling(op.stretch, op.shift, circuits.speedup, op.capacity.value.data)
    return {
        name: float(
            scale.to_model(
                circuits.parameter(name).kind, circuits.parameter(name).value(code.value.data)
            )
        )
        for name, code in op.codes.data.items()
    }


def interval(v_leak, v_reset, v_threshold, tau_mem, tau_refrac) -> float:
    """The interval of a leaky cell whose resting potential is above its threshold."""
    return tau_refrac + tau_mem * math.log((v_leak - v_reset) / (v_leak - v_threshold))


@pytest.mark.parametrize("chip", CHIPS)
def test_without_deviations_a_cell_is_that_of_its_codes(chip):
    given = {"tau_m": 15.0, "tau_refrac": 2.0, "v_rest": -45.0, "v_reset": -65.0}
    codes = decoded(cells_of(chip, 1, "IF_cond_exp", **given), chip)
    names = ("v_leak", "v_reset", "v_threshold", "tau_mem", "tau_refrac")
    expected = interval(*(codes[name] for name in names))
    document = cells_of(chip, 1, "IF_cond_exp", **given)
    times, _ = recorded(document, 500.0, f"{chip}-emulation", pipeline=exact(chip))["P"]
    found = np.diff(times).mean()
    assert found == pytest.approx(expected, abs=0.15)  # spikes and pauses are on a grid of 0.1 ms
    # The codes are within half a step of what was given, so the interval is near the model's.
    assert found == pytest.approx(interval(-45.0, -65.0, -50.0, 15.0, 2.0), rel=0.03)


@pytest.mark.parametrize("model", ["IF_curr_exp", "IF_facets_hardware1", "EIF_cond_exp_isfa_ista"])
def test_driven_cells_without_deviations_fire_as_the_float_model_does(model):
    size = 40
    weight = 0.6 if model == "IF_curr_exp" else 0.01
    populations = {
        "P": (size, model, {}),
        "S": (size, "SpikeSourcePoisson", {"rate": 300.0}),
    }
    edge = ("S", "P", ("one_to_one", {}), "excitatory", weight)
    rates = {}
    for target, options in (
        ("cpu", {}), ("brainscales2-emulation", {"pipeline": exact("brainscales2")})
    ):  # fmt: skip
        document = network(populations, [edge])
        record(document, ["P"])
        rates[target] = recorded(document, 1000.0, target, **options)["P"][0].size / size
    assert rates["cpu"] > 2.0
    assert rates["brainscales2-emulation"] == pytest.approx(rates["cpu"], rel=0.06, abs=0.5)


def record(document: Document, populations: list[str]) -> None:
    for name in populations:
        document.network.body.block.add_op(
            snn.RecordOp(
                target=SymbolRefAttr(name),
                variables=ArrayAttr([StringAttr("spikes")]),
                sampling_interval=FloatAttr(0.1, f64),
            )
        )


def balanced(rng: np.random.Generator) -> Document:
    populations = {
        "E": (160, "IF_cond_exp", {"tau_refrac": 2.0}),
        "I": (40, "IF_cond_exp", {"tau_refrac": 2.0}),
        "S": (60, "SpikeSourcePoisson", {"rate": 25.0}),
    }
    edges = []
    for post, size in (("E", 160), ("I", 40)):
        edges.append(("S", post, random_edges(rng, 60, size, 30 * size), "excitatory", 0.006))
        edges.append(("E", post, random_edges(rng, 160, size, 8 * size), "excitatory", 0.004))
        edges.append(("I", post, random_edges(rng, 40, size, 4 * size), "inhibitory", 0.03))
    document = network(populations, edges)
    record(document, ["E", "I"])
    return document


@pytest.mark.parametrize("chip", CHIPS)
def test_a_network_s_rates_are_within_the_stated_spread(chip):
    rates = {}
    for target in ("cpu", f"{chip}-emulation"):
        spikes = recorded(balanced(np.random.default_rng(2)), 1000.0, target)
        rates[target] = {name: spikes[name][0].size / n for name, n in (("E", 160), ("I", 40))}
    for name, rate in rates["cpu"].items():
        assert rate > 2.0
        assert rates[f"{chip}-emulation"][name] == pytest.approx(rate, rel=0.3)


def emulated(document: Document, chip: str, options: str = "") -> Document:
    text = pipeline_text(f"{chip}-emulation")
    text = text[: text.index(",snnc-canonicalise")]
    return lowered(document, text.replace("emulate-analog", f"emulate-analog{options}"))


def parameters_of(document: Document) -> dict[str, np.ndarray]:
    (op,) = [op for op in document.module.walk() if isinstance(op, snn.PopulationOp)]
    return {
        name: document.resources[value.data.name]
        for name, value in op.parameters.data.items()
        if isinstance(value, ArrayHandleAttr)
    }


def test_deviations_have_the_documented_size_and_belong_to_chip_and_trial():
    chip, size = "brainscales2", 400
    drawn = {
        (chip_seed, seed): parameters_of(
            emulated(
                cells_of(chip, size, "IF_cond_exp", seed=seed), chip, f"{{chip_seed={chip_seed}}}"
            )
        )
        for chip_seed, seed in ((1, 1), (1, 2), (2, 1))
    }
    parameter = circuits_of(describe(chip)).parameter("tau_mem")
    first = np.log(drawn[1, 1]["tau_mem"])
    assert first.std() == pytest.approx(math.hypot(parameter.spread, parameter.trial), rel=0.15)
    again = np.log(drawn[1, 2]["tau_mem"])
    assert (first - again).std() == pytest.approx(math.sqrt(2) * parameter.trial, rel=0.15)
    other = np.log(drawn[2, 1]["tau_mem"])
    assert (first - other).std() > 3.0 * (first - again).std()


def test_deviations_do_not_depend_on_how_many_are_drawn():
    few, many = (Deviations(1, 2).of(3, "v_leak", n, 1.0, 0.5) for n in (10, 1000))
    assert few.tolist() == many[:10].tolist()
    assert not np.array_equal(few, Deviations(1, 2).of(3, "v_reset", 10, 1.0, 0.5))


@pytest.mark.filterwarnings("ignore:.*are on no chip")
def test_the_mapping_is_gone_and_lost_synapses_with_it():
    pre, post = np.arange(500), np.zeros(500, np.int64)
    edge = ("S", "P", ("from_list", {"pre": pre, "post": post}), "excitatory", 0.01)
    populations = {
        "P": (2, "IF_cond_exp", {}),
        "S": (500, "SpikeSourcePoisson", {"rate": 1.0}),
    }
    text = pipeline_text("brainscales1").replace("place-neurons", "place-neurons{circuits=2}")
    document = lowered(network(populations, [edge]), f"{text},{EXACT}")
    kinds = (analog.MappingOp, native.MatchOp)
    assert not [op for op in document.module.walk() if isinstance(op, kinds)]
    (projection,) = [op for op in document.module.walk() if isinstance(op, snn.ProjectionOp)]
    kept = projection.connector.options.data["pre"].data.shape[0]
    assert kept <= 448
    assert projection.delay.value.data == pytest.approx(1.2)  # 0.12 us, ten thousand times slower
    verify(document)
    assert "@IF_cond_exp_circuit" in print_text(document)


def test_links_drop_what_they_cannot_take():
    populations = {
        "P": (4, "IF_cond_exp", {}),
        "S": (40, "SpikeSourcePoisson", {"rate": 100.0}),
    }
    edge = ("S", "P", ("all_to_all", {}), "excitatory", 0.001)
    with pytest.warns(UserWarning, match=r"drop 5[56] % of the spikes.*takes 1780 a second"):
        document = emulated(network(populations, [edge]), "brainscales1")
    (sources,) = [
        op for op in document.module.walk() if isinstance(op, snn.PopulationOp) and op.size == 40
    ]
    rates = document.resources[sources.parameters.data["rate"].data.name]
    assert rates.sum() == pytest.approx(1780.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        emulated(network(populations, [edge]), "brainscales2")
        emulated(network(populations, [edge]), "brainscales1", "{links=false}")


def test_what_is_not_mapped_cannot_be_emulated():
    populations = {"P": (4, "IF_cond_exp", {})}
    edge = ("P", "P", ("all_to_all", {}), "excitatory", 0.001)
    start = "choose-chip{chip=brainscales1 number=1},list-synapses,"
    for passes, missing in (
        ("match-analog,emulate-analog", "fill-rows"),
        ("quantise-weights,place-neurons,route-lines,assign-rows,emulate-analog", "match-analog"),
    ):
        with pytest.raises(OptionError, match=f"expected pass '.*{missing}'"):
            lowered(network(populations, [edge]), start + passes)


def test_models_in_other_units_are_refused():
    text = model_library.text("IF_cond_exp").replace("state gsyn_exc : uS", "state gsyn_exc : nS")
    builder = NetworkBuilder("net", dt=0.1, seed=1)
    builder.use_model(text, "cell")
    builder.population("P", 1, "IF_cond_exp")
    with pytest.raises(UnsupportedError, match="'gsyn_exc' of 'IF_cond_exp' is in nS"):
        emulated(builder.finish(), "brainscales2")


def test_a_script_emulates_and_can_change_cells_but_not_synapses():
    import snnc.pynn as sim

    sim.setup(timestep=0.1, target="brainscales2", emulate=True)
    cells = sim.Population(4, sim.IF_cond_exp(i_offset=0.9, tau_refrac=2.0))
    noise = sim.Population(4, sim.SpikeSourcePoisson(rate=10.0))
    synapses = sim.Projection(
        noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.001, delay=1.0)
    )
    cells.record("spikes")
    sim.run(200.0)
    before = [len(train) for train in cells.get_data(clear=True).segments[0].spiketrains]
    cells.set(i_offset=0.0)
    noise.set(rate=0.0)
    sim.run(200.0)
    after = [len(train) for train in cells.get_data().segments[0].spiketrains]
    assert min(before) > 3
    assert max(after) <= 2  # what was under way when the current ended
    with pytest.raises(UnsupportedError, match="written once on an emulated chip"):
        synapses.set(weight=0.002)
        sim.run(1.0)
    sim.setup()
