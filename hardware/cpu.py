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
        every step takes one of them a third longer, from 512 bytes apart on no longer than alone.
    short_offset_reach : int
        Elements that a 16-bit offset reaches.
    """

    cache_line: int = 64
    read_ahead: int = 512
    short_offset_reach: int = 1 << 16

    def padded(self, elements: int) -> int:
        """Return a number of elements of 8 bytes rounded up to whole cache lines."""
        per_line = self.cache_line // 8
        return -(-elements // per_line) * per_line


CPU = Processor()
