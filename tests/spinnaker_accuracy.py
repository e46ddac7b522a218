"""How near single cells in SpiNNaker's arithmetic are to floats: ``python spinnaker_accuracy.py``.

Cells with Poisson sources of their own are run three times: emulated; by the same rule in floats,
with the machine's constants and what its ring buffers got; and on the target ``cpu``. What counts
is the share of spikes that have one in the other train within 1 ms. Potentials depend on the unit
of current only by rounding, so the rule in floats is written in nA.

The columns: model, strength, time step, spikes; near the rule in floats; near ``cpu``; the same
with `Drive.nearest`; of Izhikevich's cells near the rule in floats with it, and what floats keep of
themselves with 1e-7 nA more.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import snnc.pynn as sim
from snnc import model_library
from snnc.pynn import session

RECEPTORS = ("excitatory", "inhibitory")
CELLS, DURATION, SEEDS = 30, 1000.0, (1, 2, 3)
MODELS = Path(__file__).parent / "data" / "spinnaker"
LEAKY = {"cm": 0.2, "tau_refrac": 5.0, "v_rest": -60.0, "v_reset": -60.0, "tau_syn_I": 10.0}
TAU_M, TAU_SYN_E, V_THRESH = 20.0, 5.0, -50.0
Trains = list[list[int]]


@dataclass(frozen=True)
class Drive:
    """A regime: cells with rates (Hz) and weights (nA or uS) of what excites and inhibits them."""

    model: str
    strength: str
    rates: tuple[float, float]
    weights: tuple[float, float]
    given: Mapping[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, float]:
        """What the cells have: those of Brette et al. (2007), or regular spiking ones."""
        if self.model.startswith("Izhikevich"):
            return dict(self.given)
        return LEAKY | ({"e_rev_I": -80.0} if "cond" in self.model else {}) | self.given

    def nearest(self, dt: float) -> Drive:
        """Return the drive of cells with the parameters that leave the chip nearest to them."""
        izhikevich = self.model.startswith("Izhikevich")
        return replace(self, given=_without_bias(dt) if izhikevich else self._with_exact_leak(dt))

    def _with_exact_leak(self, dt: float) -> dict[str, float]:
        """Return `tau_m`, `cm` and `v_rest` of leaky cells.

        The chip multiplies v, in each step, with 1 - k for a multiple k of 2^-15, and takes the
        current of a conductance g from v before the step. The exact step loses
        (1 - exp(-(1 + R g) dt / tau_m)) / (1 + R g) of v - v_rest, so `tau_m` is that of the
        nearest k for the mean of g, `cm` gives each current its exact effect, and `v_rest` the leak
        its own between reset and threshold.
        """
        leaky = LEAKY | self.parameters
        resistance = TAU_M / leaky["cm"]
        times = (TAU_SYN_E, leaky["tau_syn_I"])
        each = (rate * 1e-3 * weight for rate, weight in zip(self.rates, self.weights, strict=True))
        mean = (
            sum(g * tau for g, tau in zip(each, times, strict=True)) if self.conductances else 0.0
        )
        faster = 1.0 + resistance * mean
        lost = -np.expm1(-faster * dt / TAU_M) / faster * 2.0**15
        tau = _time_constant(round(lost), dt)
        gain = lost / round(lost)
        middle = 0.5 * (leaky["v_reset"] + V_THRESH)
        return {
            "tau_m": tau,
            "cm": tau / (resistance * gain),
            "v_rest": middle - (middle - leaky["v_rest"]) * gain,
        }

    @property
    def conductances(self) -> bool:
        """Whether weights are conductances."""
        return "ond" in self.model


def _time_constant(lost: int, dt: float) -> float:
    """Return a time constant for which the chip has 1 - exp(-dt / tau) as `lost` * 2^-15.

    It rounds dt / tau down, and then the exponential.
    """
    parts = np.arange(1, 2**14)
    codes = 2**15 - np.floor(np.exp(-parts / 2.0**15) * 2.0**15)
    part = parts[np.abs(codes - lost).argmin()]
    return float(np.rint(dt * 2.0**15) / (part + 0.5))


def _without_bias(dt: float) -> dict[str, float]:
    """Return the offset that makes up for products that Izhikevich's cells round down.

    A product loses half a unit of 2^-15 on average. 0.04 v is multiplied with v, near -65 mV, and u
    adds up over 1 / a what it loses in each step.
    """
    a, v = 0.02, -65.0
    return {"i_offset": -0.5 * (1.0 / (a * dt) - v) / 2.0**15}


DRIVES = (
    Drive("IF_curr_exp", "strong", (450.0, 60.0), (0.4, -0.4)),
    Drive("IF_curr_exp", "weak", (9000.0, 1200.0), (0.005, -0.005)),
    Drive("IF_curr_exp", "tiny", (60000.0, 8000.0), (0.0008, -0.0008)),
    Drive("IF_cond_exp", "strong", (450.0, 60.0), (0.02, 0.06)),
    Drive("IF_cond_exp", "weak", (1500.0, 600.0), (0.002, 0.004)),
    Drive("IF_cond_exp", "tiny", (20000.0, 6000.0), (0.00015, 0.0004)),
    Drive("IzhikevichCurrents", "strong", (300.0, 60.0), (6.0, -3.0)),
    Drive("IzhikevichCurrents", "weak", (9000.0, 1200.0), (0.2, -0.1)),
    Drive("IzhikevichConductances", "strong", (300.0, 60.0), (0.1, 0.05)),
    Drive("IzhikevichConductances", "weak", (9000.0, 1200.0), (0.003, 0.002)),
)


def near_floats(
    drive: Drive, dt: float, seeds: tuple[int, ...] = SEEDS, *, nearest: bool = False
) -> tuple[float, int]:
    """Return the share of spikes near the rule in floats, and how many there are.

    With `nearest`, the offset of the chip's cells is one of their own; see `Drive.nearest`.
    """

    def compared(seed: int) -> tuple[int, int]:
        found, arriving, constants = emulated(drive.nearest(dt) if nearest else drive, dt, seed)
        constants["i_offset"] = 0.0
        return pairs(found, in_floats(drive, constants, arriving, dt), 1.0 / dt)

    return _share(map(compared, seeds))


def near_cpu(
    drive: Drive, dt: float, seeds: tuple[int, ...] = SEEDS, *, nearest: bool = False
) -> tuple[float, int]:
    """Return the share of spikes near those of the target ``cpu``, and how many there are.

    With `nearest`, the chip's cells have parameters of their own; see `Drive.nearest`.
    """
    chip = drive.nearest(dt) if nearest else drive
    found = ((emulated(chip, dt, seed)[0], on_cpu(drive, dt, seed)) for seed in seeds)
    return _share(pairs(*both, 1.0 / dt) for both in found)


def near_itself(drive: Drive, dt: float, current: float) -> float:
    """Return the share of spikes that the rule in floats keeps with some more current (nA)."""
    _, arriving, constants = emulated(drive, dt, SEEDS[0])
    more = constants | {"i_offset": constants["i_offset"] + current}
    trains = (in_floats(drive, each, arriving, dt) for each in (constants, more))
    return _share([pairs(*trains, 1.0 / dt)])[0]


def _share(counted: Iterable[tuple[int, int]]) -> tuple[float, int]:
    paired, total = np.sum(list(counted), axis=0).tolist()
    return paired / total, total


def pairs(found: Trains, wanted: Trains, tolerance: float) -> tuple[int, int]:
    """Return how many spikes have a partner in the other train, and how many there are."""
    paired = total = 0
    for a, b in zip(found, wanted, strict=True):
        i = j = 0
        while i < len(a) and j < len(b):
            if abs(a[i] - b[j]) <= tolerance + 1e-9:
                paired, i, j = paired + 1, i + 1, j + 1
            elif a[i] < b[j]:
                i += 1
            else:
                j += 1
        total += max(len(a), len(b))
    return paired, total


def emulated(drive: Drive, dt: float, seed: int) -> tuple[Trains, np.ndarray, dict[str, float]]:
    """Return steps of spikes, what arrived (shape (2, steps, cells)), and the cells' constants."""
    cells, sources = _run(drive, dt, seed, target="spinnaker", emulate=True)
    simulation = session.current().simulation()
    plan = next(one for one in simulation.artifact.populations if one.label == "cells")
    arriving = np.zeros((2, round(DURATION / dt) + round(1.0 / dt) + 1, CELLS))
    for k, (receptor, source) in enumerate(zip(RECEPTORS, sources, strict=True)):
        quantum = plan.rings[receptor].quantum
        weight = abs(round(drive.weights[k] / quantum) * quantum)
        for cell, train in enumerate(_steps(source, dt)):
            np.add.at(arriving[k, :, cell], np.array(train, int) + round(1.0 / dt), weight)
    errors = {e.name: e.machine for e in simulation.errors() if e.owner == "cells"}
    unit = 2.0 ** simulation.current_bits[plan.name]
    errors["resistance"] = errors.get("resistance", 0.0) * unit
    return _steps(cells, dt), arriving, errors


