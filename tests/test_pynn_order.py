"""``setup(connectivity="pynn")`` builds the network that pyNN.nest builds from the same seeds."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import snnc.pynn as sim

SCRIPT = """
import importlib, json, sys
import numpy as np
import pyNN.connectors
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Grid2D

sim = importlib.import_module(sys.argv[1])
MapConnector = getattr(sim, "MapConnector", None) or pyNN.connectors.MapConnector
sim.setup(timestep=0.1, min_delay=0.1, **json.loads(sys.argv[2]))
rng = NumpyRNG(seed=42)
tau = RandomDistribution("uniform", (10.0, 20.0), rng=rng)
cm = RandomDistribution("uniform", (1.0, 2.0), rng=rng)
cells = sim.Population(16, sim.IF_curr_exp(tau_m=tau, cm=cm), structure=Grid2D())
others = sim.Population(9, sim.IF_curr_exp(), structure=Grid2D())
cells.initialize(v=RandomDistribution("uniform", (-70.0, -60.0), rng=rng))
found = {"tau_m": cells.get("tau_m").tolist(), "cm": cells.get("cm").tolist()}
weight = RandomDistribution("normal", (0.5, 0.05), rng=rng)
delay = RandomDistribution("uniform", (1.0, 20.0), rng=rng)
connectors = {
    "AllToAll": sim.AllToAllConnector(allow_self_connections=False),
    "OneToOne": sim.OneToOneConnector(),
    "FixedProbability": sim.FixedProbabilityConnector(0.3, rng=rng),
    "FixedProbabilityNoSelf": sim.FixedProbabilityConnector(
        0.3, allow_self_connections=False, rng=rng
    ),
    "FixedProbabilityDefault": sim.FixedProbabilityConnector(0.3),
    "FixedNumberPre": sim.FixedNumberPreConnector(3, rng=rng),
    "FixedNumberPreReplaced": sim.FixedNumberPreConnector(3, with_replacement=True, rng=rng),
    "FixedNumberPost": sim.FixedNumberPostConnector(3, rng=rng),
    "FixedTotalNumber": sim.FixedTotalNumberConnector(20, rng=rng),
    "DistanceDependent": sim.DistanceDependentProbabilityConnector("exp(-d/2.0)", rng=rng),
}
for name, connector in connectors.items():
    for post in (cells, others):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        made = sim.Projection(cells, post, connector, synapse, receptor_type="excitatory")
        found[name + str(post.size)] = made.get(["weight", "delay"], format="list")
synapse = sim.StaticSynapse(weight="0.1+0.01*d", delay=0.5)
part = sim.Projection(
    cells, others[2:7], sim.FixedProbabilityConnector(0.5, rng=rng), synapse,
    receptor_type="excitatory",
)
found["view"] = part.get(["weight", "delay"], format="list")
listed = [(0, 1), (3, 1), (2, 0), (5, 1), (5, 2)]
synapse = sim.StaticSynapse(weight=weight, delay=1.0)
made = sim.Projection(
    cells, others, sim.FromListConnector(listed), synapse, receptor_type="excitatory"
)
found["list"] = made.get(["weight", "delay"], format="list")
made.set(weight=RandomDistribution("uniform", (0.1, 0.2), rng=rng))
found["set"] = made.get(["weight", "delay"], format="list")


class Neighbours(MapConnector):
    def connect(self, projection):
        reach = LazyArray(lambda i, j: abs(i - j) < 2, shape=projection.shape)
        self._connect_with_map(projection, reach)


made = sim.Projection(cells, others, Neighbours(), synapse, receptor_type="excitatory")
found["own"] = made.get(["weight", "delay"], format="list")
found["next"] = [float(rng.next())]
json.dump(found, open(sys.argv[3], "w"), default=lambda x: x.item())
"""


@pytest.mark.skipif(importlib.util.find_spec("nest") is None, reason="NEST is not installed")
def test_connections_are_those_of_pynn_nest(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    results = {}
    for module, extra in (("pyNN.nest", {"max_delay": 50.0}), ("snnc.pynn", {})):
        options = extra if module == "pyNN.nest" else {"connectivity": "pynn"}
        out = tmp_path / f"{module}.json"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "script.py", module, json.dumps(options), str(out)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results[module] = json.loads(out.read_text())
    ours, theirs = results["snnc.pynn"], results["pyNN.nest"]
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        a, b = np.array(sorted(ours[name])), np.array(sorted(expected))
        assert a.shape == b.shape, name
        tolerance = 1e-6 if a.ndim == 1 else [0.0, 0.0, 1e-6, 0.051]
        assert (np.abs(a - b) <= tolerance).all(), name


def uniform(rng):
    return RandomDistribution("uniform", (0.1, 0.2), rng=rng)


def test_networks_of_pynns_order_run():
    sim.setup(connectivity="pynn")
    rng = NumpyRNG(seed=1)
    cells = sim.Population(20, sim.IF_curr_exp(i_offset=1.0), initial_values={"v": -60.0})
    synapse = sim.StaticSynapse(weight=uniform(rng), delay=0.5)
    projection = sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2, rng=rng), synapse)
    cells.record("spikes")
    sim.run(50.0)
    weights = projection.get("weight", format="list", with_address=False)
    assert len(set(weights)) == len(projection) > 0
    assert cells.mean_spike_count() > 0
    sim.end()


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="expected 'counter' or 'pynn'"):
        sim.setup(connectivity="brian2")


def test_small_worlds():
    sim.setup()
    cells = sim.Population(100, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)

    def pairs(*arguments, **options):
        connector = sim.SmallWorldConnector(*arguments, **options)
        made = sim.Projection(cells, cells, connector, synapse)
        return np.array(made.get("weight", format="list"))[:, :2].astype(int)

    ring = pairs(4.5, 0.0, allow_self_connections=False)
    assert (np.abs(ring[:, 0] - ring[:, 1]) <= 4).all()
    assert len(ring) == 2 * sum(100 - k for k in range(1, 5))
    moved = pairs(4.5, 0.25, allow_self_connections=False)
    assert len(moved) == len(ring) == len({tuple(pair) for pair in moved.tolist()})
    assert (moved[:, 0] != moved[:, 1]).all()
    far = np.abs(moved[:, 0] - moved[:, 1]) > 4
    assert far.mean() == pytest.approx(0.25, abs=0.05)
    few = pairs(10.0, 0.5, n_connections=3)
    assert (np.bincount(few[:, 0], minlength=100) == 3).all()
    with pytest.raises(sim.errors.InvalidParameterValueError, match="rewiring is a probability"):
        sim.SmallWorldConnector(3.0, 1.5)
