"""Replaying spikes: sources as lists, and cells uncoupled, with every connection as it was."""

from __future__ import annotations

import numpy as np
import pytest
from modular_networks import MODELS
from single_cells import builder_of

import snnc
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, OptionError, UnsupportedError, UserError
from snnc.ir.replay import empty_lists, fill_lists
from snnc.ir.text import Document, parse, print_text, verify
from snnc.ir.values import DistanceExpression, Random, Sequences
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import copy_of

NETWORK = """snn.network @net {dt = 0.1, seed = 4, rng = "philox4x32-10/snnc-1"} {
  snn.population @E [8] of @Cell {label = "excitatory", object_id = 0, first_id = 0}
      parameters {v_thresh = #snn.random<"uniform", {low = 1.0, high = 2.0}>}
  snn.population @N [3] of @Noise {object_id = 1, first_id = 8}
      parameters {rate = 20.0}
  snn.view @half of @E indices #snn.range<0, 8, 2>
  snn.view @some of @N indices #snn.range<0, 2, 1>
  snn.assembly @all of [@half, @N]
  snn.projection @p from @all to @E {object_id = 2}
      connector #snn.connector<"fixed_probability", {p_connect = 0.5}>
      synapse @Static receptor "excitatory"
      weight 0.4 delay 0.1
  snn.projection @q from @some to @E {object_id = 3}
      connector #snn.connector<"all_to_all">
      synapse @Static receptor "excitatory"
      weight 0.4 delay 0.1
}
"""
UNCOUPLED = """snn.network @net {dt = 0.1, seed = 4, rng = "philox4x32-10/snnc-1"} {
  snn.population @E [8] of @Cell {label = "excitatory", object_id = 0, first_id = 0}
      parameters {v_thresh = #snn.random<"uniform", {low = 1.0, high = 2.0}>}
  snn.population @N [3] of @SpikeSourceArray {object_id = 1, first_id = 8}
  snn.view @half of @E indices #snn.range<0, 8, 2>
  snn.view @some of @N indices #snn.range<0, 2, 1>
  snn.assembly @all of [@half, @N]
  snn.projection @p from @all.replay to @E {object_id = 2}
      connector #snn.connector<"fixed_probability", {p_connect = 0.5}>
      synapse @Static receptor "excitatory"
      weight 0.4 delay 0.1
  snn.projection @q from @some to @E {object_id = 3}
      connector #snn.connector<"all_to_all">
      synapse @Static receptor "excitatory"
      weight 0.4 delay 0.1
  snn.population @E.replay [8] of @SpikeSourceArray {label = "excitatory.replay", object_id = 4, first_id = 0} stands_for @E
  snn.view @half.replay of @E.replay indices #snn.range<0, 8, 2> {label = "half.replay"}
  snn.assembly @all.replay of [@half.replay, @N] {label = "all.replay"}
}
"""  # noqa: E501


def passed(document: Document, passes: str) -> Document:
    copy = copy_of(document)
    run_passes(copy, parse_passes(passes))
    verify(copy)
    return copy


def network_text(document: Document) -> str:
    """Return the network of a document, with its models left out."""
    lines = [line[2:] for line in print_text(document).splitlines()[1:-1]]
    start = next(i for i, line in enumerate(lines) if line.startswith("snn.network"))
    end = lines.index("}", start)
    return "\n".join(lines[start : end + 1]) + "\n"


def test_golden_text():
    document = parse(MODELS + NETWORK)
    changed = passed(document, "replay-sources,uncouple")
    assert network_text(changed) == UNCOUPLED
    assert "dyn.cell @SpikeSourceArray" in print_text(changed)
    again = passed(changed, "replay-sources,uncouple")
    assert print_text(again) == print_text(changed)
    read = parse(print_text(changed))
    verify(read)
    assert print_text(read) == print_text(changed)
    assert empty_lists(changed) == {"N": "N", "E.replay": "E"}


def test_names_that_are_taken_are_not_taken_again():
    text = NETWORK.replace("@half", "@E.replay").replace("@Noise", "@SpikeSourceArray")
    document = parse(MODELS.replace("@Noise", "@SpikeSourceArray") + text)
    changed = passed(document, "replay-sources,uncouple")
    assert empty_lists(changed) == {"N": "N", "E.replay_1": "E"}
    assert "dyn.cell @SpikeSourceArray_1" in print_text(changed)