def on_cpu(drive: Drive, dt: float, seed: int) -> Trains:
    """Return steps of spikes on the target ``cpu``, which names the end of a step."""
    cells, _ = _run(drive, dt, seed, target="cpu")
    return [[step - 1 for step in train] for train in _steps(cells, dt)]


def _run(drive: Drive, dt: float, seed: int, **options: Any) -> tuple[Any, list[Any]]:
    sim.setup(timestep=dt, min_delay=dt, rng_seed=seed, **options)
    kind = getattr(sim, drive.model)(**drive.parameters)
    cells = sim.Population(CELLS, kind, initial_values={"v": -60.0}, label="cells")
    sources = []
    for receptor, rate, weight in zip(RECEPTORS, drive.rates, drive.weights, strict=True):
        source = sim.Population(CELLS, sim.SpikeSourcePoisson(rate=rate))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
        source.record("spikes")
        sources.append(source)
    cells.record("spikes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sim.run(DURATION)
    return cells, sources


def _steps(population: Any, dt: float) -> Trains:
    trains = population.get_data().segments[0].spiketrains
    return [np.rint(np.asarray(train) / dt).astype(int).tolist() for train in trains]


def in_floats(
    drive: Drive, constants: Mapping[str, float], arriving: np.ndarray, dt: float
) -> Trains:
    """Run the machine's rule in floats; return the steps of spikes."""
    init = np.array([[constants[f"init_{name}"]] for name in ("exc", "inh")])
    decay = np.array([[constants[f"decay_{name}"]] for name in ("exc", "inh")])
    reversal = [constants.get(f"e_rev_{name}", 0.0) for name in "EI"]
    rule = _Izhikevich if drive.model.startswith("Izhikevich") else _Leaky
    cells = rule(constants)
    g = np.zeros((2, CELLS))
    spikes: Trains = [[] for _ in range(CELLS)]
    for step in range(round(DURATION / dt)):
        g += init * arriving[:, step]
        if drive.conductances:
            current = g[0] * (reversal[0] - cells.v) + g[1] * (reversal[1] - cells.v)
        else:
            current = g[0] - g[1]
        for cell in np.flatnonzero(cells.advance(current)):
            spikes[cell].append(step)
        g *= decay
    return spikes


class _Leaky:
    def __init__(self, constants: Mapping[str, float]) -> None:
        self.c = constants
        self.v, self.left = np.full(CELLS, -60.0), np.zeros(CELLS)

    def advance(self, current: np.ndarray) -> np.ndarray:
        alpha = current * self.c["resistance"] + self.c["v_rest"]
        free = self.left <= 0
        self.v = np.where(free, alpha - self.c["leak"] * (alpha - self.v), self.v)
        self.left = np.where(free, self.left, self.left - 1)
        fires = self.v >= self.c["v_thresh"]
        self.v = np.where(fires, self.c["v_reset"], self.v)
        self.left = np.where(fires, self.c["steps"], self.left)
        return fires


class _Izhikevich:
    """The midpoint method, over a longer step after a spike; the machine's product of a and h."""

    def __init__(self, constants: Mapping[str, float]) -> None:
        self.c, self.dt = constants, constants["dt_1"]
        self.v, self.h = np.full(CELLS, -60.0), np.full(CELLS, self.dt)
        self.u = np.full(CELLS, -13.0)

    def advance(self, current: np.ndarray) -> np.ndarray:
        b, h, v, u = self.c["b"], self.h, self.v, self.u
        rate = np.floor(self.c["a"] * h * 32768.0) / 32768.0
        square = 1311.0 / 32768.0
        pre = 140.0 + current + self.c.get("i_offset", 0.0) - u
        eta = v + 0.5 * h * (pre + (5.0 + square * v) * v)
        beta = 0.5 * h * (b * v - u) * self.c["a"]
        self.v = v + h * (pre - beta + (5.0 + square * eta) * eta)
        self.u = u + rate * (-u - beta + b * eta)
        fires = self.v >= 30.0
        self.v = np.where(fires, self.c["c"], self.v)
        self.u = np.where(fires, self.u + self.c["d"], self.u)
        self.h = np.where(fires, self.dt * 60620.0 / 32768.0, self.dt)
        return fires


if __name__ == "__main__":
    model_library.add_directory(MODELS)
    for drive in DRIVES:
        for dt in (1.0, 0.1):
            near, spikes = near_floats(drive, dt)
            close, _ = near_cpu(drive, dt)
            exact, _ = near_cpu(drive, dt, nearest=True)
            shares = [near, close, exact]
            if drive.model.startswith("Izhikevich"):
                own, _ = near_floats(drive, dt, nearest=True)
                shares += [own, near_itself(drive, dt, 1e-7)]
            columns = "".join(f"{share:9.2%}" for share in shares)
            print(f"{drive.model:24}{drive.strength:8}{dt:4} ms{spikes:8}{columns}")
