"""The state of the simulation under PyNN's names, ``sim.simulator.state``."""

from __future__ import annotations

from snnc.pynn import session

name = "snnc"


class _State:
    """What scripts and user-written connectors read of a backend."""

    num_processes = 1
    mpi_rank = 0

    @property
    def t(self) -> float:
        """The time, in ms."""
        return session.current().time

    @property
    def dt(self) -> float:
        """The time step, in ms."""
        return session.current().dt

    @property
    def min_delay(self) -> float:
        """The smallest delay, in ms."""
        return session.current().min_delay

    @property
    def max_delay(self) -> float:
        """The largest delay, in ms."""
        from snnc.pynn.control import get_max_delay

        return get_max_delay()

    @property
    def running(self) -> bool:
        """Whether the present segment has begun."""
        return session.current().running

    @property
    def segment_counter(self) -> int:
        """Number of resets."""
        return session.current().segment_counter


state = _State()
