"""Tables in model text, and the source of an inhomogeneous gamma process, which is made of them."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import Sequence
from scipy import stats

import snnc.pynn as sim
from snnc import model_library
from snnc.ir.diagnostics import ModelError, UserError
from snnc.ir.text import parse, print_text, verify
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.runtime.jit.cache import Kernels, KernelSource

DRIVEN = """dyn.cell @driven {
  param tau : ms = 10.0
  param level : mV sequence = 0.0
  param begin : ms sequence = 0.0
  state v : mV = 0.0
  %s
}
"""
EQUATION = "dv/dt = (piecewise(level, begin, t) - v) / tau"


def read(statement=EQUATION):
    document = parse(DRIVEN % statement, "driven.mlir")
    verify(document)
    return document


def test_a_table_is_printed_and_read_back_and_is_no_constant():
    document = read()
    printed = print_text(document)
    assert "(piecewise(level, begin, t) - v) / tau" in printed
    for form in (printed, print_text(document, generic=True)):
        again = parse(form, "again.mlir")
        verify(again)
        assert print_text(again) == printed
    run_passes(document, parse_passes("solve,hoist-constants"))
    verify(document)
    solved = print_text(document)
    assert "solved v by exponential_midpoint" in solved
    update = solved[solved.index("update") :]
    assert "piecewise(level, begin, t" in update
    again = parse(solved, "solved.mlir")
    verify(again)
    assert print_text(again) == solved


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("dv/dt = -piecewise(level, begin, v) / tau", "found mV, expected ms as 'begin'"),
        ("dv/dt = piecewise(level, tau, t) / tau", "'tau' is not a sequence"),
        ("dv/dt = piecewise(v, begin, t) / tau", "'v' is not a sequence"),
        ("dv/dt = piecewise(begin, begin, t) / tau", "dv/dt has the wrong unit"),
        (
            "dv/dt = piecewise(levels, begin, t) / tau",
            "unknown name 'levels'; did you mean 'level'",
        ),
        ("dv/dt = (level - v) / tau", "'level' is a sequence"),
        (
            "emit poisson piecewise(level, begin, t) / 1.0 [mV*ms]",
            "the rate of 'emit poisson' cannot be read from a table",
        ),
        ("dv/dt = -v * log_gamma_sf(tau, 1.0) / tau", "'log_gamma_sf' takes pure numbers"),
    ],
)
def test_tables_that_are_refused(statement, message):
    with pytest.raises(ModelError, match=message.replace("*", r"\*")):
        read(statement)


def test_a_synapse_has_no_tables():
    text = "param w : weight sequence\nparam at : ms sequence\n"
    text += "on pre { deliver piecewise(w, at, t) }"
    with pytest.raises(ModelError, match="reads a table, which only cells have"):
        verify(parse(f"syn.model @s {{\n{text}\n}}", "s.mlir"))


GAMMA = """\
from snnc.runtime.jit.intrinsics import f64, i64, loop
from snnc.runtime.jit.special import log_gamma_sf
@loop
def evaluate(n, a, x, y):
    for i in range(n):
        y[i] = log_gamma_sf(a[i], x[i])
def entry(desc, rows, step):
    d = i64(desc, 4)
    n = d[0]
    evaluate(n, f64(d[1], n), f64(d[2], n), f64(d[3], n))
