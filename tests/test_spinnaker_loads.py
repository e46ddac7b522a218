"""What the cores of SpiNNaker do in an emulated network: packets, events, steps, and a report."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from spinnaker_emulation import begin, changed, driven, simulation, trace

import snnc.pynn as sim
from snnc.pynn import session


def test_packets_and_events_of_cores_are_counted():
    begin(pipeline=changed("partition-cores", "partition-cores{cells=10}"))
    cells = sim.Population(30, sim.IF_curr_exp())
    source = sim.Population(4, sim.SpikeSourceArray(spike_times=[[1.0], [1.0, 3.0], [1.0], []]))
    pairs = [(0, 2, 0.1, 1.0), (0, 3, 0.1, 2.0), (1, 12, 0.1, 1.0), (2, 4, 0.1, 1.0)]
    sim.Projection(source, cells, sim.FromListConnector(pairs), sim.StaticSynapse())
    sim.run(8.0)
    loads = [one for one in simulation().loads() if one.cells]
    assert [one.cells for one in loads] == [10, 10, 10]
    # A packet goes wherever its slice is heard: three at 1 ms to the first two cores.
    assert [one.packets for one in loads] == [3, 3, 0]
    assert [one.events for one in loads] == [3, 1, 0]
    assert loads[0].cycles == pytest.approx(10 * 312.5 + 3 * 15.4)
    assert loads[0].mean_cycles == pytest.approx(10 * 312.5 + 3 * 15.4 / 8)
    assert loads[0].budget == 200_000


@pytest.mark.parametrize("anew", [False, True])
def test_cores_that_send_packets_again_are_counted(anew: bool):
    begin()
    cells = sim.Population(20, sim.IF_curr_exp())
    driven(cells, [[1.0], [1.0, 3.0]], delay=700.0)  # of 256 slots, so two stages

    def extension():
        (found,) = (one for one in simulation().loads() if one.packets and not one.cells)
        return found

    sim.run(305.0)
    load = extension()
    assert (load.cells, load.packets, load.events) == (0, 2, 0)
    # Two stages of two cells in each step; three packets in, and out again after 256 and 512 ms.
    assert load.cycles == pytest.approx(4 * 10 + 2 * 100)
    assert load.mean_cycles == pytest.approx(4 * 10 + 6 * 100 / 305)
    bits = dict(simulation().current_bits)
    if anew:  # compiled in the middle, for a current that needs another unit
        cells.set(i_offset=5000.0)
    with pytest.warns(RuntimeWarning, match="fit 32 bits") if anew else nullcontext():
        sim.run(300.0)
    assert (bits != dict(simulation().current_bits)) == anew
    assert extension().mean_cycles == pytest.approx(4 * 10 + 9 * 100 / 605)


def test_what_is_counted_is_kept_when_the_network_is_compiled_anew():
    """A current that needs another unit, in the middle: states keep their size, and counters."""
    begin()
    cells = sim.Population(2, sim.IF_curr_exp(cm=0.5, tau_syn_E=50.0))
    driven(cells, [[1.0, 12.0]], weight=0.1)
    cells.record("isyn_exc")
    sim.run(10.0)
    first = dict(simulation().current_bits)
    cells.set(i_offset=[3000.0, 0.0])
    with pytest.warns(RuntimeWarning, match="numbers did not fit 32 bits"):
        sim.run(10.0)
    assert (first, dict(simulation().current_bits)) == ({"population0": 5}, {"population0": 3})
    kept = trace(cells, "isyn_exc")[:, 0]
    assert kept[9:13] == pytest.approx(kept[3] * np.exp(-np.arange(6, 10) / 50.0), rel=1e-2)
    load = next(one for one in simulation().loads() if one.cells)
    assert (load.packets, load.events) == (1, 2)
    assert load.mean_cycles == pytest.approx(2 * 312.5 + 4 * 15.4 / 20)


def test_steps_that_are_too_long_are_warned_of():
    begin(dt=0.1)
    cells = sim.Population(60, sim.IF_curr_exp())
    driven(cells, [[1.0]] * 40, weight=0.01)
    with pytest.warns(RuntimeWarning, match=r"1 steps are too long for 'core0': up to 55710"):
        sim.run(3.0)


def test_a_report_lists_what_is_rounded_and_what_cores_do():
    begin(dt=0.1)
    cells = sim.Population(6, sim.IF_cond_exp(), label="cells")
    driven(cells, [[1.0]], weight=0.0123)
    sim.run(2.0)
    text = str(session.current().compiled.report())
    assert "the machine's fixed point" in text
    errors = {(one.owner, one.name): one for one in simulation().errors()}
    assert errors["cells", "leak"].exact == pytest.approx(np.exp(-0.1 / 20.0))
    assert errors["cells", "leak"].relative < 2e-5
    assert errors["cells", "resistance"].machine == 20.0 / 2**4
    assert "currents of 'cells' count in 2^-4 nA" in text
    assert any(name == "weight" and 0 < one.relative < 1e-3 for (_, name), one in errors.items())
    assert "cells leak" in text and "core0" in text
