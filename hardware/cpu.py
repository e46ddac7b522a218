"""The processor that kernels run on, as far as passes and kernels depend on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Processor:
    """A shared-memory processor.

    Attributes
    ----------
    cache_line : int
        Bytes that one thread's write takes from the others. 64 on x86-64 and most ARM cores (Intel
        64 and IA-32 Architectures Optimization Reference Manual, 2.1).
    read_ahead : int
        Bytes that a core that reads through memory may ask for beyond its end, and so take from
        who writes them. Measured on AMD EPYC 9004: next to each other, what two threads update in
        every step takes them a third longer, 512 bytes apart up to a tenth, from 1,024 on no longer
        than alone.
    short_offset_reach : int
        Elements that a 16-bit offset reaches.
    stride : int
        Bytes between the beginnings of arrays that a loop reads and writes side by side. A load is
        held up by a store under way to an address with the same lowest 12 bits ("4K aliasing" in
        the same manual): arrays that begin less than 256 bytes apart modulo 4096 cost an update of
        cells a tenth to a half of its time (measured on Zen 4).
    """

    cache_line: int = 64
    read_ahead: int = 1024
    short_offset_reach: int = 1 << 16
    stride: int = 512

    def beginning(self, elements: int, after: int) -> int:
        """Return where some elements of 8 bytes begin that come after others: on a stride.

        Less than would fill a stride begin on a cache line.
        """
        unit = (self.stride if 8 * elements >= self.stride else self.cache_line) // 8
        return -(-after // unit) * unit


CPU = Processor()