"""


def test_survival_of_gamma_variates_far_into_the_tail(tmp_path):
    shapes = np.array([0.1, 0.5, 1.0, 2.7, 30.0, 500.0])
    points = np.array([1e-9, 0.01, 0.9, 3.0, 29.0, 520.0, 3000.0])
    a, x = (np.ascontiguousarray(g.ravel()) for g in np.meshgrid(shapes, points))
    y = np.empty(a.size)
    table = np.array([a.size, a.ctypes.data, x.ctypes.data, y.ctypes.data], np.int64)
    Kernels(tmp_path).get(KernelSource("log_gamma_sf", GAMMA))(table.ctypes.data, 1, 0)
    expected = stats.gamma.logsf(x, a)
    usable = np.isfinite(expected)  # SciPy's underflows beyond 700
    assert np.allclose(y[usable], expected[usable], rtol=1e-9, atol=1e-12)
    assert np.isfinite(y).all() and (y <= 0.0).all()
    # For shape 1 the survival is exp(-x).
    assert np.allclose(y[a == 1.0], -x[a == 1.0], rtol=1e-12)


@pytest.fixture
def driven(tmp_path, monkeypatch):
    (tmp_path / "driven.mlir").write_text(DRIVEN % EQUATION)
    monkeypatch.setenv(model_library.VARIABLE, str(tmp_path))


def test_each_cell_has_its_own_table(driven):
    sim.setup(timestep=0.1)
    tables = {"level": [Sequence([1.0, -2.0]), Sequence([5.0])],
              "begin": [Sequence([0.0, 5.0]), Sequence([3.0])]}  # fmt: skip
    cells = sim.Population(2, sim.driven(**tables))
    cells.record("v")
    sim.run(10.0)
    v = cells.get_data().segments[0].filter(name="v")[0].magnitude
    t = np.arange(101) * 0.1
    half = 1.0 - np.exp(-0.5)
    first = np.where(
        t <= 5.0, 1.0 - np.exp(-t / 10.0), -2.0 + (half + 2.0) * np.exp(-(t - 5.0) / 10.0)
    )
    # The bin of a step is that of its middle, so changes on the grid are exact.
    assert np.allclose(v[:, 0], first, atol=1e-9)
    # What lies before the first bin belongs to it.
    assert np.allclose(v[:, 1], 5.0 * (1.0 - np.exp(-t / 10.0)), atol=1e-9)


def spikes(population):
    return [np.array(train) for train in population.get_data().segments[-1].spiketrains]


def rate(trains, begin, end):
    """Return the mean rate in Hz between two times in ms."""
    inside = [((train > begin) & (train <= end)).sum() for train in trains]
    return np.mean(inside) / (end - begin) * 1000.0


def test_inhomogeneous_gamma_process():
    sim.setup(timestep=0.1, seed=4)
    source = sim.SpikeSourceInhGamma(a=[3.0, 0.8], b=[0.01, 0.004], tbins=[0.0, 300.0])
    cells = sim.Population(500, source)
    short = sim.Population(100, sim.SpikeSourceInhGamma(b=[0.005], start=20.0, duration=100.0))
    (cells + short).record("spikes")
    sim.run(600.0)
    trains = spikes(cells)
    # A renewal process has the rate 1/(a b) once its start is forgotten; 500 cells and 200 ms give
    # it to about 2 %, of intervals with the variation 1/sqrt(a).
    assert rate(trains, 100.0, 300.0) == pytest.approx(1000.0 / 30.0, rel=0.05)
    assert rate(trains, 400.0, 600.0) == pytest.approx(1000.0 / 3.2, rel=0.05)
    late = np.concatenate([np.diff(train[train > 320.0]) for train in trains])
    assert late.mean() == pytest.approx(3.2, rel=0.05)
    assert late.std() / late.mean() == pytest.approx(1.0 / np.sqrt(0.8), rel=0.05)
    times = np.concatenate(spikes(short))
    assert times.min() > 20.0 and times.max() <= 120.0
    assert rate(spikes(short), 20.0, 120.0) == pytest.approx(200.0, rel=0.1)


def test_first_intervals_are_gamma_distributed_from_the_start():
    sim.setup(timestep=0.1, seed=8)
    cells = sim.Population(800, sim.SpikeSourceInhGamma(a=[2.5], b=[0.004], start=7.0))
    cells.record("spikes")
    sim.run(100.0)
    first = np.array([train[0] for train in spikes(cells)]) - 7.0
    # Spikes are stamped with the end of their step.
    assert stats.kstest(first - 0.05, stats.gamma(2.5, scale=4.0).cdf).pvalue > 0.01


def test_what_is_given_for_the_source():
    sim.setup()
    defaults = sim.SpikeSourceInhGamma.default_parameters
    assert [list(defaults[n].value) for n in ("a", "b", "tbins")] == [[1.0], [1.0], [0.0]]
    cells = sim.Population(2, sim.SpikeSourceInhGamma(b=[0.002, 0.001], tbins=[0.0, 5.0]))
    with pytest.raises(UserError, match=r"'a' and 'tbins'.*found 1 and 2 for cell 0"):
        sim.run(1.0)
    cells.set(a=[2.0, 1.0])
    sim.run(1.0)
    with pytest.raises(errors.InvalidParameterValueError, match="'tbins' must ascend"):
        cells.set(tbins=[5.0, 0.0])
    assert list(cells[0:1].get("a").value) == [2.0, 1.0]
    cells[1:2].set(b=Sequence([1e-3, 1e-3]))
    cells.record("spikes")
    sim.run(20.0)


def test_any_number_of_threads_gives_the_same_spikes():
    results = []
    for threads in (1, 2):
        sim.setup(threads=threads, seed=3)
        cells = sim.Population(50, sim.SpikeSourceInhGamma(a=[2.0], b=[0.003]))
        cells.record("spikes")
        sim.run(50.0)
        results.append(spikes(cells))
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