def rich() -> NetworkBuilder:
    """Return a network in which everything that is drawn depends on the cells' numbers."""
    models = ["IF_curr_exp", "SpikeSourcePoisson", "SpikeSourceArray", "StaticSynapse"]
    builder = builder_of(models, seed=9)
    v = Random("uniform", {"low": -65.0, "high": -50.0})
    builder.population("N", 7, "SpikeSourcePoisson", parameters={"rate": 300.0})
    places = np.random.default_rng(1).uniform(0.0, 100.0, (3, 60))
    parameters = {"i_offset": Random("normal", {"mu": 0.75, "sigma": 0.1})}
    builder.population(
        "E", 60, "IF_curr_exp", initial={"v": v}, positions=places, parameters=parameters
    )
    builder.population("I", 20, "IF_curr_exp", initial={"v": v}, parameters=parameters)
    builder.view("odd", "E", slice(1, None, 2))
    builder.view("mixed", "E", np.array([7, 3, 50, 4]))
    builder.assembly("all", ["mixed", "I", "N"])
    weight = Random("normal_clipped", {"mu": 0.2, "sigma": 0.1, "low": 0.0, "high": 1.0})
    delay = Random("uniform", {"low": 0.1, "high": 3.0}, seed=6)
    synapse = ("StaticSynapse", "excitatory")
    near = ("distance_dependent_probability", {"d_expression": "exp(-d/50)"})
    builder.projection("near", "E", "E", near, *synapse, weight, DistanceExpression("0.1+0.01*d"))
    rule = {"p_connect": 0.2, "allow_self_connections": False}
    builder.projection("self", "E", "E", ("fixed_probability", rule), *synapse, weight, delay)
    number = ("fixed_number_pre", {"n": 5})
    builder.projection("view", "odd", "I", number, *synapse, weight, delay)
    total = ("fixed_total_number", {"n": 100})
    builder.projection("group", "all", "odd", total, *synapse, weight, delay)
    builder.projection("noise", "N", "E", ("all_to_all", {}), *synapse, 0.3, 0.1)
    builder.record("E", ["spikes", "v"])
    builder.record("I", ["spikes"])
    return builder


def test_connections_weights_and_delays_stay():
    document = rich().finish()
    before = snnc.compile(document).simulation
    after = snnc.compile(passed(document, "replay-sources,uncouple")).simulation
    for plan in before.artifact.projections:
        old, new = before.edges(plan.name), after.edges(plan.name)
        assert old.pre.size > 20
        assert np.array_equal(old.pre, new.pre) and np.array_equal(old.post, new.post)
        for value in ("weight", "delay"):
            expected = before.edge_values(plan.name, value)
            assert np.array_equal(expected, after.edge_values(plan.name, value)), plan.name


def test_cells_that_get_their_own_spikes_do_the_same_bit_by_bit():
    document = rich().finish()
    coupled = snnc.compile(document).simulation
    coupled.record("N", ["spikes"])
    coupled.run(60.0)
    trains = {}
    for name, size in (("N", 7), ("E", 60), ("I", 20)):
        times, cells = coupled.spikes(name)
        assert times.size > size
        trains[name] = Sequences.of([times[cells == cell] for cell in range(size)])
    uncoupled = passed(document, "replay-sources,uncouple")
    fill_lists(uncoupled, {name: trains[of] for name, of in empty_lists(uncoupled).items()})
    verify(uncoupled)
    other = snnc.compile(uncoupled).simulation
    other.run(60.0)
    for name in ("E", "I"):
        assert all(map(np.array_equal, coupled.spikes(name), other.spikes(name)))
    v = coupled.trace("E", "v").values
    assert np.array_equal(v, other.trace("E", "v").values)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("stands_for @E", "stands_for @F", "unknown symbol '@F'"),
        ("stands_for @E", "stands_for @half", "'@half' is a view; expected a population"),
        ("E.replay [8]", "E.replay [7]", "size of '@E.replay' is 7; expected 8 as '@E'"),
        ("object_id = 4, first_id = 0", "object_id = 4, first_id = 1", "first_id of"),
        ("stands_for @E", "stands_for @E.replay", "'@E.replay' stands for '@E.replay' itself"),
    ],
)
def test_stand_ins_that_do_not_fit_are_refused(old: str, new: str, message: str):
    models = print_text(passed(parse(MODELS + NETWORK), "replay-sources")).split("snn.network")[0]
    text = models + UNCOUPLED.replace(old, new) + "}\n"
    with pytest.raises(ModelError, match=message):
        verify(parse(text))


def test_states_of_sources_cannot_be_recorded_from_lists():
    models = MODELS.replace("@Noise {", "@Noise {\n  state n : 1 = 0.0")
    body = NETWORK[:-2] + '  snn.record @N variables ["n"] sampling_interval 0.1\n}\n'
    with pytest.raises(UnsupportedError, match="'n' of the sources '@N' is recorded"):
        passed(parse(models + body), "replay-sources")


def test_lists_must_fit():
    document = passed(parse(MODELS + NETWORK), "uncouple")
    with pytest.raises(UserError, match=r"2 lists for the 8 cells of '@E\.replay'"):
        fill_lists(document, {"E.replay": Sequences.of([[1.0], []])})
    with pytest.raises(UserError, match="'@E' is no population of listed spikes"):
        fill_lists(document, {"E": Sequences.of([[1.0]] * 8)})


def test_another_time_step():
    document = passed(parse(MODELS + NETWORK), "set-time-step{dt=0.05}")
    assert network_text(document) == NETWORK.replace("dt = 0.1", "dt = 0.05")
    with pytest.raises(OptionError, match="time step must be positive; found -1 ms"):
        passed(document, "set-time-step{dt=-1.0}")


def test_reseeding_changes_every_seed_and_nothing_else():
    seeded = NETWORK.replace("high = 2.0}>", "high = 2.0}, seed = 7>").replace(
        "p_connect = 0.5", "p_connect = 0.5, seed = 8"
    )
    document = passed(parse(MODELS + seeded), "reseed{by=3}")
    expected = seeded.replace("seed = 4", "seed = 7").replace("}, seed = 7>", "}, seed = 10>")
    assert network_text(document) == expected.replace("seed = 8", "seed = 11")
