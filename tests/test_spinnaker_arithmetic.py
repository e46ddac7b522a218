"""The emulation of SpiNNaker against a model of its arithmetic on Python's integers, bit by bit."""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spinnaker_arithmetic import Izhikevich, Lif, exp_minus

import snnc.pynn as sim
from snnc import model_library
from snnc.pynn import session
from snnc.runtime.fixed_point import decay

STEPS = 60
RECEPTORS = ("excitatory", "inhibitory")


def test_decays_are_those_of_the_library_and_near_the_exact_ones():
    x = np.concatenate([np.arange(1, 5000), np.arange(5000, 345000, 97)])
    found = decay(x, 32)
    assert found.tolist() == [exp_minus(int(one)) for one in x]
    known = x <= 340695
    exact = np.array([exp(-int(one) / 32768) for one in x[known]])
    assert np.abs(found[known] / 2.0**32 - exact).max() < 1.5e-6
    assert not found[~known].any()


def lif_parameters(conductances: bool) -> st.SearchStrategy[dict[str, float]]:
    ranges = {
        "tau_m": (2.0, 60.0), "cm": (0.05, 3.0), "v_rest": (-80.0, -60.0),
        "v_reset": (-90.0, -60.0), "v_thresh": (-55.0, -30.0), "tau_refrac": (0.1, 6.0),
        "tau_syn_E": (0.5, 20.0), "tau_syn_I": (0.5, 20.0), "i_offset": (-0.5, 1.5),
    }  # fmt: skip
    if conductances:
        ranges |= REVERSAL
    return st.fixed_dictionaries({name: st.floats(*ends) for name, ends in ranges.items()})


def trains(weight: st.SearchStrategy[float]) -> st.SearchStrategy[list]:
    """Sources: the weight of each, and its spikes by tick."""
    ticks = st.lists(st.integers(1, STEPS - 12), unique=True, max_size=12)
    return st.lists(st.tuples(weight, ticks), min_size=1, max_size=4)


def emulated(cells, dt, sources, delay, current):
    """Run cells with sources onto both receptors; return raw states, rings and spikes."""
    sim.setup(timestep=dt, min_delay=dt, target="spinnaker", emulate=True)
    target = sim.Population(cells.size, cells.type)
    for receptor, given_ in zip(RECEPTORS, sources, strict=True):
        times = [[dt * tick for tick in sorted(ticks)] for _, ticks in given_]
        source = sim.Population(len(given_), sim.SpikeSourceArray(spike_times=times))
        pairs = [
            (i, j, weight, delay * dt) for i, (weight, _) in enumerate(given_)
            for j in range(cells.size)
        ]  # fmt: skip
        connector = sim.FromListConnector(pairs)
        sim.Projection(source, target, connector, sim.StaticSynapse(), receptor_type=receptor)
    if current:
        sim.DCSource(amplitude=current).inject_into(target)
    target.record([*cells.states, "spikes"])
    sim.run(STEPS * dt)
    data = target.get_data().segments[0]
    traces = {signal.name: signal.magnitude for signal in data.analogsignals}
    spikes = [np.rint(np.asarray(train) / dt).astype(int).tolist() for train in data.spiketrains]
    simulation = session.current().simulation()
    plan = simulation.artifact.populations[0]
    return traces, plan.rings, spikes, 2 ** simulation.current_bits[plan.name]


class Cells:
    def __init__(self, kind, parameters):
        self.size = len(parameters)
        self.type = kind(**{name: [one[name] for one in parameters] for name in parameters[0]})
        self.conductances = "e_rev_E" in parameters[0]
        self.inputs = ["gsyn_exc", "gsyn_inh"] if self.conductances else ["isyn_exc", "isyn_inh"]
        self.states = ["v", *self.inputs]


def sums(given_, quantum, delay):
    """Return what a ring buffer holds in each tick."""
    found = [0] * (STEPS + 1)
    for weight, ticks in given_:
        for tick in ticks:
            found[tick + delay] += round(weight / quantum)
    return found


