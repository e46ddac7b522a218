"""Turn rows of targets into rows of bits, except what a row has more than once.

Words of the descriptor: number of rows; addresses of the pointer to their first targets (int64),
which becomes that of what is left, and of the targets; bytes of a target; the target that bit 0
stands for; address of the masks (uint32) and words of each; address of the number of bits of each
target (int64). Returns the number of targets that are left in the place of the number of rows.
"""

import numpy as np

from snnc.runtime.jit.intrinsics import i64, ix, loop, u16, u32

WIDTH = 8


@loop
def mask(n, pointer, targets, base, masks, size, received):
    left = 0
    begin = pointer[0]
    for row in range(n):
        end = pointer[ix(row + 1)]
        pointer[ix(row)] = left
        for j in range(begin, end):
            target = targets[ix(j)]
            cell = np.int64(target) - base
            at = row * size + (cell >> 5)
            bit = np.uint32(1) << np.uint32(cell & 31)
            if masks[ix(at)] & bit:
                targets[ix(left)] = target
                left += 1
            else:
                masks[ix(at)] |= bit
                received[ix(cell)] += 1
        begin = end
    pointer[ix(n)] = left
    return left


def entry(desc, rows, step):
    d = i64(desc, WIDTH)
    n = d[0]
    pointer = i64(d[1], n + 1)
    masks = u32(d[5], n * d[6])
    received = i64(d[7], 1)
    if d[3] == 2:
        d[0] = mask(n, pointer, u16(d[2], 1), d[4], masks, d[6], received)
    else:
        d[0] = mask(n, pointer, u32(d[2], 1), d[4], masks, d[6], received)
