"""Every standard cell type on every simulator that has it, against the target cpu.

Cells get spikes through both receptors and steps of current. Linear cells have exact solutions
everywhere. Others are solved by different methods, whose difference must be small and shrink with
the time step; it is taken before the first spike, and otherwise apart from spikes, since a spike
one step later shifts all that follows. NEURON runs the solvers of cpu, so `test_native_neuron`
asks for the same spikes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from few_cells_cases import CASES
from single_cells import Few, spike_times, voltages

LINEAR = ("LIF", "IF_curr_delta", "IF_curr_exp", "IF_curr_alpha")
MODULES = {"nest": "nest", "brian2": "brian2"}
SOLVERS = {
    # NEST steps this model by the method of Euler, the others are more accurate by default.
    ("nest", "Izhikevich"): "euler",
}
DURATION = 60.0
APART = 1.0


def of(model: str) -> Few:
    """Return the cells, starting without what NEST cannot start with."""
    few = CASES[model]
    own = {name: value for name, value in few.initial.items() if len(name) == 1}
    return replace(few, initial=own)


def compared(model: str, target: str, dt: float, solver: str) -> tuple[float, float, float]:
    """Return the largest shift of a spike in steps, and RMS before the first and between spikes."""
    cpu = of(model).compile(dt=dt, solver=solver)
    other = of(model).compile(dt=dt, target=target)
    for network in (cpu, other):
        network.run(0.5)
        network.run(DURATION - 0.5)
    difference = voltages(other) - voltages(cpu)
    shift, before, between = 0.0, [], []
    times = np.arange(len(difference)) * dt
    for cell in range(3):
        ours, theirs = spike_times(other, cell), spike_times(cpu, cell)
        assert len(ours) == len(theirs) > 0
        shift = max(shift, np.abs(np.subtract(ours, theirs)).max() / dt)
        far = np.all([np.abs(times - spike) > APART for spike in ours + theirs], axis=0)
        between.append(difference[far, cell])
        before.append(difference[times < min(ours[0], theirs[0]) - APART, cell])
    return shift, rms(before), rms(between)


def rms(parts: list[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("model", sorted(CASES))
def test_a_cell_does_what_it_does_on_the_cpu(model, target):
    pytest.importorskip(MODULES[target], reason=f"the simulator of target {target} is missing")
    solver = SOLVERS.get((target, model), "auto")
    shift, before, between = compared(model, target, 0.1, solver)
    assert shift <= 1.01
    if model in LINEAR:
        assert between < 1e-9
        return
    assert between < 0.05
    _, finer, _ = compared(model, target, 0.05, solver)
    assert finer < max(0.7 * before, 1e-9)


def test_izhikevich_cells_of_nest_err_by_order_one():
    pytest.importorskip("nest", reason="the simulator of target nest is missing")
    errors = [compared("Izhikevich", "nest", dt, "auto")[1] for dt in (0.1, 0.05, 0.025)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all((orders > 0.8) & (orders < 1.1)), orders
