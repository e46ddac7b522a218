import numpy as np
import pytest
from changed_files import altered
from lems_files import DATA, NEUROML, spikes, states

import snnc

HH_CURRENT = 0.15e-9 / (4 * np.pi * 10e-4**2) * 1e6
"""In uA/cm2, on the ball of 20 um in ``hh.nml``."""
HH_START = [-65.0, 0.052932, 0.596121, 0.317677]


def hh_slopes(t, y, seen=None):
    """Return the slopes of v and the gates of ``hh.nml``, whose rates see the potential `seen`."""
    v, m, h, n = y
    u = v if seen is None else seen
    alpha = [0.1 * (u + 40) / -np.expm1(-(u + 40) / 10), 0.07 * np.exp(-(u + 65) / 20),
             0.01 * (u + 55) / -np.expm1(-(u + 55) / 10)]  # fmt: skip
    beta = [4 * np.exp(-(u + 65) / 18), 1 / (1 + np.exp(-(u + 35) / 10)),
            0.125 * np.exp(-(u + 65) / 80)]  # fmt: skip
    gates = [a * (1 - x) - b * x for a, b, x in zip(alpha, beta, (m, h, n), strict=True)]
    ionic = 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.3 - v)
    return [ionic + HH_CURRENT * (5.0 <= t < 45.0), *gates]


@NEUROML
def test_channels_of_one_compartment_follow_hodgkin_and_huxley():
    from scipy.integrate import solve_ivp

    net = snnc.compile(DATA / "hh.nml")
    assert "ionChannel" not in net.ir() and "resistivity" not in net.ir()
    net.run(50.0)
    (found,) = spikes(net, "pop")

    def crosses(t, y):
        return y[0]

    crosses.direction = 1
    solved = solve_ivp(
        hh_slopes, (0, 50), HH_START, events=crosses, rtol=1e-8, atol=1e-10, max_step=0.1,
        method="LSODA",
    )  # fmt: skip
    # The file's gates have 1/(1 - exp(-x)) with a rate in 1/ms, ten times 0.1 per mV.
    assert found == pytest.approx(solved.t_events[0].tolist(), abs=0.05)


@NEUROML
def test_euler_steps_are_those_of_jlems():
    """Rates of gates see the potential of two steps before, as their channels keep it."""
    net = snnc.compile(DATA / "hh.nml", solver="euler")
    net.simulation.record("pop", ["v"])
    net.run(20.0)
    found, dt = net.simulation.trace("pop", "v").values[:, 0], net.simulation.dt
    y, v = np.array(HH_START), [HH_START[0]]
    for step in range(found.size - 1):
        y = y + dt * np.array(hh_slopes(step * dt + 1e-9, y, v[max(step - 2, 0)]))
        v.append(y[0])
    assert max(v) > 20.0
    # The start of the gates is given to six digits.
    np.testing.assert_allclose(found, v, atol=1e-3)


@NEUROML
def test_a_kinetic_scheme_comes_to_its_equilibrium(tmp_path):
    scheme = (
        '<ionChannelKS id="k" conductance="10pS" species="k"><gateKS id="n" instances="1">'
        '<closedState id="c1"/><openState id="o1"/><vHalfTransition from="c1" to="o1" '
        'vHalf="-60mV" z="2" gamma="0.5" tau="2ms" tauMin="0.1ms"/></gateKS></ionChannelKS>'
        '<ionChannelHH id="k2" conductance="10pS" species="k">'
    )
    file = altered(DATA / "hh.nml", tmp_path, [
        ('<ionChannelHH id="k" conductance="10pS" species="k">', scheme),
        ('condDensity="120 mS_per_cm2"', 'condDensity="0 mS_per_cm2"'),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(4.9)
    closed, opened = (
        net.simulation.state("pop", next(n for n in states(net) if f".{s}." in n))
        for s in ("c1", "o1")
    )
    assert closed + opened == pytest.approx(1.0)
    net.run(195.0)
    v = net.simulation.state("pop", "v")[0]
    forward = 1 / (2 / np.exp((v + 60) / 25.3) + 0.1)
    backward = 1 / (2 / np.exp(-(v + 60) / 25.3) + 0.1)
    name = next(n for n in states(net) if ".o1." in n)
    share = net.simulation.state("pop", name)[0]
    assert share == pytest.approx(forward / (forward + backward), rel=1e-3)
