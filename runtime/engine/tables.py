"""Tables of int64 words that kernels read: one row per slice of work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from snnc.hardware.cpu import CPU
from snnc.runtime.engine.driver import Instruction
from snnc.runtime.jit.cache import Kernel

CACHE_LINE = CPU.cache_line


def bits(value: float) -> int:
    """Return the bits of a float64 as a signed integer."""
    return int(np.float64(value).view(np.int64))


def address(array: NDArray[np.generic], first: int = 0) -> int:
    """Return the address of element `first` of a contiguous array (of row `first` if 2-D)."""
    return array.ctypes.data + first * array.strides[0]


def aligned_zeros(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return zeros that start on a cache line, with nothing behind them that is read ahead.

    Memory is taken from the system when first written.
    """
    kind = np.dtype(dtype)
    length = -(-size * kind.itemsize // CACHE_LINE) * CACHE_LINE
    memory = np.zeros(CACHE_LINE + length + CPU.read_ahead, np.uint8)
    offset = -memory.ctypes.data % CACHE_LINE
    return memory[offset : offset + length].view(kind)[:size]


class Table:
    """The rows of one kernel on one thread.

    Parameters
    ----------
    kernel : Kernel
        The kernel that reads them.
    rows : sequence of sequence of int
        Words, all rows of the same length.
    """

    def __init__(self, kernel: Kernel, rows: Sequence[Sequence[int]]) -> None:
        self.kernel = kernel
        width = len(rows[0])
        # Kernels count in their tables: no thread's is on a cache line of another's.
        self.words = aligned_zeros(len(rows) * width, np.int64).reshape(-1, width)
        self.words[:] = rows

    @property
    def instruction(self) -> Instruction:
        """The instruction of a program that runs the kernel on this table."""
        return Instruction(self.kernel.address, self.words.ctypes.data, len(self.words))

    def run(self, step: int) -> None:
        """Run the kernel on this table outside the time loop."""
        self.kernel(self.words.ctypes.data, len(self.words), step)


def tables(kernel: Kernel, rows: Iterable[tuple[int, Sequence[int]]], partitions: int) -> Tables:
    """Return a table for each thread that has rows.

    Parameters
    ----------
    kernel : Kernel
        The kernel that reads them.
    rows : iterable of (thread, words)
        All rows, in the order in which each thread goes through its own.
    partitions : int
        Number of threads.
    """
    split: list[list[Sequence[int]]] = [[] for _ in range(partitions)]
    for thread, words in rows:
        split[thread].append(words)
    return [Table(kernel, part) if part else None for part in split]


Tables = list[Table | None]