def compare(data, cells, models_in, dt, largest):
    """Drive cells at random; compare all their states with those of models in every tick.

    `models_in` makes the models from what a current of 1 nA counts.
    """
    delay = data.draw(st.integers(1, 9))
    sign = 1 if cells.conductances else -1
    weights = st.floats(0.001, largest)
    sources = data.draw(trains(weights)), data.draw(trains(weights.map(lambda w: sign * w)))
    current = data.draw(st.sampled_from([0.0, 0.3]))
    traces, rings, spikes, unit = emulated(cells, dt, sources, delay, current)
    models = models_in(unit)
    injected = float(np.float32(current))  # sums of currents are such floats
    shifts = tuple(rings[receptor].shift for receptor in RECEPTORS)
    arriving = [
        sums(given_, rings[receptor].quantum, delay)
        for receptor, given_ in zip(RECEPTORS, sources, strict=True)
    ]
    raw = {name: 32768 * unit * (1024 if name[0] == "g" else 1) for name in cells.inputs}
    raw |= {"v": 32768, "u": 32768, "isyn_inh": -32768 * unit}
    for i, model in enumerate(models):
        fired = []
        for tick in range(STEPS):
            if model.tick((arriving[0][tick], arriving[1][tick]), shifts, injected * unit):
                fired.append(tick)
            found = {name: traces[name][tick + 1, i] * raw[name] for name in cells.states}
            expected = {"v": model.v, "u": getattr(model, "u", 0)}
            expected |= {
                name: one.value for name, one in zip(cells.inputs, model.inputs, strict=True)
            }
            assert found == {name: expected[name] for name in cells.states}, f"tick {tick}"
        assert spikes[i] == fired


@pytest.mark.parametrize("conductances", [False, True], ids=["currents", "conductances"])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_every_bit_of_lif_cells_is_that_of_the_integer_model(conductances, data):
    parameters = data.draw(st.lists(lif_parameters(conductances), min_size=1, max_size=3))
    dt = data.draw(st.sampled_from([0.1, 1.0]))
    cells = Cells(sim.IF_cond_exp if conductances else sim.IF_curr_exp, parameters)

    def models_in(unit):
        given_ = ({**one, **{n: one[n] * unit for n in ("cm", "i_offset")}} for one in parameters)
        return [Lif({**one, "v": -65.0}, dt) for one in given_]

    compare(data, cells, models_in, dt, 0.2 if conductances else 4.0)


IZHIKEVICH = {
    "a": (0.01, 0.15), "b": (0.1, 0.3), "c": (-70.0, -45.0), "d": (0.05, 8.0),
    "tau_syn_E": (0.5, 20.0), "tau_syn_I": (0.5, 20.0), "i_offset": (-2.0, 12.0),
}  # fmt: skip
REVERSAL = {"e_rev_E": (-20.0, 20.0), "e_rev_I": (-90.0, -60.0)}


@pytest.mark.parametrize("conductances", [False, True], ids=["currents", "conductances"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_bit_of_izhikevich_cells_is_that_of_the_integer_model(conductances, data):
    model_library.add_directory(Path(__file__).parent / "data" / "spinnaker")
    ranges = {**IZHIKEVICH, **(REVERSAL if conductances else {})}
    one = st.fixed_dictionaries({name: st.floats(*ends) for name, ends in ranges.items()})
    parameters = data.draw(st.lists(one, min_size=1, max_size=3))
    dt = data.draw(st.sampled_from([0.1, 1.0]))
    kind = sim.IzhikevichConductances if conductances else sim.IzhikevichCurrents
    cells = Cells(kind, parameters)
    cells.states.append("u")

    def models_in(unit):
        assert unit == 1
        return [Izhikevich({**one, "v": -65.0, "u": -13.0}, dt) for one in parameters]

    compare(data, cells, models_in, dt, 0.2 if conductances else 8.0)
