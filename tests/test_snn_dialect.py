"""The snn dialect: text that round-trips, and every rule with a network that breaks it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import MODELS, STATIC, builder, networks, spike_times

from snnc.ir.diagnostics import Location, ModelError
from snnc.ir.dialects.snn import PopulationOp, ProjectionOp, ViewOp
from snnc.ir.resources import decode
from snnc.ir.text import parse, print_text, verify
from snnc.ir.values import DistanceExpression, Random, Space

HEAD = '{dt = 0.1, seed = 42, rng = "philox4x32-10/snnc-1"}'
NETWORK = """snn.network @net {dt = 0.1, seed = 42, rng = "philox4x32-10/snnc-1"} {
  snn.population @E [80] of @Curr {label = "excitatory", object_id = 0, first_id = 0}
      parameters {tau_m = 15.0, cm = #snn.random<"uniform", {low = 0.5, high = 1.5}, seed = 7>}
      initial {v = -60.0}
      positions #snn.array<"E.positions", "float64", [3, 80], "f284a8a9bc33ffc6">
  snn.population @C [20] of @Cond {object_id = 1, first_id = 80}
      parameters {tau_syn = 2.0}
  snn.view @half of @E indices #snn.range<0, 80, 2>
  snn.assembly @all of [@half, @E] {label = "everything"}
  snn.projection @p from @E to @C {object_id = 2}
      connector #snn.connector<"fixed_probability", {p_connect = 0.02, self = true}>
      synapse @Depressing receptor "excitatory"
      weight 0.004 delay #snn.distance<"0.5+0.01*d">
      parameters {U = 0.4}
      initial {x = 0.9}
      space #snn.space<axes = "xy", periodic_boundaries = [[0.0, 10.0], none, none]>
  snn.source @s kind "dc" {object_id = 3}
      parameters {amplitude = 0.5, stop = inf}
  snn.inject @s into @all
  snn.record @half variables ["spikes", "v"] sampling_interval 0.1
}
"""


def verified(body, head=HEAD, models=MODELS):
    """Parse and verify a network; its first operation stands on line 2."""
    text = f"snn.network @net {head} {{\n{body}\n}}\n" + "".join(models)
    document = parse(text, "net.mlir")
    verify(document)
    return document


def refusal(body, **options):
    with pytest.raises(ModelError) as error:
        verified(body, **options)
    return error.value


# --- text ---


def test_the_readable_form_is_what_is_printed():
    document = parse(NETWORK, "net.mlir")
    printed = print_text(document)
    lines = [line[2:] for line in printed.splitlines()[1:-1]]
    assert "\n".join(lines) + "\n" == NETWORK


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_both_forms_round_trip(drawn):
    document = drawn.document
    text = print_text(document)
    for form in (text, print_text(document, generic=True)):
        again = parse(form, "again.mlir")
        again.resources = document.resources
        verify(again)
        assert print_text(again) == text


@settings(deadline=None, max_examples=20)
@given(spike_times())
def test_sequences_round_trip(sequences):
    build = builder()
    build.population("S", len(sequences), "Source", parameters={"spike_times": sequences})
    document = build.finish()
    again = parse(print_text(document))
    again.resources = document.resources
    verify(again)
    population = next(iter(again.network.symbols().values()))
    found = decode(population.parameters.data["spike_times"], document.resources)
    assert np.array_equal(found.values, sequences.values)
    assert np.array_equal(found.offsets, sequences.offsets)


def test_a_network_can_be_read_back():
    symbols = parse(NETWORK + "".join(MODELS)).network.symbols()
    assert list(symbols) == ["E", "C", "half", "all", "p", "s"]
    population, projection, view = symbols["E"], symbols["p"], symbols["half"]
    assert isinstance(population, PopulationOp)
    assert (population.size, population.model, population.label) == (80, "Curr", "excitatory")
    assert decode(population.parameters.data["cm"], {}) == Random(
        "uniform", {"low": 0.5, "high": 1.5}, 7
    )
    assert isinstance(projection, ProjectionOp)
    assert decode(projection.delay, {}) == DistanceExpression("0.5+0.01*d")
    assert decode(projection.weight, {}) == 0.004
    assert projection.label == "p"
    options = {k: decode(v, {}) for k, v in projection.connector.options.data.items()}
    assert options == {"p_connect": 0.02, "self": True}
    assert projection.space.data == Space("xy", periodic_boundaries=((0.0, 10.0), None, None))
    assert isinstance(view, ViewOp)
    assert view.size == 40


def test_discardable_attributes_are_kept():
    text = print_text(verified(f'{POPULATION} attributes {{storage = "csr"}}'))
    assert 'attributes {storage = "csr"}' in text


# --- rules, in text ---

POPULATION = "snn.population @E [4] of @Curr {object_id = 0, first_id = 0}"
CONDUCTANCE = (
    "snn.population @C [3] of @Cond {object_id = 1, first_id = 4} parameters {tau_syn = 2.0}"
)
CELLS = POPULATION + CONDUCTANCE
SOURCE = 'snn.source @s kind "dc" {object_id = 9}'


def projection(
    pre="E", post="E", connector='"all_to_all"', synapse="Static", receptor="excitatory",
    weight="1.0", delay="1.0", rest="", object_id=5,
):  # fmt: skip
    return (
        f"{CELLS} \nsnn.projection @p from @{pre} to @{post} {{object_id = {object_id}}} "
        f"connector #snn.connector<{connector}> synapse @{synapse} "
        f'receptor "{receptor}" weight {weight} delay {delay} {rest}'
    )


def array(shape, dtype="float64", name="x"):
    return f'#snn.array<"{name}", "{dtype}", {list(shape)}, "0">'


RULES = {
    "size": (POPULATION.replace("[4]", "[0]"), 2, "size of '@E' must be positive; found 0"),
    "negative size": (POPULATION.replace("[4]", "[-4]"), 2, "must be positive; found -4"),
    "unknown model": (POPULATION.replace("Curr", "Curt"), 2, "did you mean 'Curr'?"),
    "synapse as cell": (POPULATION.replace("Curr", "Static"), 2, "'@Static' is a synapse model"),
    "unknown parameter": (
        f"{POPULATION} parameters {{tau_n = 1.0}}", 2,
        "model 'Curr' has no parameter 'tau_n'; did you mean 'tau_m'?",
    ),
    "parameter NaN": (f"{POPULATION} parameters {{cm = nan}}", 2, "parameter 'cm' is NaN"),
    "parameter text": (f'{POPULATION} parameters {{cm = "a"}}', 2, "parameter 'cm' cannot be"),
    "parameter shape": (
        f"{POPULATION} parameters {{cm = {array([3])}}}", 2, "has shape [3]; expected [4]",
    ),
    "parameter of distance": (
        f'{POPULATION} parameters {{cm = #snn.distance<"d">}}', 2, "parameter 'cm' cannot be",
    ),
    "parameter type": (
        f"{POPULATION} parameters {{cm = {array([4], 'int64')}}}", 2, "expected float64",
    ),
    "missing parameter": (
        "snn.population @C [3] of @Cond {object_id = 1, first_id = 4}", 2,
        "parameter 'tau_syn' of model 'Cond' has no default",
    ),
    "number as sequence": (
        "snn.population @S [3] of @Source {object_id = 1, first_id = 4} "
        "parameters {spike_times = 1.0}", 2, "expected sequences",
    ),
    "offsets of sequences": (
        "snn.population @S [3] of @Source {object_id = 1, first_id = 4} parameters "
        f"{{spike_times = #snn.sequences<{array([5])}, {array([3], 'int64', 'y')}>}}", 2,
        "has shape [3]; expected [4]",
    ),
    "unknown initial": (
        f"{POPULATION} initial {{u = 1.0}}", 2, "model 'Curr' has no state variable 'u'",
    ),
    "initial NaN": (f"{POPULATION} initial {{v = nan}}", 2, "initial value 'v' is NaN"),
    "positions": (
        f"{POPULATION} positions {array([4, 3])}", 2,
        "positions has shape [4, 3]; expected [3, 4]",
    ),
    "cells overlap": (
        POPULATION + "\nsnn.population @F [4] of @Curr {object_id = 1, first_id = 3}", 3,
        "cells of '@F' overlap those of '@E'",
    ),
    "cells overlap before": (
        "snn.population @F [4] of @Curr {object_id = 1, first_id = 3}\n" + POPULATION, 3,
        "cells of '@E' overlap those of '@F'",
    ),
    "cells out of range": (
        POPULATION.replace("first_id = 0", "first_id = -1"), 2, "out of range",
    ),
    "object id twice": (
        POPULATION + "\nsnn.population @F [4] of @Curr {object_id = 0, first_id = 4}", 3,
        "object id 0 of '@F' is that of '@E'",
    ),
    "object id range": (POPULATION.replace("object_id = 0", "object_id = -2"), 2, "out of range"),
    "symbol twice": (f"{POPULATION}\n{POPULATION}", 3, "symbol '@E' is defined twice"),
    "foreign operation": (
        f'{POPULATION}\n"syn.decay"() <{{sym_name = "a", unit = "ms"}}> : () -> ()', 3,
        "'syn.decay' does not belong in a network",
    ),
    "view of unknown": (
        f"{POPULATION}\nsnn.view @v of @F indices #snn.range<0, 1, 1>", 3,
        "unknown symbol '@F'",
    ),
    "view of assembly": (
        f"{POPULATION}\nsnn.assembly @a of [@E]\nsnn.view @v of @a indices #snn.range<0, 1, 1>", 4,
        "'@a' is an assembly; expected a population or a view",
    ),
    "view outside": (
        f"{POPULATION}\nsnn.view @v of @E indices #snn.range<0, 6, 3>\n", 3, None,
    ),
    "view index": (
        f"{POPULATION}\nsnn.view @v of @E indices #snn.range<0, 5, 1>", 3,
        "index 4 of '@v' is not in '@E' of 4 cells",
    ),
    "view index below": (
        f"{POPULATION}\nsnn.view @v of @E indices #snn.range<2, -2, -1>", 3,
        "index -1 of '@v' is not in '@E'",
    ),
    "view type": (
        f"{POPULATION}\nsnn.view @v of @E indices {array([2])}", 3, "must be a list of integers",
    ),
    "view of itself": (
        f"{POPULATION}\nsnn.view @v of @w indices #snn.range<0, 1, 1>\n"
        "snn.view @w of @v indices #snn.range<0, 1, 1>", 3, "is a part of itself",
    ),
    "assembly of unknown": (
        f"{POPULATION}\nsnn.assembly @a of [@E, @e]", 3,
        "unknown symbol '@e'; expected one of E",
    ),
    "assembly member twice": (
        f"{POPULATION}\nsnn.assembly @a of [@E, @E]", 3, "has a member twice",
    ),
    "projection from unknown": (projection(pre="EE"), 3, "unknown symbol '@EE'; did you mean 'E'"),
    "projection to source": (
        projection(post="s") + "\n" + SOURCE, 3, "'@s' is a current source; expected",
    ),
    "unknown synapse": (projection(synapse="Statik"), 3, "did you mean 'Static'?"),
    "cell as synapse": (projection(synapse="Curr"), 3, "'@Curr' is a cell model"),
    "unknown receptor": (
        projection(receptor="exitatory"), 3,
        "model 'Curr' has no receptor 'exitatory'; did you mean 'excitatory'?",
    ),
    "receptor without decay": (
        projection(post="C", synapse="Depressing", receptor="shunt"), 3,
        "synapse model 'Depressing' needs a receptor with a time constant; 'shunt' has none",
    ),
    "synapse parameter": (
        projection(rest="parameters {u = 1.0}"), 3, "model 'Static' has no parameter 'u'",
    ),
    "synapse initial": (
        projection(rest="initial {x = 1.0}"), 3, "model 'Static' has no state variable 'x'",
    ),
    "synapse parameter NaN": (
        projection(post="C", synapse="Depressing", rest="parameters {U = nan}"), 3,
        "parameter 'U' is NaN",
    ),
    "weight NaN": (projection(weight="nan"), 3, "weight is NaN"),
    "weight infinite": (projection(weight="inf"), 3, "weight is not finite"),
    "weight negative": (
        projection(weight="-1.0"), 3,
        "weight has the wrong sign for receptor 'excitatory'; found -1, expected 0 or above",
    ),
    "weight positive": (
        projection(receptor="inhibitory"), 3,
        "weight has the wrong sign for receptor 'inhibitory'; found 1, expected 0 or below",
    ),
    "conductance negative": (
        projection(post="C", receptor="shunt", weight="-1.0"), 3, "expected 0 or above",
    ),
    "weight shape": (
        projection(post="C", weight=array([4, 4])), 3, "weight has shape [4, 4]; expected [4, 3]",
    ),
    "weight list without list": (
        projection(weight=array([4])), 3, "weight has shape [4]; expected [4, 4]",
    ),
    "weight of list": (
        projection(
            connector=f'"from_list", {{pre = {array([2], "int64")}, post = {array([2], "int64")}}}',
            weight=array([3]),
        ), 3, "weight has shape [3]; expected [2]",
    ),
    "list lengths": (
        projection(
            connector=f'"from_list", {{pre = {array([2], "int64")}, post = {array([3], "int64")}}}'
        ), 3, "options 'pre' and 'post' must be lists of the same length",
    ),
    "list half": (
        projection(connector=f'"from_list", {{pre = {array([2], "int64")}}}'), 3,
        "options 'pre' and 'post' must be lists of the same length",
    ),
    "mask shape": (
        projection(connector=f'"array", {{mask = {array([3, 4], "bool")}}}'), 3,
        "option 'mask' has shape [3, 4]; expected [4, 4]",
    ),
    "unknown connector": (
        projection(connector='"all_to_al"'), 3,
        "unknown connector 'all_to_al'; did you mean 'all_to_all'?",
    ),
    "option NaN": (
        projection(connector='"fixed_probability", {p_connect = nan}'), 3,
        "option 'p_connect' of connector 'fixed_probability' is NaN",
    ),
    "delay zero": (projection(delay="0.0"), 3, "delay must be positive; found 0 ms"),
    "delay negative": (projection(delay="-1.0"), 3, "delay must be positive; found -1 ms"),
    "delay short": (
        projection(delay="0.04"), 3,
        "delay is shorter than a step; found 0.04 ms, time step 0.1 ms",
    ),
    "delay NaN": (projection(delay="nan"), 3, "delay is NaN"),
    "delay infinite": (projection(delay="inf"), 3, "delay is not finite"),
    "kind of source": (
        SOURCE.replace('"dc"', '"bc"'), 2,
        "unknown kind of current source 'bc'; expected one of ac, dc, noisy, step",
    ),
    "source parameter": (
        f"{SOURCE} parameters {{frequency = 1.0}}", 2,
        "current source 'dc' has no parameter 'frequency'",
    ),
    "source array": (
        f"{SOURCE} parameters {{amplitude = {array([2])}}}", 2, "'amplitude' cannot be",
    ),
    "source lists": (
        'snn.source @s kind "step" {object_id = 1} parameters '
        f"{{times = {array([2])}, amplitudes = {array([3])}}}", 2, "lists of the same length",
    ),
    "source lists missing": (
        'snn.source @s kind "step" {object_id = 1}', 2, "lists of the same length",
    ),
    "inject unknown": (f"{CELLS}\nsnn.inject @s into @E", 3, "unknown symbol '@s'"),
    "inject population": (
        f"{CELLS}\nsnn.inject @E into @E", 3, "'@E' is a population; expected a current source",
    ),
    "inject into conductance": (
        f"{CELLS}{SOURCE}\nsnn.inject @s into @C", 3, "cells of model 'Cond' take no current",
    ),
    "record unknown": (
        f'{CELLS}\nsnn.record @E variables ["w"] sampling_interval 0.1', 3,
        "model 'Curr' has no variable 'w'",
    ),
    "record hidden": (
        f'{CELLS}\nsnn.record @C variables ["secret"] sampling_interval 0.1', 3,
        "model 'Cond' has no variable 'secret'",
    ),
    "record interval": (
        f'{CELLS}\nsnn.record @E variables ["v"] sampling_interval 0.25', 3,
        "sampling interval must be a multiple of the time step",
    ),
    "record interval zero": (
        f'{CELLS}\nsnn.record @E variables ["v"] sampling_interval 0', 3, "sampling interval",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", [r for r in RULES if RULES[r][2]])
def test_a_broken_rule_is_refused_with_its_place(rule):
    body, line, message = RULES[rule]
    error = refusal(body)
    assert message in error.message
    assert error.location == Location("net.mlir", line, error.location.column)
    assert error.location.column == 1
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('{dt = 0.0, seed = 1, rng = "r"}', "time step must be positive"),
        ('{dt = nan, seed = 1, rng = "r"}', "time step must be positive"),
        ('{dt = 0.1, seed = -1, rng = "r"}', "seed must not be negative"),
        ('{dt = 0.1, rng = "r"}', "seed"),
        ('{dt = "a", seed = 1, rng = "r"}', "'dt' must be a number; found \"a\""),
        ('{dt = 0.1, sede = 1, rng = "r"}', "unknown 'sede'; did you mean 'seed'?"),
        ("{dt = 0.1, dt = 0.1}", "'dt' is given twice"),
    ],
)
def test_the_head_of_a_network_is_checked(head, message):
    error = refusal(POPULATION, head=head)
    assert message in error.message
    assert error.location.line == 1


def test_models_have_names_of_their_own():
    error = refusal(POPULATION, models=(*MODELS, STATIC))
    assert "model '@Static' is defined twice" in error.message


def test_rules_hold_in_generic_form_with_places():
    lines = print_text(verified(projection()), generic=True).splitlines()
    (number,) = (i for i, line in enumerate(lines, 1) if "snn.projection" in line)
    lines[number - 1] = lines[number - 1].replace("weight = 1.000000e+00", "weight = -1.0")
    with pytest.raises(ModelError, match="wrong sign") as error:
        verify(parse("\n".join(lines), "generic.mlir"))
    assert error.value.location == Location("generic.mlir", number, 5)
