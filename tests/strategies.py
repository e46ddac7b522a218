"""Hypothesis strategies: random arithmetic and random networks."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from snnc.ir.build import NetworkBuilder
from snnc.ir.text import Document, print_text
from snnc.ir.values import DistanceExpression, Random, Sequences, Space

CURRENT_CELL = """
dyn.cell @Curr {
  param tau_m : ms = 20.0
  param i_offset : nA = 0.0
  param cm : nF = 1.0
  state v : mV = -65.0
  receptor excitatory : mV
  receptor inhibitory : mV
  current injected : nA
  dv/dt = -v / tau_m + (i_offset + injected) / cm
  on excitatory(w) { v = v + w }
  on inhibitory(w) { v = v + w }
}
"""
COND_CELL = """
dyn.cell @Cond {
  param cm : nF = 1.0
  param tau_syn : ms
  param e_rev : mV = 0.0
  state v : mV = -65.0
  state g : uS = 0.0
  state secret : uS = 0.0 hidden
  receptor excitatory : uS decay tau_syn
  receptor shunt : uS
  dg/dt = -g / tau_syn
  dv/dt = g * (e_rev - v) / cm
  on excitatory(w) { g = g + w }
  on shunt(w) { g = g + w }
}
"""
SPIKE_SOURCE = """
dyn.cell @Source {
  param spike_times : ms sequence
  emit at spike_times
}
"""
STATIC = "syn.model @Static { on pre { deliver weight } }"
DEPRESSING = """
syn.model @Depressing {
  param U : 1 = 0.5
  param tau_rec : ms = 100.0
  decay tau_syn
  state x : 1 = 1.0 per pre
  dx/dt = (1.0 - x) / tau_rec
  on pre { x = x - U * x  deliver weight * U * x }
}
"""
MODELS = (CURRENT_CELL, COND_CELL, SPIKE_SOURCE, STATIC, DEPRESSING)


def builder(dt: float = 0.1, seed: int = 1) -> NetworkBuilder:
    """Return a builder that has the models above."""
    result = NetworkBuilder("net", dt, seed)
    for text in MODELS:
        result.use_model(text, "models.mlir")
    return result


def example_models() -> Path:
    """Return the folder of the models that come with snnc."""
    import snnc

    return Path(snnc.__file__).parent / "models"


# --- arithmetic ---

_numbers = st.one_of(
    st.integers(0, 20).map(float),
    st.floats(1e-3, 50.0, allow_nan=False).map(lambda x: float(f"{x:.4g}")),
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    unary = st.sampled_from(["exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "abs", "log2"])
    compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    condition = st.builds(lambda a, o, b: f"({a}){o}({b})", inner, compare, inner)
    return st.one_of(
        st.builds(lambda a, o, b: f"({a}){o}({b})", inner, st.sampled_from("+-*/"), inner),
        st.builds(lambda a, n: f"({a})**{n}", inner, st.integers(0, 4)),
        st.builds(lambda a, b: f"({a})**({b})", inner, inner),
        st.builds(lambda a: f"-({a})", inner),
        st.builds(lambda f, a: f"{f}({a})", unary, inner),
        st.builds(lambda f, a, b: f"{f}({a},{b})", st.sampled_from(["min", "max"]), inner, inner),
        st.builds(lambda c, a, b: f"where({c},{a},{b})", condition, inner, inner),
        st.builds(lambda c, a: f"({c})*({a})", condition, inner),
        st.builds(lambda c, k: f"({c}) {k} ({c})", condition, st.sampled_from(["and", "or"])),
        st.builds(lambda c: f"not ({c})", condition),
    )


arithmetic_texts = st.recursive(
    st.one_of(st.just("d"), st.just("pi"), _numbers.map(repr)), _grow, max_leaves=12
)
"""Texts that Python and numpy can evaluate as well."""


# --- networks ---

_finite = st.floats(allow_nan=False, allow_infinity=False)
_positive = st.floats(0.1, 100.0)
_seeds = st.one_of(st.none(), st.integers(0, 2**63 - 1))
_labels = st.one_of(st.none(), st.text(string.printable + 'äß"\\', max_size=12))
_symbols = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_$.]{0,8}", fullmatch=True),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=8),
)
_randoms = st.one_of(
    st.builds(
        lambda a, b, s: Random("uniform", {"low": min(a, b), "high": max(a, b)}, s),
        _positive,
        _positive,
        _seeds,
    ),
    st.builds(
        lambda m, s, low: Random(
            "normal_clipped", {"mu": m, "sigma": s, "low": low, "high": np.inf}, None
        ),
        _finite,
        _positive,
        st.floats(allow_nan=False, max_value=1e300),
    ),
)
_distances = st.sampled_from(["0.5+0.01*d", "exp(-d**2/400)", "where(d<3,1,2)"]).map(
    DistanceExpression
)


def _array(*shape: int) -> st.SearchStrategy[np.ndarray]:
    count = int(np.prod(shape))
    return st.lists(_positive, min_size=count, max_size=count).map(
        lambda numbers: np.array(numbers).reshape(shape)
    )


class Drawn:
    """A document that hypothesis shows as its text."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def __repr__(self) -> str:
        return print_text(self.document)


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    """Random networks of a few populations, with all kinds of operations and values."""
    build = builder(draw(st.floats(1e-3, 1.0)), draw(st.integers(0, 2**63 - 1)))
    names = draw(st.lists(_symbols, min_size=12, max_size=12, unique=True))
    groups: dict[str, int] = {}
    sources: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        name, size = names.pop(), draw(st.integers(1, 5))
        _population(draw, build, name, size)
        groups[name] = size
    parents = dict(groups)
    for _ in range(draw(st.integers(0, 2))):
        name, parent = names.pop(), draw(st.sampled_from(sorted(parents)))
        indices = draw(_indices(parents[parent]))
        build.view(name, parent, indices, label=draw(_labels))
        groups[name] = parents[name] = len(indices)
    if draw(st.booleans()):
        name = names.pop()
        members = draw(st.lists(st.sampled_from(sorted(parents)), unique=True))
        build.assembly(name, members, label=draw(_labels))
        groups[name] = sum(parents[member] for member in members)
    for _ in range(draw(st.integers(0, 3))):
        pre, post = (draw(st.sampled_from(sorted(groups))) for _ in range(2))
        _projection(draw, build, names.pop(), pre, post, (groups[pre], groups[post]))
    if draw(st.booleans()):
        sources.append(names.pop())
        build.source(sources[0], "dc", parameters={"amplitude": draw(_finite), "stop": np.inf})
        build.inject(sources[0], draw(st.sampled_from(sorted(groups))))
    build.record(draw(st.sampled_from(sorted(parents))), ["spikes", "v"])
    return Drawn(build.finish())


