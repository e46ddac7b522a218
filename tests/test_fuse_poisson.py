"""Poisson input by counts: the same bits as by spikes, and Poisson indeed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from single_cells import builder_of

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.text import Document, print_text
from snnc.ir.values import Random, Value
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.runtime.simulation import Simulation

SIZE = 200


def network(
    rate: Value = 2000.0, *, weight: Value = 0.1, second: bool = False, record: bool = False
) -> Document:
    """Return cells with a source each, and with synapses among themselves."""
    builder = builder_of(["IF_curr_exp", "SpikeSourcePoisson", "StaticSynapse"], seed=11)
    v = Random("uniform", {"low": -65.0, "high": -51.0})
    builder.population("cells", SIZE, "IF_curr_exp", initial={"v": v})
    noise = {"rate": rate, "start": 3.0}
    among = ("fixed_probability", {"p_connect": 0.1})
    builder.projection("among", "cells", "cells", among, "StaticSynapse", "excitatory", 0.3, 1.5)
    for name in ("noise", "more")[: 1 + second]:
        builder.population(name, SIZE, "SpikeSourcePoisson", parameters=noise)
        builder.projection(
            f"{name}_in", name, "cells", ("one_to_one", {}), "StaticSynapse", "excitatory",
            weight, 0.7,
        )  # fmt: skip
    builder.record("cells", ["spikes", "v"])
    if record:
        builder.record("noise", ["spikes"])
    return builder.finish()


def compiled(document: Document, fuse: bool, precision: str, threads: int = 1) -> CompiledNetwork:
    text = pipeline_text("cpu", precision=precision, threads=threads)
    return snnc.compile(document, pipeline=text if fuse else text.replace("fuse-poisson,", ""))


def run(network: CompiledNetwork, between: Callable[[Simulation], None] | None = None) -> bytes:
    simulation = network.simulation
    simulation.run(20.0)
    if between is not None:
        between(simulation)
    simulation.run(20.0)
    assert simulation.spike_counts("cells").sum() > 100
    return simulation.trace("cells", "v").values.tobytes()


def forms(network: CompiledNetwork) -> dict[str, str]:
    return {p.name: p.storage for p in network.artifact.projections}


@pytest.mark.parametrize("precision", ["f64", "f32", "packed"])
@pytest.mark.parametrize("rate", [2000.0, np.linspace(10.0, 4000.0, SIZE)], ids=["one", "each"])
def test_counts_and_spikes_give_the_same_bits(precision: str, rate: Value):
    document = network(rate, second=True)
    spikes, counts = (compiled(document, fuse, precision) for fuse in (False, True))
    assert forms(counts)["noise_in"] == forms(counts)["more_in"] == "counts"
    assert forms(spikes)["noise_in"] == "scalar"
    expected = run(spikes)
    assert run(counts) == expected
    assert run(compiled(document, True, precision, threads=3)) == expected


def test_rates_weights_and_delays_may_change_between_runs():
    def change(simulation: Simulation) -> None:
        simulation.set_parameter("noise", "rate", 3500.0)
        simulation.set_edge_values("noise_in", "weight", 0.15)
        simulation.set_edge_values("noise_in", "delay", 1.2)

    document = network()
    spikes, counts = (run(compiled(document, fuse, "f64"), change) for fuse in (False, True))
    assert counts == spikes


def test_recording_may_begin_late():
    def record(simulation: Simulation) -> None:
        simulation.record("noise", ["spikes"])

    document = network()
    spikes, counts = (compiled(document, fuse, "f64") for fuse in (False, True))
    assert run(counts, record) == run(spikes, record)
    for one, other in zip(
        counts.simulation.spikes("noise"), spikes.simulation.spikes("noise"), strict=True
    ):
        assert np.array_equal(one, other)
    assert counts.simulation.spike_counts("noise").sum() > 5000


def test_connections_without_rows_can_be_read():
    simulation = compiled(network(), True, "f64").simulation
    edges = simulation.edges("noise_in")
    assert np.array_equal(edges.pre, np.arange(SIZE))
    assert np.array_equal(edges.post, np.arange(SIZE))
    assert np.allclose(simulation.edge_values("noise_in", "delay"), 0.7)


def test_reset_repeats_the_run():
    simulation = compiled(network(), True, "f64").simulation
    simulation.run(30.0)
    first = simulation.trace("cells", "v").values.copy()
    simulation.reset()
    simulation.run(30.0)
    assert np.array_equal(simulation.trace("cells", "v").values, first)


def lowered(document: Document) -> str:
    run_passes(document, parse_passes(pipeline_text("cpu")))
    return print_text(document)


def test_the_storage_is_printed():
    assert lowered(network()).count('storage = "counts"') == 1


def test_weights_that_differ_keep_their_rows():
    weight = Random("uniform", {"low": 0.1, "high": 0.2})
    assert 'storage = "counts"' not in lowered(network(weight=weight))


def test_counts_come_before_other_noise_or_not_at_all():
    builder = builder_of(["IF_curr_exp", "SpikeSourcePoisson", "StaticSynapse"])
    builder.population("cells", SIZE, "IF_curr_exp")
    builder.population("noise", SIZE, "SpikeSourcePoisson")
    for name, connector in (("all", "all_to_all"), ("own", "one_to_one")):
        builder.projection(
            name, "noise", "cells", (connector, {}), "StaticSynapse", "excitatory", 0.1, 0.7
        )
    assert 'storage = "counts"' not in lowered(builder.finish())


@pytest.mark.parametrize("rate", [0.0, 0.5, 800.0, 24_000.0, 300_000.0])
def test_counts_have_the_distribution_of_poisson(rate: float):
    builder = builder_of(["SpikeSourcePoisson"], seed=2)
    builder.population("noise", 1000, "SpikeSourcePoisson", parameters={"rate": rate})
    builder.record("noise", ["spikes"])
    simulation = snnc.compile(builder.finish()).simulation
    simulation.run(20.0)
    times, cells = simulation.spikes("noise")
    steps = np.rint(times / 0.1).astype(int)
    assert steps.min(initial=1) >= 1
    counts = np.bincount(cells * 200 + steps - 1, minlength=200_000)
    mean = rate * 1e-4
    values = np.arange(counts.max() + 1)
    expected = stats.poisson.pmf(values, mean) * counts.size
    enough = expected > 10.0
    observed = np.bincount(counts, minlength=values.size)
    assert abs(counts.sum() - mean * counts.size) < 5.0 * np.sqrt(mean * counts.size) + 1e-9
    chi = ((observed - expected)[enough] ** 2 / expected[enough]).sum()
    assert chi < stats.chi2.ppf(0.9999, max(enough.sum(), 1))


def test_neighbours_and_successive_steps_are_independent():
    builder = builder_of(["SpikeSourcePoisson"], seed=4)
    builder.population("noise", 640, "SpikeSourcePoisson", parameters={"rate": 10_000.0})
    builder.record("noise", ["spikes"])
    simulation = snnc.compile(builder.finish()).simulation
    simulation.run(50.0)
    times, cells = simulation.spikes("noise")
    steps = np.rint(times / 0.1).astype(int) - 1
    counts = np.bincount(cells * 500 + steps, minlength=320_000).reshape(640, 500) - 1.0
    for shift in (1, 15, 16, 17, 32, 48, 64):
        assert abs((counts[shift:] * counts[:-shift]).mean()) < 0.01
    for lag in (1, 2, 3, 4):
        assert abs((counts[:, lag:] * counts[:, :-lag]).mean()) < 0.01


def test_rare_spikes_are_as_frequent_as_they_should_be():
    # Rarer than 16 bits could tell, and from many blocks of cells.
    builder = builder_of(["SpikeSourcePoisson"], seed=5)
    builder.population("noise", 20_000, "SpikeSourcePoisson", parameters={"rate": 0.05})
    builder.record("noise", ["spikes"])
    simulation = snnc.compile(builder.finish()).simulation
    simulation.run(1000.0)
    assert abs(simulation.spike_counts("noise").sum() - 1000.0) < 5.0 * np.sqrt(1000.0)


def spikes_of_sources(rate: Value, threads: int) -> list[np.ndarray]:
    builder = builder_of(["SpikeSourcePoisson"], seed=6)
    builder.population("noise", 2500, "SpikeSourcePoisson", parameters={"rate": rate})
    builder.record("noise", ["spikes"])
    simulation = snnc.compile(builder.finish(), threads=threads).simulation
    simulation.run(20.0)
    return list(simulation.spikes("noise"))


def test_one_rate_of_all_cells_and_rates_of_each_draw_the_same_spikes():
    each = np.full(2500, 4000.0)
    each[-1] = 0.0
    times, cells = spikes_of_sources(4000.0, 1)
    for threads, rate in ((3, 4000.0), (1, each), (3, each)):
        found = spikes_of_sources(rate, threads)
        kept = cells < (2500 if np.isscalar(rate) else 2499)
        assert np.array_equal(found[0], times[kept])
        assert np.array_equal(found[1], cells[kept])


def test_counts_under_way_are_carried_over_to_a_network_compiled_anew():
    document = network()
    once, first, then = (compiled(document, True, "f64") for _ in range(3))
    run(once)
    first.simulation.run(20.0)
    then.simulation.import_state(first.simulation.export_state())
    then.simulation.run(20.0)
    v, expected = (one.simulation.trace("cells", "v").values for one in (then, once))
    assert v.tobytes() == expected.tobytes()
