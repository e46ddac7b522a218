"""What this machine can do at most: scattered additions at a size of buffer, and streaming."""

from __future__ import annotations

import platform
import statistics
import time
from functools import cache
from pathlib import Path

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.runtime.jit.cache import shared_kernels

_REPEATS = 5
_ROW = 1000  # targets of a spike: ascending, as rows of connections have them
_EVENTS = 2_000_000
_TRIAD = 1 << 24  # elements, more than any cache holds

_TYPES = {"f64": ("f64", np.float64), "f32": ("f32", np.float32), "packed": ("i32", np.int32)}

_SCATTER = '''\
"""Add to scattered elements of a buffer; words: events, targets (uint32), size, buffer."""

from snnc.runtime.jit.intrinsics import {kind}, i64, ix, loop, u32


@loop
def scatter(n, target, buffer):
    for e in range(n):
        buffer[ix(target[e])] += 1


def entry(desc, rows, step):
    words = i64(desc, 4)
    scatter(words[0], u32(words[1], words[0]), {kind}(words[3], words[2]))
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
def scatter_ns(elements: int, precision: str) -> float:
    """Return the time in ns of one addition to a random element of a buffer, in ascending rows."""
    kind, dtype = _TYPES.get(precision, _TYPES["f64"])
    random = np.random.default_rng(1)
    row = min(_ROW, max(elements // 2, 1))
    targets = random.integers(0, elements, (max(_EVENTS // row, 1), row), dtype=np.uint32)
    targets.sort(axis=1)
    buffer = np.zeros(elements, dtype)
    kernel = KernelSource("bench_scatter", _SCATTER.format(kind=kind))
    words = [targets.size, targets.ctypes.data, elements, buffer.ctypes.data]
    return _seconds(kernel, words) / targets.size * 1e9


@cache
def triad_gb_s() -> float:
    """Return the memory bandwidth of one core in GB/s."""
    arrays = [np.ones(_TRIAD) for _ in range(3)]
    words = [_TRIAD, *(array.ctypes.data for array in arrays)]
    seconds = _seconds(KernelSource("bench_triad", _STREAM), words)
    return 3 * arrays[0].nbytes / seconds / 1e9


def _seconds(source: KernelSource, words: list[int]) -> float:
    """Return the median time of a kernel, after one run that does not count."""
    kernel, table = shared_kernels().get(source), np.array(words, np.int64)
    samples = []
    for _ in range(_REPEATS + 1):
        start = time.perf_counter()
        kernel(table.ctypes.data, 1, 0)
        samples.append(time.perf_counter() - start)
    return statistics.median(samples[1:])


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
