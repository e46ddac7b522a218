"""Random draws in the events of cells: their text, their rules, and what is drawn."""

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.ir.diagnostics import ModelError
from snnc.ir.text import parse, print_text, verify

CELL = """dyn.cell @Escape {{
  param rate : Hz = 50.0
  param shape : 1 = 2.0
  state wait : 1 = 0.0
  {statement}
}}
"""


@pytest.mark.parametrize(
    "statement",
    [
        "when uniform(escape) < rate * dt { emit }",
        "when wait <= 0.0 { wait = wait + standard_gamma(next, shape)  emit }",
        "when wait <= 0.0 { wait = binomial(count, 4.0, 0.5) }",
    ],
)
def test_draws_print_as_they_are_written(statement):
    first = parse(CELL.format(statement=statement), "escape.mlir")
    verify(first)
    text = print_text(first)
    assert "".join(statement.split()) in "".join(text.split())
    again = parse(text, "again.mlir")
    assert again.module.is_structurally_equivalent(first.module)


@pytest.mark.parametrize(
    "statement",
    ["dwait/dt = uniform(noise) / 1.0 [ms]", "let noise = uniform(noise)"],
)
def test_draws_outside_of_events_are_refused(statement):
    document = parse(CELL.format(statement=statement), "escape.mlir")
    with pytest.raises(ModelError, match="a random draw stands in the condition or the body"):
        verify(document)


def test_a_shape_with_a_unit_is_refused():
    with pytest.raises(ModelError, match="a shape is a pure number"):
        verify(parse(CELL.format(statement="when standard_gamma(x, rate) > 1.0 { emit }"), "x"))


def spikes_of(celltype, size=200, ms=2000.0, **setup):
    sim.setup(timestep=0.1, **setup)
    cells = sim.Population(size, celltype)
    cells.record("spikes")
    sim.run(ms)
    trains = [np.asarray(t.magnitude) for t in cells.get_data().segments[0].spiketrains]
    sim.end()
    return trains


def intervals(trains):
    return np.concatenate([np.diff(train) for train in trains])


@pytest.mark.parametrize(("alpha", "beta"), [(2.5, 100.0), (0.7, 20.0), (6.0, 300.0)])
def test_intervals_of_a_gamma_source(alpha, beta):
    isi = intervals(spikes_of(sim.SpikeSourceGamma(alpha=alpha, beta=beta), ms=4000.0))
    mean, cv = alpha / beta * 1e3, alpha**-0.5
    assert isi.mean() == pytest.approx(mean, rel=0.03)
    assert isi.std() / isi.mean() == pytest.approx(cv, rel=0.05)


def test_dead_time_leaves_the_mean_rate():
    trains = spikes_of(sim.SpikeSourcePoissonRefractory(rate=80.0, tau_refrac=5.0))
    isi = intervals(trains)
    assert isi.min() >= 5.0 - 1e-9
    assert 1e3 / isi.mean() == pytest.approx(80.0, rel=0.02)
    assert isi.std() == pytest.approx(12.5 - 5.0, rel=0.05)


def test_sources_with_memory_keep_to_their_time():
    celltype = sim.SpikeSourceGamma(alpha=2.0, beta=400.0, start=100.0, duration=200.0)
    times = np.concatenate(spikes_of(celltype, ms=500.0))
    assert 100.0 < times.min() < 105.0
    assert 295.0 < times.max() <= 300.1


def test_escape_firing_has_the_rate_of_the_model():
    celltype = sim.GIF_cond_exp(
        lambda0=20.0, v_t_star=-65.0, tau_refrac=0.0, a_eta=[0.0] * 3, a_gamma=[0.0] * 3
    )
    trains = spikes_of(celltype)
    assert sum(map(len, trains)) / len(trains) / 2.0 == pytest.approx(20.0, rel=0.03)


def test_draws_do_not_depend_on_threads_or_on_pauses():
    celltype = sim.SpikeSourceGamma(alpha=1.5, beta=100.0)
    one = spikes_of(celltype, size=50, ms=200.0)
    two = spikes_of(celltype, size=50, ms=200.0, threads=2)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)


def test_adaptation_of_a_stochastic_cell():
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.GIF_cond_exp(i_offset=5.0, a_eta=[0.1, 0.2, 0.3]))
    cells.record(["spikes", "v_t", "i_eta"])
    sim.run(50.0)
    segment = cells.get_data().segments[0]
    first = segment.spiketrains[0].magnitude[0]
    k = round(first / 0.1)
    threshold = segment.filter(name="v_t")[0].magnitude[:, 0]
    current = segment.filter(name="i_eta")[0].magnitude[:, 0]
    assert threshold[k] - threshold[k - 1] == pytest.approx(3.0)
    assert current[k] == pytest.approx(0.6)
    later = 0.1 * np.exp(-1.0) + 0.2 * np.exp(-0.1) + 0.3 * np.exp(-0.01)
    assert current[k + 10] == pytest.approx(later)
    sim.end()
