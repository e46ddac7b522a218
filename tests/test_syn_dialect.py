"""The `syn` dialect: states keep to their axes, and wrong synapses are refused with a place."""

import pytest

from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import dyn, syn
from snnc.ir.read_model import read_model
from snnc.ir.text import parse, print_text, verify

SYNAPSE = """syn.model @synapse {
  param A : 1 = 0.1
  param tau : ms = 20.0
  state x : 1 = 0.0 per pre
  state y : 1 = 0.0 per post
  state z : 1 = 0.0 per edge
%s
}
"""
DELIVERS = "\non pre { deliver weight }"


def read(text):
    document = parse(text, "synapse.mlir")
    verify(document)
    return document


def test_round_trip_of_every_construct():
    text = SYNAPSE % (
        "decay tau_syn\nlet rate = 1.0 / tau\ndx/dt = -x * rate\ndy/dt = -y / tau_syn\n"
        "dz/dt = -z / tau\non pre { let next = weight - A * y * weight\n"
        "x = x + 1.0 weight = next deliver next }\non post { y = y + 1.0 z = z + x }"
    )
    document = read(text)
    printed = print_text(document)
    assert "let next = weight - A * y * weight\n" in printed
    for form in (printed, print_text(document, generic=True)):
        again = read(form)
        assert print_text(again) == printed
        assert again.module.is_structurally_equivalent(document.module)


def test_a_let_cannot_be_printed_over_the_weight():
    document = read(SYNAPSE % "on pre { let a = weight * A deliver a + a }")
    shared = next(op for op in document.module.walk() if isinstance(op, syn.EventOp))
    next(op for op in shared.body.block.ops if op.operands).results[0].name_hint = "weight"
    printed = print_text(document)
    assert "let weight_0 = weight * A" in printed
    assert read(printed).module.is_structurally_equivalent(document.module)


def test_edge_states_may_read_every_axis():
    read(SYNAPSE % ("on pre { deliver weight }\non post { z = z + x * y weight = weight * x }"))


def test_alias_of_parameters_has_no_axis():
    read(SYNAPSE % ("let k = A * 2.0\non pre { x = x + k deliver weight }\non post { y = y + k }"))


def test_draws_are_printed_and_read_back():
    body = "on pre { z = binomial(sites, 3.0, A) deliver weight * (uniform(a) + uniform(b)) }"
    printed = print_text(read(SYNAPSE % body))
    assert "z = binomial(sites, 3.0, A)\n" in printed
    assert "deliver weight * (uniform(a) + uniform(b))\n" in printed
    assert print_text(read(printed)) == printed


