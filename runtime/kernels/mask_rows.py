"""Set a bit for each connection; list those whose bit is set already.

Words of the descriptor: number of connections; address of their rows (int64), in which the rows of
the listed ones are returned; address of their postsynaptic positions (int32), and of the targets of
all positions (int32); the target that bit 0 stands for; address of the masks (uint32) and words of
each; address of the number of bits of each target (int64); address of the targets of the listed
ones (int32). Their number is returned in the place of the number of connections.
"""

import numpy as np

from snnc.runtime.jit.intrinsics import i32, i64, ix, loop, u32

WIDTH = 9


@loop
def mask(n, rows, post, offsets, first, masks, size, received, targets):
    left = 0
    for e in range(n):
        row = rows[e]
        target = offsets[ix(post[e])]
        cell = np.int64(target) - first
        at = row * size + (cell >> 5)
        bit = np.uint32(1) << np.uint32(cell & 31)
        if masks[ix(at)] & bit:
            rows[ix(left)] = row
            targets[ix(left)] = target
            left += 1
        else:
            masks[ix(at)] |= bit
            received[ix(cell)] += 1
    return left


def entry(desc, rows, step):
    d = i64(desc, WIDTH)
    n = d[0]
    d[0] = mask(
        n, i64(d[1], n), i32(d[2], n), i32(d[3], 1), d[4], u32(d[5], 1), d[6], i64(d[7], 1),
        i32(d[8], n),
    )  # fmt: skip
