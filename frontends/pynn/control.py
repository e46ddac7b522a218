"""Setting up, running and resetting a simulation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from snnc.pynn import script, session
from snnc.pynn.cells.parameters import is_plain
from snnc.pynn.refusals import SetupRefused, TimeRefused
from snnc.pynn.session import DEFAULT_SEED, DEFAULT_TIMESTEP, Session
from snnc.pynn.wiring.checks import extent
from snnc.ranks import all_ranks, this_rank

_RENAMED = {"mindelay": "min_delay", "maxdelay": "max_delay", "dt": "timestep",
            "time_step": "timestep"}  # fmt: skip
_COMPILE = ("threads", "precision", "solver", "pipeline", "emulate")
_ENVIRONMENT = {"SNNC_TARGET": "target", "SNNC_THREADS": "threads", "SNNC_PRECISION": "precision"}


def setup(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: float | str = "auto",
    **extra_params: Any,
) -> int:
    """Begin a new network.

    Parameters
    ----------
    timestep : float
        In ms.
    min_delay : float or "auto"
        The smallest delay, in ms; "auto" is the time step.
    max_delay : float or "auto"
        The largest delay, in ms.
    rng_seed : int
        Seed of all random choices that do not bring their own.
    target : str
        What the network is compiled for, by default ``"cpu"``.
    threads : int or "auto"
        Number of threads; results do not depend on it.
    precision : "f64", "f32" or "packed"
        Of states and sums.
    solver : str
        See `snnc.compile`.
    pipeline : str
        Passes to run instead of the target's own.
    emulate : bool
        Compute here, to the bit, what the target would compute elsewhere.
    connectivity : "counter" or "pynn"
        With ``"pynn"`` connections, weights, parameters and initial values are drawn through the
        script's own generators in PyNN's order, which gives the network that PyNN's backends build.
    spike_precision : "on_grid" or "off_grid"
        With ``"off_grid"`` the spikes of a `SpikeSourceArray` are recorded at the very times that
        it was given; they arrive on the time grid, as all spikes do.
    stream_to : path
        An HDF5 file to which recorded data are written while the network runs, so that memory stays
        flat and a crash loses at most the last second; `get_data` reads them back.
    **extra_params
        What other backends know is ignored.

    Returns
    -------
    int
        The rank of this process: 0.

    Raises
    ------
    ValueError
        If arguments contradict each other.
    """
    session.start(new_session(timestep, min_delay, extra_params))
    return 0


def new_session(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: float | str = "auto",
    extra: Mapping[str, Any] | None = None,
) -> Session:
    """Return an empty network; the environment and the command line count more than `extra`."""
    given = dict(extra or {})
    for old, new in _RENAMED.items():
        if old in given:
            raise SetupRefused(f"setup() has no argument '{old}'; use '{new}'")
    max_delay = given.pop("max_delay", "auto")
    _check_times(timestep, min_delay, max_delay)
    connectivity = given.get("connectivity", "counter")
    if connectivity not in ("counter", "pynn"):
        raise SetupRefused(f"connectivity={connectivity!r}; expected 'counter' or 'pynn'")
    for variable, name in _ENVIRONMENT.items():
        if variable in os.environ:
            given[name] = os.environ[variable]
    given.update(session.overrides)
    options = {name: given[name] for name in _COMPILE if given.get(name) is not None}
    target = given.get("target") or "cpu"
    return Session(
        float(timestep),
        min_delay,
        max_delay,
        _seed(given),
        target,
        options,
        exact_times=given.get("spike_precision") == "off_grid",
        connectivity=connectivity,
        stream_to=given.get("stream_to"),
    )


def _check_times(timestep: Any, min_delay: Any, max_delay: Any) -> None:
    if not is_plain(timestep) or not 0.0 < timestep < np.inf:
        raise SetupRefused(f"the time step must be a positive number of ms; found {timestep!r}")
    for name, delay in (("min_delay", min_delay), ("max_delay", max_delay)):
        if delay == "auto":
            continue
        if not is_plain(delay) or not np.isfinite(delay):
            raise SetupRefused(f"{name} must be a number of ms, or 'auto'; found {delay!r}")
        if delay < timestep * (1.0 - 1e-9):
            raise SetupRefused(
                f"{name} must be at least the time step, {timestep:g} ms; found {delay:g} ms"
            )
    if "auto" not in (min_delay, max_delay) and min_delay > max_delay:
        raise SetupRefused(
            f"min_delay must not be above max_delay; found {min_delay:g} and {max_delay:g} ms"
        )


def _seed(given: Mapping[str, Any]) -> int:
    for old in ("grng_seed", "rng_seeds_seed", "rng_seeds"):
        if old in given:
            script.warn(f"the argument '{old}' of setup() is now 'rng_seed'")
            value = given[old]
            return _checked_seed(value[0] if isinstance(value, Sequence) else value)
    for name in ("rng_seed", "seed"):
        if given.get(name) is not None:
            return _checked_seed(given[name])
    return DEFAULT_SEED


def _checked_seed(seed: Any) -> int:
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise SetupRefused(f"a seed is an integer from 0 to 2^63 - 1; found {seed!r}")
    return int(seed)


def end(compatible_output: bool = True) -> None:
    """Write the files that `record(to_file=...)` asked for; data can still be read."""
    current = session.current()
    queue, current.write_on_end = current.write_on_end, []
    for group, variables, file in queue:
        group.write_data(file, variables)


Callback = Callable[[float], float]


def run_until(time_point: float, callbacks: Sequence[Callback] | None = None) -> float:
    """Simulate until a time.

    Parameters
    ----------
    time_point : float
        In ms.
    callbacks : sequence of callable, optional
        Called with the time; they return the time at which they want to be called next.

    Returns
    -------
    float
        The time reached, in ms.

    Raises
    ------
    ValueError
        If the time has passed.
    """
    current = session.current()
    if not is_plain(time_point) or not np.isfinite(time_point):
        raise TimeRefused(f"a time is a number of ms; found {time_point!r}")
    if not callbacks:
        return current.run_until(time_point)
    if time_point - current.time < -current.dt / 2.0:
        raise TimeRefused(f"{time_point:g} ms is in the past; it is {current.time:g} ms")
    due = [(callback(current.time), callback) for callback in callbacks]
    while current.time + 1e-9 < time_point:
        nearest = min(time for time, _ in due)
        # What is due within one time step is called at once, as PyNN does.
        active = [entry for entry in due if entry[0] - nearest < current.dt]
        before = current.time
        current.run_until(min(max(nearest, before), time_point))
        waiting = [entry for entry in due if entry not in active]
        due = waiting + [(callback(current.time), callback) for _, callback in active]
        if current.time == before and min(time for time, _ in due) <= before:
            raise TimeRefused("a callback asks to be called at a time that has passed")
    return current.time


def run(simtime: float, callbacks: Sequence[Callback] | None = None) -> float:
    """Simulate for a duration in ms; see `run_until`."""
    return run_until(session.current().time + simtime, callbacks)


run_for = run


def reset(annotations: Mapping[str, Any] | None = None) -> None:
    """Go back to time 0: states and plastic weights as at the beginning.

    Parameters, and what is recorded, stay. What was recorded becomes a segment of the data.

    Parameters
    ----------
    annotations : mapping, optional
        Annotations of that segment.
    """
    session.current().reset(annotations or {})


def get_current_time() -> float:
    """Return the time of the simulation, in ms."""
    return session.current().time


def get_time_step() -> float:
    """Return the time step, in ms."""
    return session.current().dt


def get_min_delay() -> float:
    """Return the smallest delay, in ms: that of `setup`, or the smallest in the network."""
    current = session.current()
    if isinstance(current.min_delay_setting, str):
        return min(_delays(current, 0), default=current.dt)
    return current.min_delay_setting


def get_max_delay() -> float:
    """Return the largest delay, in ms: that of `setup`, or the largest in the network."""
    current = session.current()
    if isinstance(current.max_delay_setting, str):
        return max(_delays(current, 1), default=current.dt)
    return current.max_delay_setting


def _delays(current: Session, which: int) -> list[float]:
    """Return the smallest (0) or largest (1) delay of each projection."""
    found = []
    for projection in current.projections:
        low, high, exact = extent(projection.value("delay"), np.inf)
        if not exact or projection.has_own_values("delay"):
            delays = projection.attribute("delay")
            if delays.size == 0:
                continue
            low, high = float(delays.min()), float(delays.max())
        found.append(max((low, high)[which], current.dt))
    return found


def num_processes() -> int:
    """Return the number of processes that a network is distributed over."""
    return all_ranks()


def rank() -> int:
    """Return the number of this process."""
    return this_rank()
