"""Random networks: neither threads nor how time is cut change a bit of what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from few_cells_cases import CASES, like
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from single_cells import arrays, builder_of

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.text import Document
from snnc.ir.values import Random, Sequences

CELLS = ("IF_curr_exp", "IF_curr_delta", "IF_cond_exp", "Izhikevich", "EIF_cond_exp_isfa_ista")
SYNAPSES = (
    "StaticSynapse",
    "TsodyksMarkramSynapse",
    "STDP_SpikePairRule_AdditiveWeightDependence",
)
# Strong enough that a handful of arrivals fires a cell.
WEIGHTS = {
    "IF_curr_exp": 2.0,
    "IF_curr_delta": 6.0,
    "IF_cond_exp": 0.05,
    "Izhikevich": 6.0,
    "EIF_cond_exp_isfa_ista": 0.05,
}
DURATION = 30.0


@dataclass(frozen=True)
class Link:
    pre: int
    post: int
    connector: tuple[str, dict[str, Any]]
    synapse: str
    weight: tuple[float, float]
    delay: tuple[float, float]


@dataclass(frozen=True)
class Network:
    populations: list[tuple[str, int]]
    links: list[Link]
    seed: int


@st.composite
def connectors(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["fixed_probability", "fixed_number_pre", "all_to_all"]))
    if kind == "fixed_probability":
        return kind, {"p_connect": draw(st.sampled_from([0.1, 0.5]))}
    if kind == "fixed_number_pre":
        return kind, {"n": draw(st.integers(1, 5)), "with_replacement": True}
    return kind, {}


@st.composite
def networks(draw: st.DrawFn) -> Network:
    populations = draw(
        st.lists(st.tuples(st.sampled_from(CELLS), st.integers(1, 23)), min_size=2, max_size=4)
    )
    index = st.integers(0, len(populations) - 1)
    links = draw(
        st.lists(
            st.builds(
                Link,
                index,
                index,
                connectors(),
                st.sampled_from(SYNAPSES),
                st.tuples(st.floats(0.05, 0.5), st.sampled_from([0.0, 0.1])),
                st.tuples(st.sampled_from([0.1, 0.3, 1.0]), st.sampled_from([0.0, 1.7])),
            ),
            min_size=1,
            max_size=5,
        )
    )
    return Network(populations, links, draw(st.integers(0, 1000)))


def document(network: Network) -> Document:
    models = [model for model, _ in network.populations]
    builder = builder_of([*models, "SpikeSourceArray", *SYNAPSES], seed=network.seed)
    rng = np.random.default_rng(network.seed)
    trains = Sequences.of([np.sort(rng.integers(0, 300, 8)) / 10 for _ in range(11)])
    builder.population("input", 11, "SpikeSourceArray", parameters={"spike_times": trains})
    for number, (model, size) in enumerate(network.populations):
        values = arrays(like(model, size).parameters)
        v = Random("normal", {"mu": -62.0, "sigma": 3.0})
        builder.population(f"p{number}", size, model, parameters=values, initial={"v": v})
        builder.projection(
            f"input{number}", "input", f"p{number}", ("fixed_probability", {"p_connect": 0.5}),
            "StaticSynapse", "excitatory", WEIGHTS[model], 0.4,
        )  # fmt: skip
        builder.record(f"p{number}", ["spikes", "v"])
    for number, link in enumerate(network.links):
        builder.projection(f"link{number}", **_projection(network, link))
    return builder.finish()


def _projection(network: Network, link: Link) -> dict[str, Any]:
    model = network.populations[link.post][0]
    synapse = link.synapse
    if "tau_syn_E" not in CASES[model].parameters and synapse == "TsodyksMarkramSynapse":
        synapse = "StaticSynapse"
    scale = WEIGHTS[model]
    mean, spread = link.weight
    low, range_ = link.delay
    weight: Any = mean * scale
    if spread:
        weight = Random("uniform", {"low": mean * scale, "high": (mean + spread) * scale})
    delay: Any = Random("uniform", {"low": low, "high": low + range_}) if range_ else low
    return {
        "pre": f"p{link.pre}",
        "post": f"p{link.post}",
        "connector": link.connector,
        "synapse": synapse,
        "receptor": "excitatory",
        "weight": weight,
        "delay": delay,
        "parameters": {"w_max": scale, "A_plus": 0.1} if synapse.startswith("STDP") else None,
    }


def outcome(network: CompiledNetwork, populations: int) -> dict[str, bytes]:
    """Return spikes, v and weights, byte by byte."""
    simulation, found = network.simulation, {}
    for name in (f"p{number}" for number in range(populations)):
        found[name] = simulation.trace(name, "v").values.tobytes()
        found[f"{name} spikes"] = b"".join(part.tobytes() for part in simulation.spikes(name))
    for projection in network.artifact.projections:
        weights = simulation.edge_values(projection.name, "weight")
        found[f"{projection.name} weights"] = weights.tobytes()
    return found


@settings(
    deadline=None,
    max_examples=8,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    networks(),
    st.lists(st.floats(0.1, 15.0), min_size=1, max_size=3),
    st.sampled_from(["f64", "f32", "packed"]),
)
def test_threads_and_pieces_of_time_do_not_change_a_bit(
    network: Network, pieces: list[float], precision: str
):
    built, populations = document(network), len(network.populations)
    once = snnc.compile(built, threads=1, precision=precision)
    once.run(DURATION)
    expected = outcome(once, populations)
    assert sum(once.simulation.spike_counts(f"p{n}").sum() for n in range(populations)) > 0

    threaded = snnc.compile(built, threads=3, precision=precision)
    threaded.run(DURATION)
    assert outcome(threaded, populations) == expected

    cut = snnc.compile(built, threads=2, precision=precision)
    steps = [round(piece / 0.1) for piece in pieces]
    steps = [n for i, n in enumerate(steps) if sum(steps[: i + 1]) <= 300]
    for n in [*steps, 300 - sum(steps)]:
        cut.run(n * 0.1)
    assert outcome(cut, populations) == expected
