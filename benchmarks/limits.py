"""What this machine can do at most: scattered additions at a size of buffer, and streaming."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.hardware.cpu import CPU
from snnc.runtime.engine.tables import address, aligned_zeros
from snnc.runtime.jit.cache import shared_kernels

_WARM_UP, _REPEATS = 3, 20
_EVENTS = 1 << 23  # targets and weights that no cache holds: they are read as a stream
_TRIAD = 1 << 24  # elements, more than any cache holds

# Kernels' types of sums and of weights.
_TYPES = {
    "f64": ("f64", np.float64, "f32", np.float32),
    "f32": ("f32", np.float32, "f32", np.float32),
    "packed": ("i32", np.int32, "i16", np.int16),
}

_SCATTER = '''\
"""Add to scattered elements of a buffer; words: events, targets, weights, size, buffer."""

from snnc.runtime.jit.intrinsics import {names}


@loop
def scatter(n, target, weight, buffer):
    for e in range(n):
        buffer[ix(target[e])] += {weight}


def entry(desc, rows, step):
    words = i64(desc, 5)
    n = words[0]
    scatter(n, {target}(words[1], n), {weights}(words[2], n), {sums}(words[4], words[3]))
'''

_STREAM = '''\
"""The triad of the STREAM benchmark; words: elements, and three arrays of float64."""

from snnc.runtime.jit.intrinsics import f64, i64, loop


@loop
def triad(n, a, b, c):
    for e in range(n):
        a[e] = b[e] + 3.0 * c[e]


def entry(desc, rows, step):
    words = i64(desc, 4)
    n = words[0]
    triad(n, f64(words[1], n), f64(words[2], n), f64(words[3], n))
'''


@cache
def scatter_ns(elements: int, precision: str, threads: int = 1, weighted: bool = False) -> float:
    """Return the CPU time in ns of one addition to a random element of a buffer, at best.

    Targets come as a stream in no order, of 16 bits where these suffice, as in rows of synapses.

    Parameters
    ----------
    elements : int
        Size of the buffer of each thread.
    precision : str
        Decides the types of sums and weights, as in snnc.
    threads : int
        Number of threads that do so at once.
    weighted : bool
        Whether a stream of weights is added, or one and the same.
    """
    sums, dtype, weights, kind = _TYPES.get(precision, _TYPES["f64"])
    target = "u16" if elements <= CPU.short_offset_reach else "u32"
    source = _SCATTER.format(
        names=", ".join(sorted({sums, weights, target, "i64", "ix", "loop"})),
        weight="weight[e]" if weighted else "1",
        target=target,
        weights=weights,
        sums=sums,
    )
    places = np.uint16 if target == "u16" else np.uint32
    tables, kept = [], []
    for thread in range(threads):
        random = np.random.default_rng(thread)
        targets = random.integers(0, elements, _EVENTS, dtype=places)
        added = np.ones(_EVENTS if weighted else 1, kind)
        buffer = aligned_zeros(elements, dtype)
        kept.append((targets, added, buffer))
        tables.append([_EVENTS, address(targets), address(added), elements, address(buffer)])
    return _seconds(KernelSource("bench_scatter", source), tables) / (threads * _EVENTS) * 1e9


@cache
def triad_gb_s() -> float:
    """Return the memory bandwidth of one core in GB/s."""
    arrays = [np.ones(_TRIAD) for _ in range(3)]
    words = [_TRIAD, *(address(array) for array in arrays)]
    seconds = _seconds(KernelSource("bench_triad", _STREAM), [words])
    return 3 * arrays[0].nbytes / seconds / 1e9


def _seconds(source: KernelSource, tables: Sequence[list[int]]) -> float:
    """Return the CPU time of a kernel on threads that run at once, one for each table.

    It is the least of many: other processes, and a processor that has just woken up, only add to
    what the machine can do.
    """
    kernel, together = shared_kernels().get(source), threading.Barrier(len(tables))

    def run(table: np.ndarray) -> float:
        together.wait()
        start = time.thread_time()
        kernel(address(table), 1, 0)
        return time.thread_time() - start

    words = [np.array(table, np.int64) for table in tables]
    with ThreadPoolExecutor(len(tables)) as pool:
        samples = [sum(pool.map(run, words)) for _ in range(_WARM_UP + _REPEATS)]
    return min(samples[_WARM_UP:])


def machine() -> str:
    """Return the processor and how many cores may be used."""
    import psutil

    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    return f"{name}, {len(psutil.Process().cpu_affinity() or [0])} cores"
