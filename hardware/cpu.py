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
    short_offset_reach : int
        Elements that a 16-bit offset reaches.
    """

    cache_line: int = 64
    short_offset_reach: int = 1 << 16

    def padded(self, elements: int) -> int:
        """Return a number of elements of 8 bytes rounded up to whole cache lines."""
        per_line = self.cache_line // 8
        return -(-elements // per_line) * per_line


CPU = Processor()
