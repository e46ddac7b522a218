"""Memory for samples: who has it, when it is there, and what becomes of it."""

import gc
import resource
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.ir.diagnostics import ResourceLimitError
from snnc.runtime.engine import memory, recording, slabs
from snnc.runtime.engine.sample_memory import LARGE_PAGE, STORE, Store, touch
from snnc.runtime.engine.slabs import SLAB_BYTES, Slabs


def test_memory_is_lent_again_when_nothing_uses_it_any_more():
    store = Store()
    first = store.lend(3 * LARGE_PAGE)
    assert first.size == 3 * LARGE_PAGE and first.ctypes.data % LARGE_PAGE == 0
    where = first.ctypes.data
    row = first.view("f8").reshape(-1, 64)[-1]
    row[:] = 7.0
    del first
    assert store.kept == 0  # `row` is a part of it
    other = store.lend(3 * LARGE_PAGE)
    other[:] = 1
    assert (row == 7.0).all()
    del row
    assert store.kept > 0
    again = store.lend(3 * LARGE_PAGE - 100)
    assert again.ctypes.data == where and store.kept == 0


def test_no_more_is_kept_than_allowed_and_large_memory_not_lent_for_small():
    store = Store(most=12 * LARGE_PAGE)
    lent = [store.lend(4 * LARGE_PAGE) for _ in range(4)]
    lent.clear()
    assert 8 * LARGE_PAGE <= store.kept <= 12 * LARGE_PAGE
    kept = store.kept
    small = store.lend(1000)
    assert small.size == 1000 and store.kept == kept


def test_threads_that_borrow_at_once_share_nothing():
    store = Store()

    def borrow(mark):
        for size in np.random.default_rng(mark).integers(1, 3 * LARGE_PAGE, 60):
            lent = store.lend(int(size))
            lent[::4096] = mark
            yield lent
            assert (lent[::4096] == mark).all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda mark: len(list(map(np.size, borrow(mark)))), range(4))) == 240


def test_touched_memory_is_written_without_page_faults():
    lent = Store().lend(8 * LARGE_PAGE)
    wait(touch(lent))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    lent[:] = 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 8


def test_slabs_are_ready_for_what_is_expected():
    expected = Slabs("float64")
    columns, wanted = 4000, 2 * SLAB_BYTES // 32000 + 100
    expected.expect(columns, wanted, filled=0)
    expected.wait()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    rows = 0
    while rows < wanted:
        expected.advance(columns, wanted - rows)
        expected.slab[: wanted - rows] = 1.0
        rows += len(expected.slab)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 100


def test_slabs_grow_and_take_other_columns():
    grown = Slabs("float32")
    grown.advance(3, wanted=10)
    assert grown.slab.shape == (10, 3) and grown.slab.dtype == np.float32
    first = grown.slab
    grown.look_ahead(5, wanted=15)
    grown.advance(3, wanted=10)
    assert grown.slab is not first and grown.slab.shape == (20, 3)
    grown.look_ahead(20, wanted=10)
    grown.advance(4, wanted=10)  # other columns than those looked ahead for
    assert grown.slab.shape == (40, 4)
    grown.advance(4, wanted=1 << 30)
    assert SLAB_BYTES - 16 < grown.slab.nbytes <= SLAB_BYTES
    grown.advance(SLAB_BYTES, wanted=5)
    assert len(grown.slab) == 1  # a row that is larger than a slab


def recorded(pieces, between=lambda cells: None):
    """Return the states of two populations, sampled in different ways, of all segments."""
    sim.setup(timestep=0.1, rng_seed=3, threads=2)
    drive = sim.Population(30, sim.SpikeSourcePoisson(rate=400.0))
    large = sim.Population(30, sim.IF_cond_exp(i_offset=np.linspace(0.0, 1.0, 30)))
    small = sim.Population(7, sim.IF_curr_exp(i_offset=0.7))
    sim.Projection(drive, large, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.01))
    large.record(["v", "gsyn_exc"])
    small[2:5].record("v", sampling_interval=0.3)
    for piece in pieces:
        sim.run(piece)
        between((large, small))
    return [
        np.asarray(signal)
        for cells in (large, small)
        for segment in cells.get_data().segments
        for signal in segment.analogsignals
    ]


@pytest.mark.parametrize("ahead", [0, 20_000, 1 << 29])
@pytest.mark.parametrize("pieces", [[200.0], [0.1, 3.2, 96.7, 100.0]])
def test_samples_do_not_depend_on_where_slabs_end(monkeypatch, ahead, pieces):
    expected = recorded([200.0])
    monkeypatch.setattr(slabs, "SLAB_BYTES", 10_000)
    monkeypatch.setattr(slabs, "LARGE_PAGE", 4096)  # so that slabs are borrowed
    monkeypatch.setattr(recording, "_AHEAD_BYTES", ahead)
    found = recorded(pieces)
    assert [array.shape for array in found] == [(2001, 30), (2001, 30), (667, 3)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_segments_and_data_at_hand_are_not_written_to_by_later_runs(monkeypatch):
    monkeypatch.setattr(slabs, "LARGE_PAGE", 4096)
    held = []

    def keep(cells):
        for population in cells:
            segment = population.get_data(clear=True).segments[-1]
            held.extend(np.asarray(signal) for signal in segment.analogsignals)

    recorded([50.0] * 4, keep)
    kept = [signal.copy() for signal in held]
    recorded([200.0])
    segments = recorded([50.0] * 4, lambda cells: sim.reset())
    for signal, before in zip(held, kept, strict=True):
        np.testing.assert_array_equal(signal, before)
    for number, whole in enumerate(recorded([200.0])):
        np.testing.assert_array_equal(np.concatenate(kept[number::3]), whole)
    first = recorded([50.0])
    of_large, of_small = segments[:8], segments[8:]
    for number, signal in enumerate(of_large):
        np.testing.assert_array_equal(signal, first[number % 2])
    assert len(of_small) == 4
    for signal in of_small:
        np.testing.assert_array_equal(signal, first[2])


def test_another_simulation_gets_the_memory_of_one_that_is_gone():
    def run():
        sim.setup(timestep=0.1)
        cells = sim.Population(1000, sim.IF_curr_exp(i_offset=1.0))
        cells.record("v")
        sim.run(100.0)  # 8 MB
        values = np.asarray(cells.get_data().segments[0].analogsignals[0])
        sim.end()
        return values

    first = run()
    kept = first.copy()
    sim.setup()
    gc.collect()
    before = STORE.kept
    assert before >= first.nbytes
    np.testing.assert_array_equal(run(), kept)
    np.testing.assert_array_equal(first, kept)
    sim.setup()
    gc.collect()
    assert STORE.kept == before


def test_samples_that_do_not_fit_are_refused_before_anything_is_made(monkeypatch):
    sim.setup(timestep=0.1)
    cells = sim.Population(100, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse())
    cells.record("v")
    monkeypatch.setattr(memory, "available", lambda: 1 << 20)
    with pytest.raises(ResourceLimitError, match="samples of this run do not fit"):
        sim.run(1000.0)
    assert "connections" not in sim.session.current().existing.report().stages
    sim.run(1.0)
    assert cells.get_data().segments[0].analogsignals[0].shape == (11, 100)
