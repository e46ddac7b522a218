"""Running the kernels of a network through time, on one or several threads.

Each thread has a *program*: a table of int64 [instructions x 4] with the address of a kernel, the
address of its descriptor table, the number of rows in it, and the kind of the instruction (see
`Kind`). Threads go through their programs once a step. An *epoch* is as many steps as the shortest
delay: what a thread sends in a step, others read an epoch later. So a thread goes on past the
*meeting*, an instruction in a step, as soon as all others have done the step that lies an epoch
before; what precedes the meeting needs nothing of that step. Who is late for once keeps nobody
waiting, unless it is late by an epoch.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from types import FrameType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import SnncError
from snnc.runtime.jit.cache import Kernels, source_of

# The tables of runtime/kernels/driver.py.
_SHARED, _INSTRUCTIONS, _COUNT, _THREAD, _REACHED, _OWN_SIZE = range(6)
_THREADS, _EPOCH, _STOP, _SPINS = range(4)
_LIMIT, _DONE, _CACHE_LINE_WORDS = 8, 16, 8
# About 10 microseconds.
_SPIN_COUNT = 300
# Python handles signals between slices of about this time; a slice starts and joins threads.
_SLICE_SECONDS = 0.08
_MOST_GROWTH = 16.0


class Kind(IntEnum):
    """What an instruction does."""

    EVERY_STEP = 0
    MEETING = 1


class Instruction(NamedTuple):
    """A row of a program.

    Attributes
    ----------
    function : int
        Address of a kernel (`snnc.runtime.jit.cache.Kernel.address`).
    desc : int
        Address of its descriptor table.
    rows : int
        Rows of that table.
    kind : Kind
        Whether it runs a kernel, or waits for the other threads.
    """

    function: int
    desc: int
    rows: int
    kind: Kind = Kind.EVERY_STEP


MEETING = Instruction(0, 0, 0, Kind.MEETING)
"""Waits until all threads have done the step that lies an epoch before."""


class StopFlag:
    """A word in memory that makes a running network stop within an epoch, all threads at one step.

    Any thread may set it at any time; it stays set until cleared.
    """

    def __init__(self) -> None:
        self._word = np.zeros(1, np.int64)

    @property
    def address(self) -> int:
        """Address of the word, for kernels."""
        return self._word.ctypes.data

    def set(self) -> None:
        """Ask to stop."""
        self._word[0] = 1

    def clear(self) -> None:
        """Withdraw the request."""
        self._word[0] = 0

    def __bool__(self) -> bool:
        return bool(self._word[0])


class Driver:
    """Runs programs through time.

    Parameters
    ----------
    kernels : Kernels
        Where the compiled time loop comes from.
    programs : sequence of sequence of Instruction, or of int64 arrays of shape (n, 4)
        One for each thread; several need a `MEETING` in each. The tables they point to must outlive
        the driver.
    epoch : int
        Steps of the shortest delay, at least 1: how far threads may be apart.
    stop : StopFlag, optional
        Checked in every step.

    Attributes
    ----------
    step : int
        The first step that has not been run; valid after an exception, too.
    stop : StopFlag
        The flag given, or one of its own.
    """

    def __init__(
        self,
        kernels: Kernels,
        programs: Sequence[Sequence[Instruction] | NDArray[np.int64]],
        epoch: int,
        stop: StopFlag | None = None,
    ) -> None:
        if not programs or epoch < 1:
            raise SnncError(
                f"internal error: a driver of {len(programs)} programs and epochs of {epoch} steps"
            )
        self._kernel = kernels.get(source_of("driver"))
        self._programs = [np.array(p, np.int64).reshape(-1, 4) for p in programs]
        if len(programs) > 1 and not all((p[:, 3] == Kind.MEETING).any() for p in self._programs):
            raise SnncError("internal error: a driver of threads that do not meet")
        self._epoch = epoch
        self.stop = stop if stop is not None else StopFlag()
        self.step = 0
        # Of a slice, as the last run has left it: short ones would be mostly starts of threads.
        self._epochs = 1
        self._shared = _aligned(_DONE + len(programs) * _CACHE_LINE_WORDS)
        self._shared[[_THREADS, _EPOCH, _STOP, _SPINS]] = (
            len(programs),
            epoch,
            self.stop.address,
            _SPIN_COUNT if len(programs) <= processors() else 0,
        )
        self._own = [self._table_of(*numbered) for numbered in enumerate(self._programs)]
        workers = len(programs) - 1
        self._pool = ThreadPoolExecutor(workers, "snnc") if workers else None

    def _table_of(self, thread: int, program: NDArray[np.int64]) -> NDArray[np.int64]:
        own = _aligned(_OWN_SIZE)
        own[[_SHARED, _INSTRUCTIONS, _COUNT, _THREAD]] = (
            self._shared.ctypes.data,
            program.ctypes.data,
            len(program),
            thread,
        )
        return own

    def run(self, k0: int, k1: int) -> int:
        """Run the steps k0, ..., k1 - 1.

        Epochs count from k0. The first program runs in the calling thread. An interrupt (SIGINT)
        is handled within a tenth of a second, when all threads have reached the same step: after a
        KeyboardInterrupt the network can be read, and run on from `step`.

        Parameters
        ----------
        k0, k1 : int
            First step, and the step after the last.

        Returns
        -------
        int
            The first step not run: k1, or less when stopped by the flag.
        """
        self.step = k0
        with _deferred_interrupts() as handle_interrupts:
            while self.step < k1 and not self.stop:
                start = time.perf_counter()
                steps = min(self._epochs * self._epoch, k1 - self.step)
                self._slice(steps)
                elapsed = time.perf_counter() - start
                if steps == self._epochs * self._epoch or elapsed > _SLICE_SECONDS:
                    factor = min(_SLICE_SECONDS / max(elapsed, 1e-9), _MOST_GROWTH)
                    self._epochs = max(int(self._epochs * factor), 1)
                handle_interrupts()
        return self.step

    def _slice(self, steps: int) -> None:
        k = self.step
        self._shared[_LIMIT] = steps
        self._shared[_DONE:] = 0
        for own in self._own:
            own[_REACHED] = k
        futures: list[Future[None]] = []
        if self._pool is not None:
            for own in self._own[1:]:
                futures.append(self._pool.submit(self._kernel, own.ctypes.data, steps, k))
        self._kernel(self._own[0].ctypes.data, steps, k)
        for future in futures:
            future.result()
        self.step = int(self._own[0][_REACHED])

    def close(self) -> None:
        """End the threads; the driver cannot run any more."""
        if self._pool is not None:
            self._pool.shutdown()


def run_threads(
    kernels: Kernels,
    programs: Sequence[Sequence[Instruction] | NDArray[np.int64]],
    k0: int,
    k1: int,
    epoch: int,
    stop: StopFlag | None = None,
) -> int:
    """Run programs once, on as many threads, and return the step reached; see `Driver`."""
    driver = Driver(kernels, programs, epoch, stop)
    try:
        return driver.run(k0, k1)
    finally:
        driver.close()


@contextlib.contextmanager
def _deferred_interrupts() -> Iterator[Callable[[], None]]:
    """Hold SIGINT back until the function given is called.

    An exception between the start of one thread and the next would leave the first at the barrier.
    """
    previous = signal.getsignal(signal.SIGINT)
    caught: list[tuple[int, FrameType | None]] = []

    def handle() -> None:
        while caught and callable(previous):
            previous(*caught.pop())

    if not callable(previous) or threading.current_thread() is not threading.main_thread():
        yield handle
        return
    signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield handle
    finally:
        signal.signal(signal.SIGINT, previous)
        handle()


def _aligned(words: int) -> NDArray[np.int64]:
    """Return zeros that start on a cache line and fill it alone."""
    lines = -(-words // _CACHE_LINE_WORDS) + 1
    memory = np.zeros(lines * _CACHE_LINE_WORDS, np.int64)
    offset = -(memory.ctypes.data // 8) % _CACHE_LINE_WORDS
    return memory[offset : offset + words]


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