def _population(draw: st.DrawFn, build: NetworkBuilder, name: str, size: int) -> None:
    value = st.one_of(_finite, _randoms, _array(size))
    build.population(
        name,
        size,
        "Curr",
        label=draw(_labels),
        parameters=draw(st.dictionaries(st.sampled_from(["tau_m", "cm"]), value)),
        initial=draw(st.dictionaries(st.just("v"), value)),
        structure=draw(st.sampled_from([None, ("grid_2d", {"dx": 1.0, "rows": 2})])),
        positions=draw(st.one_of(st.none(), _array(3, size))),
    )


def _indices(size: int) -> st.SearchStrategy[np.ndarray | range]:
    some = st.lists(st.integers(0, size - 1), unique=True) if size else st.just([])
    arrays = some.map(lambda chosen: np.array(chosen, dtype=np.int64))
    if not size:
        return arrays
    steps = st.integers(1, 3).map(lambda step: range(0, size, step))
    return st.one_of(arrays, steps, st.just(range(size - 1, -1, -1)))


def _projection(
    draw: st.DrawFn, build: NetworkBuilder, name: str, pre: str, post: str, shape: tuple[int, int]
) -> None:
    explicit = np.zeros(min(shape), dtype=np.int64)
    connectors = [
        ("all_to_all", {"allow_self_connections": True}),
        ("distance_dependent_probability", {"d_expression": draw(_distances)}),
        ("fixed_number_pre", {"n": draw(_randoms), "with_replacement": False}),
        ("from_list", {"pre": explicit, "post": explicit}),
    ]
    connector = draw(st.sampled_from(connectors))
    value = st.one_of(_positive.map(lambda x: x + 1.0), _randoms, _distances, _array(*shape))
    build.projection(
        name,
        pre,
        post,
        connector,
        "Static",
        "excitatory",
        draw(value),
        draw(st.one_of(_positive.map(lambda x: x + 1.0), _randoms, _distances)),
        label=draw(_labels),
        space=draw(
            st.sampled_from(
                [None, Space(axes="xy"), Space(offset=(1.0, 0.0, -2.5)), _PERIODIC, Space()]
            )
        ),
    )


_PERIODIC = Space(scale_factor=(2.0, 1.0, 1.0), periodic_boundaries=((0.0, 10.0), None, None))


@st.composite
def spike_times(draw: st.DrawFn) -> Sequences:
    """One list of times for each of a few cells."""
    return Sequences.of(draw(st.lists(st.lists(_positive, max_size=3), min_size=1, max_size=4)))
