"""The builder of networks: it refuses at the call, with its place, and what it makes is whole."""

import numpy as np
import pytest
from strategies import MODELS, STATIC, builder

from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import Location, ModelError
from snnc.ir.text import print_text
from snnc.ir.values import Sequences

HERE = Location("script.py", 12, 5)


def started():
    result = builder()
    result.population("E", 4, "Curr")
    result.population("C", 3, "Cond", parameters={"tau_syn": 2.0})
    return result


@pytest.fixture
def build():
    return started()


def project(build, weight=1.0, delay=1.0, connector=("all_to_all", {}), **options):
    build.projection(
        "p", "E", "C", connector, "Static", "excitatory", weight, delay, location=HERE, **options
    )


def listed(pre, post):
    return "from_list", {"pre": np.array(pre), "post": np.array(post)}


CONTENT = {
    "NaN in parameter": (
        lambda b: b.population(
            "F", 2, "Curr", parameters={"cm": np.array([1.0, np.nan])}, location=HERE
        ),
        "parameter 'cm' is NaN at index 1",
    ),
    "NaN in sequences": (
        lambda b: b.population(
            "S", 1, "Source", parameters={"spike_times": Sequences.of([[np.nan]])}, location=HERE
        ),
        "parameter 'spike_times' is NaN",
    ),
    "positions": (
        lambda b: b.population("F", 1, "Curr", positions=np.full((3, 1), np.inf), location=HERE),
        "positions are not finite",
    ),
    "view index": (
        lambda b: b.view("v", "E", np.array([0, 4]), location=HERE),
        "index 4 of '@v' is not in '@E' of 4 cells",
    ),
    "view index twice": (
        lambda b: b.view("v", "E", np.array([1, 1]), location=HERE),
        "an index of '@v' is given twice",
    ),
    "list index": (
        lambda b: project(b, connector=listed([0, 1], [2, 3])),
        "index 3 of option 'post' is not among 3 cells",
    ),
    "weight NaN": (
        lambda b: project(b, weight=np.where(np.eye(4, 3) > 0, np.nan, 1.0)),
        "weight is not finite at index 0, 0",
    ),
    "weight sign": (
        lambda b: project(b, weight=np.eye(4, 3) - 0.5), "found -0.5, expected 0 or above",
    ),
    "weight sign in list": (
        lambda b: project(b, np.array([1.0, -2.0]), connector=listed([0, 1], [0, 1])),
        "found -2, expected 0 or above at index 1",
    ),
    "delay zero": (lambda b: project(b, delay=np.eye(4, 3)), "delay must be positive; found 0"),
    "delay NaN": (
        lambda b: project(b, delay=np.full((4, 3), np.nan)), "delay is NaN at index 0, 0",
    ),
    "times": (
        lambda b: b.source(
            "s", "step", parameters={"times": np.array([2.0, 1.0]), "amplitudes": np.zeros(2)},
            location=HERE,
        ),
        "times of a current source must not fall",
    ),
    "amplitudes": (
        lambda b: b.source(
            "s", "step", parameters={"times": np.zeros(1), "amplitudes": np.array([np.nan])},
            location=HERE,
        ),
        "parameter 'amplitudes' is not finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", CONTENT)
def test_content_of_arrays_is_checked_at_the_call(build, rule):
    act, message = CONTENT[rule]
    with pytest.raises(ModelError) as error:
        act(build)
    assert message in error.value.message
    assert error.value.location == HERE
    assert "script.py:12:5" in str(error.value)


def test_a_refused_call_leaves_no_trace(build):
    before = print_text(started().finish())
    for act, _ in CONTENT.values():
        with pytest.raises(ModelError):
            act(build)
    for arguments in [("E", 4, "Curr"), ("F", 0, "Curr"), ("F", 2, "Curl"), ("F", 2**70, "Curr")]:
        with pytest.raises(ModelError):
            build.population(*arguments, location=HERE)
    with pytest.raises(ModelError, match="list; expected a number"):
        build.population("F", 2, "Curr", parameters={"cm": [1.0, 2.0]}, location=HERE)
    with pytest.raises(ModelError, match="array of object"):
        build.population("F", 1, "Curr", parameters={"cm": np.array([None])}, location=HERE)
    document = build.finish()
    assert print_text(document) == before
    assert document.resources == {}


def test_arrays_of_equal_content_are_stored_once(build):
    same = np.linspace(1.0, 2.0, 12).reshape(4, 3)
    project(build, weight=same, delay=same.copy())
    document = build.finish()
    assert list(document.resources) == ["p.weight"]
    assert not document.resources["p.weight"].flags.writeable
    same[0, 0] = -1.0
    assert document.resources["p.weight"][0, 0] == 1.0


def test_ids_are_handed_out_in_order(build):
    build.source("s", "ac")
    build.population("F", 2, "Curr", first_id=100)
    build.population("G", 2, "Curr")
    symbols = build.finish().network.symbols()
    assert [symbols[n].object_id for n in ("E", "C", "s", "F", "G")] == [0, 1, 2, 3, 4]
    assert [symbols[n].first_id for n in ("E", "C", "F", "G")] == [0, 4, 100, 102]


def test_slices_count_in_the_parent(build):
    build.view("v", "E", slice(-3, None))
    build.view("w", "v", slice(None, None, -1))
    symbols = build.finish().network.symbols()
    assert list(symbols["v"].indices.data) == [1, 2, 3]
    assert list(symbols["w"].indices.data) == [2, 1, 0]


def test_a_model_is_added_once_and_not_changed():
    build = NetworkBuilder()
    assert build.use_model(STATIC, "a.mlir") == "Static"
    assert build.use_model("\n\n" + STATIC, "b.mlir") == "Static"
    with pytest.raises(ModelError, match=r"c.mlir:1: error: another model 'Static'"):
        build.use_model(STATIC.replace("weight", "2.0 * weight"), "c.mlir")
    with pytest.raises(ModelError, match=r"d.mlir:1: error: expected one model; found 5"):
        build.use_model("".join(MODELS), "d.mlir")
    assert print_text(build.finish()).count("syn.model") == 1
