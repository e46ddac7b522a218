"""The time loop: order, meetings, stopping."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from snnc.ir.diagnostics import SnncError
from snnc.runtime.engine.driver import MEETING, Driver, Instruction, StopFlag, run_threads
from snnc.runtime.jit.cache import Kernels, KernelSource

# Appends (label, step) to a log: words are the length, the label, then the log.
LOG = """\
from snnc.runtime.jit.intrinsics import i64
def entry(desc, rows, step):
    d = i64(desc, 2)
    shared = i64(d[0], 100000)
    n = shared[0]
    shared[1 + 2 * n] = d[1]
    shared[2 + 2 * n] = step
    shared[0] = n + 1
"""

# Writes the step into its own slot; counts slots of others that are more than an epoch away.
MEET = """\
from snnc.runtime.jit.intrinsics import i64, load_acquire, store_release
def entry(desc, rows, step):
    d = i64(desc, 4)
    slots = d[0]
    store_release(slots + 64 * d[1], step)
    for other in range(rows):
        away = load_acquire(slots + 64 * other) - step
        if away > d[2] or away < -d[2]:
            d[3] += 1
"""

# Writes the step it is in.
TELL = """\
from snnc.runtime.jit.intrinsics import i64, store_release
def entry(desc, rows, step):
    store_release(i64(desc, 1)[0], step)
"""

# Waits, at most ten seconds, until the other thread is some steps ahead; counts the times it is.
# All end at the same step, so there is nothing to wait for in the last ones.
WAIT = """\
from snnc.runtime.jit.intrinsics import i64, load_acquire, usleep
def entry(desc, rows, step):
    d = i64(desc, 4)
    tries = 0
    while step < d[2] and load_acquire(d[0]) < step + d[3] and tries < 100000:
        usleep(100)
        tries += 1
    d[1] += load_acquire(d[0]) == step + d[3]
"""

SLOW = """\
from snnc.runtime.jit.intrinsics import i64, usleep
def entry(desc, rows, step):
    usleep(200)
    i64(desc, 1)[0] = step
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return Kernels(tmp_path_factory.mktemp("kernels"))


def programs_that_meet(kernels, threads, epoch):
    function = kernels.get(KernelSource("meet", MEET)).address
    slots = np.zeros((threads, 8), np.int64)
    tables = np.array([[slots.ctypes.data, t, epoch, 0] for t in range(threads)], np.int64)
    programs = [[MEETING, Instruction(function, table.ctypes.data, threads)] for table in tables]
    return programs, tables, slots


def test_instructions_run_in_order_in_every_step(kernels):
    function = kernels.get(KernelSource("log", LOG)).address
    log = np.zeros(1000, np.int64)
    labels = np.array([[log.ctypes.data, label] for label in range(3)], np.int64)
    first, second, third = (Instruction(function, table.ctypes.data, 1) for table in labels)
    assert run_threads(kernels, [[first, MEETING, second, third]], 5, 10, epoch=2) == 10
    entries = log[1 : 1 + 2 * log[0]].reshape(-1, 2).tolist()
    assert entries == [[label, step] for step in range(5, 10) for label in range(3)]


def times_ahead(kernels, programs, epoch, lead, steps=50):
    """Return in how many steps the first thread, which tells where it is, was `lead` steps ahead of
    the second, which waits for that; `programs` of the instructions of both."""
    reached = np.zeros(8, np.int64)
    tell = np.array([reached.ctypes.data])
    wait = np.array([reached.ctypes.data, 0, steps - lead, lead])
    ahead = Instruction(kernels.get(KernelSource("tell", TELL)).address, tell.ctypes.data, 1)
    late = Instruction(kernels.get(KernelSource("wait", WAIT)).address, wait.ctypes.data, 1)
    driver = Driver(kernels, programs(ahead, late), epoch)
    driver._slice(steps)
    driver.close()
    return wait[1]


def test_a_thread_need_not_wait_before_the_meeting(kernels):
    found = times_ahead(
        kernels, lambda ahead, late: [[ahead, MEETING], [MEETING, late]], epoch=1, lead=1
    )
    assert found == 49


@pytest.mark.parametrize("epoch", [2, 5])
def test_a_thread_that_is_late_by_less_than_an_epoch_keeps_nobody_waiting(kernels, epoch):
    lead = epoch - 1
    found = times_ahead(
        kernels, lambda ahead, late: [[MEETING, ahead], [MEETING, late]], epoch, lead
    )
    assert found == 50 - lead


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("epoch", [1, 4])
def test_threads_are_never_more_than_an_epoch_apart(kernels, threads, epoch):
    programs, tables, slots = programs_that_meet(kernels, threads, epoch)
    assert run_threads(kernels, programs, 0, 403, epoch) == 403
    assert tables[:, 3].tolist() == [0] * threads
    assert slots[:, 0].tolist() == [402] * threads


def test_a_driver_runs_on_where_it_stopped(kernels):
    programs, _tables, slots = programs_that_meet(kernels, 2, 5)
    driver = Driver(kernels, programs, 5)
    assert [driver.run(0, 7), driver.run(7, 7), driver.run(7, 20)] == [7, 7, 20]
    driver.close()
    assert slots[:, 0].tolist() == [19, 19]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_stop_flag_stops_all_threads_at_the_same_step(kernels, threads):
    function = kernels.get(KernelSource("slow", SLOW)).address
    last = np.zeros((threads, 8), np.int64)
    programs = [[Instruction(function, row.ctypes.data, 1), MEETING] for row in last]
    stop = StopFlag()
    timer = threading.Timer(0.05, stop.set)
    timer.start()
    reached = run_threads(kernels, programs, 0, 10**6, 4, stop)
    timer.join()
    assert 0 < reached < 10**6
    assert last[:, 0].tolist() == [reached - 1] * threads
    assert run_threads(kernels, programs, reached, reached + 4, 4, stop) == reached
    stop.clear()
    assert run_threads(kernels, programs, reached, reached + 4, 4, stop) == reached + 4


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_leaves_all_threads_at_one_step_and_the_run_goes_on(kernels, interruptible):
    function = kernels.get(KernelSource("slow", SLOW)).address
    last = np.zeros((2, 8), np.int64)
    programs = [[Instruction(function, row.ctypes.data, 1), MEETING] for row in last]
    driver = Driver(kernels, programs, 5)
    before = signal.getsignal(signal.SIGINT)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        driver.run(0, 10**6)
    assert driver.step > 0 and last[:, 0].tolist() == [driver.step - 1] * 2
    assert driver.run(driver.step, driver.step + 5) == last[0, 0] + 1
    driver.close()
    assert signal.getsignal(signal.SIGINT) is before


def test_more_threads_than_processors_do_not_collapse(kernels):
    threads = 4 * (os.cpu_count() or 1) + 1
    programs, tables, _slots = programs_that_meet(kernels, threads, 1)
    start = time.perf_counter()
    assert run_threads(kernels, programs, 0, 2000, 1) == 2000
    assert time.perf_counter() - start < 10
    assert tables[:, 3].tolist() == [0] * threads


def test_a_driver_needs_programs_and_an_epoch(kernels):
    with pytest.raises(SnncError):
        Driver(kernels, [], 1)
    with pytest.raises(SnncError):
        Driver(kernels, [[]], 0)
    with pytest.raises(SnncError, match="do not meet"):
        Driver(kernels, [[MEETING], []], 1)
