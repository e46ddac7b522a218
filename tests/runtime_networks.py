"""Hand-written plans of small networks, to test the runtime without the compiler."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from snnc.codegen.artifact import (
    Artifact,
    Buffer,
    CellPlan,
    Field,
    KernelSource,
    ParameterPlan,
    PopulationPlan,
    ProjectionPlan,
    SelectionPlan,
    SourcePlan,
    SynapseForm,
    SynapsePlan,
)
from snnc.ir.values import Space
from snnc.runtime.simulation import Simulation

LIF_DELTA = """
from snnc.runtime.jit.intrinsics import f64, i32, i64, loop, select, u8
WIDTH = 12
@loop
def advance(n, v, timer, arrivals, current, fired, decay, v_rest, gain, v_thresh, v_reset, hold):
    for i in range(n):
        held = timer[i] > 0
        x = v_rest + (v[i] - v_rest) * decay + gain[i] * current[i] + arrivals[i]
        x = select(held, v[i], x)
        fire = (x >= v_thresh) & (timer[i] == 0)
        timer[i] = select(fire, hold, select(held, timer[i] - 1, 0))
        v[i] = select(fire, v_reset, x)
        fired[i] = fire
        arrivals[i] = 0.0
def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q]
        advance(n, f64(d[q + 1], n), i32(d[q + 2], n), f64(d[q + 3], n), f64(d[q + 4], n),
                u8(d[q + 5], n), f[q + 6], f[q + 7], f64(d[q + 8], n), f[q + 9], f[q + 10],
                d[q + 11])
"""
CONSTANTS = """
import numpy as np
def constants(p, dt):
    c = dict(p)
    c["decay"] = np.exp(-dt / p["tau_m"])
    c["gain"] = -np.expm1(-dt / p["tau_m"]) * p["tau_m"] / p["cm"]
    c["hold"] = np.ceil(p["tau_refrac"] / dt - 1e-9)
    return c
"""
POISSON = """
from snnc.runtime.jit.intrinsics import f64, i64, loop, u8
from snnc.runtime.jit.samplers import poisson
WIDTH = 6
@loop
def draw(n, fired, mean, first, k0, k1, step):
    for i in range(n):
        fired[i] = int(poisson(mean, k0, k1, first + i, 0, step))
def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q]
        draw(n, u8(d[q + 1], n), f[q + 2], d[q + 3], d[q + 4], d[q + 5], step)
"""


def _parameters(**defaults: float) -> tuple[ParameterPlan, ...]:
    return tuple(ParameterPlan(n, "1", 1.0, default) for n, default in defaults.items())


CELL = CellPlan(
    name="lif_delta",
    kind="equations",
    parameters=_parameters(
        tau_m=20.0, cm=1.0, v_rest=-65.0, v_thresh=-50.0, v_reset=-65.0, tau_refrac=0.0
    ),
    states=(
        Buffer("v", "float64", ("element",), "lif_delta", "mV", 1.0, -65.0),
        Buffer("timer", "int32", ("element",), "lif_delta", recordable=False),
    ),
    receptors=("input",),
    current="i_inj",
    kernel=KernelSource("test_lif_delta", LIF_DELTA),
    fields=(
        Field("size"), Field("state", "v"), Field("state", "timer"), Field("arrivals", "input"),
        Field("current", "i_inj"), Field("fired"), Field("scalar", "decay"),
        Field("scalar", "v_rest"), Field("array", "gain"), Field("scalar", "v_thresh"),
        Field("scalar", "v_reset"), Field("step_count", "hold"),
    ),
    constants=CONSTANTS,
    solver="exact",
)  # fmt: skip

POISSON_CELL = replace(
    CELL,
    name="poisson",
    kind="poisson",
    parameters=(ParameterPlan("rate", "Hz", 1e-3, 100.0),),
    states=(),
    receptors=(),
    current=None,
    kernel=KernelSource("test_poisson", POISSON),
    fields=(Field("size"), Field("fired"), Field("scalar", "mean_count"), Field("first_id"),
            Field("key0"), Field("key1")),
    constants="def constants(p, dt):\n    return {**p, 'mean_count': p['rate'] * dt}\n",
)  # fmt: skip

SCHEDULE_CELL = replace(
    POISSON_CELL,
    name="schedule",
    kind="schedule",
    parameters=(ParameterPlan("spike_times", "ms", 1.0, None, sequence=True),),
    kernel=None,
    fields=(),
    constants="def constants(p, dt):\n    return {}\n",
    schedule="spike_times",
)

DELIVER = """
from snnc.runtime.jit.intrinsics import {weights}bits_f64, f64, i32, i64, ix, loop, {target}
WIDTH = 13
@loop
def scatter(a, b, target, {argument}, acc):
    for s in range(a, b):
        acc[target[ix(s)]] += {value}