# (body of a synapse whose declarations take 6 lines, message, line:column)
REFUSED = {
    "no on pre": ("on post { y = y + 1.0 }", "has no 'on pre', so it would deliver", "1:1"),
    "no delivery": ("on pre { x = x + 1.0 }", "'on pre' delivers nothing", "7:1"),
    "deliver on post": (
        DELIVERS + "\non post { deliver weight }", "only a presynaptic spike delivers", "9:11",
    ),
    "deliver a number": ("on pre { deliver x }", "found a pure number, expected weight", "7:10"),
    "on pre twice": (DELIVERS + DELIVERS, "'on pre' stands twice", "9:1"),
    "unknown event": ("on both { deliver weight }", "Expected one of", "7:4"),
    "unknown axis": ("state q : 1 = 0.0 per side" + DELIVERS, "found 'side', expected one", "7:1"),
    "no axis": ("state q : 1 = 0.0" + DELIVERS, "found 'element', expected one of pre", "7:1"),
    "pre derivative reads post": (
        "dx/dt = -y / tau" + DELIVERS, "'x' is per pre but depends on 'y', which is per post",
        "7:1",
    ),
    "pre derivative reads edge": (
        "dx/dt = -z / tau" + DELIVERS, "'x' is per pre but depends on 'z', which is per edge",
        "7:1",
    ),
    "pre reads weight": (
        "on pre { x = x + weight / weight deliver weight }",
        "'x' is per pre but depends on 'weight', which is per edge", "7:10",
    ),
    "post reads pre": (
        DELIVERS + "\non post { y = x }", "'y' is per post but depends on 'x', which is per pre",
        "9:11",
    ),
    "through an alias": (
        "let k = y * 2.0\non pre { x = k deliver weight }",
        "'x' is per pre but depends on 'k', which is per post", "8:10",
    ),
    "through a let": (
        "on pre { let k = y * 2.0 x = k deliver weight }",
        "'x' is per pre but depends on 'y', which is per post", "7:26",
    ),
    "wrong side": (
        "on pre { y = y + 1.0 deliver weight }", "'y' is per post, so only 'on post' can", "7:10",
    ),
    "weight declared": ("param weight : 1 = 1.0" + DELIVERS, "'weight' is declared twice", "7:1"),
    "weight as a let": (
        "on pre { let weight = 1.0 deliver weight }", "'weight' is declared twice", "7:14",
    ),
    "decay declared": ("decay tau" + DELIVERS, "'tau' is declared twice", "7:1"),
    "derivative twice": (
        "dx/dt = -x / tau\ndx/dt = -x / tau" + DELIVERS, "'x' has two derivatives", "8:1",
    ),
    "derivative unit": ("dx/dt = x" + DELIVERS, "dx/dt has the wrong unit; found a pure", "7:1"),
    "assigned unit": ("on pre { x = weight deliver weight }", "assigned the wrong unit", "7:10"),
    "assigned twice": ("on pre { x = x x = x deliver weight }", "'x' is assigned twice", "7:16"),
    "not a state": ("on pre { A = A deliver weight }", "'A' is not a state", "7:10"),
    "unknown name": ("on pre { deliver wieght }", "'wieght'; did you mean 'weight'?", "7:18"),
    "emit": ("on pre { deliver weight emit }", "'emit' has no place in the event of a", "7:25"),
    "goto": ("on pre { deliver weight goto up }", "'goto' has no place in the event", "7:25"),
    "draw of a shared state": (
        "on pre { x = uniform(s) deliver weight }",
        "'x' is per pre but depends on a random draw, which is per edge", "7:10",
    ),
    "draw on post": (
        DELIVERS + "\non post { z = uniform(s) }", "a random draw of a synapse stands in its 'on",
        "9:15",
    ),
    "draw of a derivative": (
        "dz/dt = uniform(s) / tau" + DELIVERS, "a random draw of a synapse stands in its 'on pre'",
        "7:9",
    ),
    "the time": (
        "on pre { deliver weight * select(t > tau, 1.0, 0.0) }", "a synapse cannot read the time",
        "7:34",
    ),
    "draw with a unit": (
        "on pre { deliver weight * binomial(s, weight, 0.5) }",
        "'binomial' takes pure numbers; found weight", "7:27",
    ),
    "regime": ("regime up {}" + DELIVERS, "a statement expected; found 'regime'", "7:1"),
    "receptor": ("receptor r : uS" + DELIVERS, "a statement expected; found 'receptor'", "7:1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    body, message, place = REFUSED[case]
    with pytest.raises(ModelError) as caught:
        read(SYNAPSE % body)
    assert message in caught.value.message
    found = caught.value.location
    assert (found.file, f"{found.line}:{found.column}") == ("synapse.mlir", place)


def test_unknown_event_is_refused_in_the_generic_form():
    text = print_text(read(SYNAPSE % DELIVERS), generic=True)
    with pytest.raises(ModelError, match="unknown event 'both'; expected pre or post"):
        read(text.replace('side = "pre"', 'side = "both"'))


def test_cell_operations_are_refused_in_a_synapse():
    document = read(SYNAPSE % DELIVERS)
    document.module.body.block.first_op.body.block.add_op(dyn.ReceptorOp("r", "uS"))
    with pytest.raises(ModelError, match="'receptor' has no place in a synapse"):
        verify(document)


@pytest.mark.parametrize(
    ("body", "plastic", "decay"),
    [
        ("on pre { deliver weight }", False, False),
        ("decay tau_syn\non pre { deliver weight * x }", False, True),
        ("on pre { weight = weight * A deliver weight }", True, False),
        ("on pre { deliver weight }\non post { weight = weight * A }", True, False),
    ],
)
def test_description_tells_what_the_runtime_must_keep(body, plastic, decay):
    info = read_model(SYNAPSE % body)
    assert (info.kind, info.plastic, info.decay) == ("synapse", plastic, decay)
    assert {name: state.axis for name, state in info.states.items()} == {
        "x": "pre",
        "y": "post",
        "z": "edge",
    }