def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        P, mask, cap, nd = d[q + 2], d[q + 3], d[q + 4], d[q + 6]
        delays = i32(d[q + 5], nd)
        start = i64(d[q + 1], P + 1)
        pointer = i64(d[q + 7], 1)
        for k in range(d[q + 11], d[q + 12]):
            stamp = step + 1 - delays[k]
            if stamp < 0:
                continue
            slot = stamp & mask
            ids = i32(d[q] + 4 * slot * cap, cap)
            for p in range(P):
                for j in range(start[p] + 1, start[p] + 1 + ids[start[p]]):
                    row = ids[j] * nd + k
                    scatter(pointer[row], pointer[row + 1], {target}(d[q + 8], 1),
                            {passed}, f64(d[q + 10], 1))
"""


def synapse(target: Any, weight: Any) -> SynapsePlan:
    """Return a plan of static synapses."""
    one = weight == "scalar"
    text = DELIVER.format(
        target=target,
        weights="" if one else "f32, ",
        argument="w" if one else "weight",
        value="w" if one else "weight[ix(s)]",
        passed="bits_f64(d[q + 9])" if one else "f32(d[q + 9], 1)",
    )
    form = SynapseForm(target, weight)
    return SynapsePlan(
        name=f"static_{form}", model="static", form=form, parameters=(), decays=(),
        edge_parameters=(), states=(), plastic=False, carried=(), pre_arrays={},
        deliver=KernelSource(f"test_deliver_{form}", text), emit=None, observe=None,
        layout={"deliver": (), "emit": (), "observe": ()},
    )  # fmt: skip


SYNAPSES = {
    plan.name: plan
    for plan in (synapse(t, w) for t in ("u16", "u32") for w in ("scalar", "float32"))
}


class Network:
    """Builds an artifact piece by piece."""

    def __init__(self, threads: int = 1, dt: float = 0.1, seed: int = 1) -> None:
        self.threads, self.dt, self.seed = threads, dt, seed
        self.populations: list[PopulationPlan] = []
        self.projections: list[ProjectionPlan] = []
        self.sources: list[SourcePlan] = []
        self._objects = 0

    def _object(self) -> int:
        self._objects += 1
        return self._objects

    def population(self, name: str, size: int, cell: str = "lif_delta", **values: Any) -> str:
        """Add a population; values named ``initial_x`` are initial."""
        edges = tuple(round(size * p / self.threads) for p in range(self.threads + 1))
        first = sum(p.size for p in self.populations)
        initial = {k[8:]: v for k, v in values.items() if k.startswith("initial_")}
        parameters = {k: v for k, v in values.items() if not k.startswith("initial_")}
        self.populations.append(
            PopulationPlan(name, name, size, cell, first, self._object(), parameters, initial,
                           edges)
        )  # fmt: skip
        return name

    def project(
        self, pre: str, post: str, weight: Any, delay: Any, connector: str = "all_to_all",
        **options: Any,
    ) -> str:  # fmt: skip
        """Add a projection of static synapses."""
        name = f"{pre}_{post}_{len(self.projections)}"
        form = "scalar" if isinstance(weight, float) else "float32"
        self.projections.append(
            ProjectionPlan(
                name, self._object(), SelectionPlan(((pre, slice(None)),)),
                SelectionPlan(((post, slice(None)),)), connector, options,
                f"static_u16_{form}", "input", weight, delay, {}, {}, Space(), form,
                len(self.projections),
            )
        )  # fmt: skip
        return name

    def inject(self, kind: str, *targets: tuple[str, Any], **parameters: Any) -> str:
        """Add a current source."""
        name = f"source_{len(self.sources)}"
        chosen = tuple(SelectionPlan((target,)) for target in targets)
        self.sources.append(SourcePlan(name, kind, self._object(), parameters, chosen))
        return name

    def artifact(self) -> Artifact:
        """Return the artifact."""
        return Artifact(
            name="test", dt=self.dt, seed=self.seed, precision="f64", threads=self.threads,
            cells={c.name: c for c in (CELL, POISSON_CELL, SCHEDULE_CELL)}, synapses=SYNAPSES,
            populations=tuple(self.populations), projections=tuple(self.projections),
            sources=tuple(self.sources), records=(),
        )  # fmt: skip


def times(*values: float) -> np.ndarray:
    """Return spike times for a schedule."""
    return np.array(values, np.float64)


def simulation(network: Network, *recorded: str, v: tuple[str, ...] = ()) -> Simulation:
    """Return a network's simulation that records spikes, and ``v`` of some populations."""
    sim = Simulation(network.artifact())
    for name in recorded:
        sim.record(name, ["spikes"])
    for name in v:
        sim.record(name, ["v"])
    return sim


def relay(weight: float, spike: float = 1.0, delay: float = 1.0, **values: float) -> Simulation:
    """Return the simulation of a cell that gets one spike through one synapse."""
    network = Network()
    network.population("source", 1, "schedule", spike_times=times(spike))
    network.population("cells", 1, **values)
    network.project("source", "cells", weight, delay)
    return simulation(network, "cells", v=("cells",))


def assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    """Assert that two lists of results are the same to the bit."""
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
