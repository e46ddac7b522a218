"""Connections drawn with the same probability for every pair of cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import Connector, PairKernel, Sides, rule_of
from snnc.codegen.connectors.options import SELF, Parameter
from snnc.codegen.connectors.pairs import ALLOWED, DRAW, OWN, USED, entry_text

# Expected pairs of a block: blocks of a row have draws of their own, so that a partition skips
# those where it has no cell.
_PAIRS_PER_BLOCK = 64
_SMALLEST_BLOCK = 256

_TEXT = (
    '''\
"""Pairs with a fixed probability: the gaps between them are geometric."""

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop
'''
    + ALLOWED
    + DRAW
    + USED
    + """

@loop
def generate(first, end, capacity, random, n, rule, size, batch, rows_out, others_out, row_gid,
             other_gid, row_filter, other_filter, used, buffer):
    find_used(n, size, other_filter, used)
    k = 0
    for i in range(first, end):
        if row_filter[ix(i)] < 0:
            continue
        start = k
        gid = row_gid[ix(i)]
        for b in range((n + size - 1) // size):
            if used[ix(b)] == 0:
                continue
            base = b * size
            width = float(min(size, n - base))
            at = -1.0
            q = 0
            m = batch
            while at < width:
                if k + 2 * m > capacity:
                    return start, i
                draw(random, GAPS, m, gid, 1 + b, q)
                gaps = f64(buffer, 2 * m)
                for x in range(2 * m):
                    at += gaps[ix(x)]
                    if at >= width:
                        break
                    j = base + int(at)
                    rows_out[ix(k)] = i
                    others_out[ix(k)] = j
                    k += (other_filter[ix(j)] >= 0) & allowed(rule, gid, other_gid[ix(j)])
                q += m
                m = 4
    return k, end
"""
    + entry_text(
        f"""generate(
        d[0], d[1], d[2], prepare_draws((d[7], d[8]), d[{OWN + 4}], f[{OWN + 2}]), d[10], d[15],
        d[{OWN}], d[{OWN + 1}], rows_out, others_out, row_gid, other_gid, row_filter, other_filter,
        i64(d[{OWN + 3}], d[10] // d[{OWN}] + 1), d[{OWN + 4}])"""
    )
)


class FixedProbability(Connector):
    """Connect each pair of cells with the same probability, independently.

    Parameters
    ----------
    p_connect : float
        The probability; 1 and more connect all pairs.
    allow_self_connections : bool or 'NoMutual'
        Whether a cell may connect to itself; 'NoMutual' also excludes one of two opposite pairs.
    """

    name: ClassVar[str] = "fixed_probability"
    pynn_name: ClassVar[str] = "FixedProbabilityConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("p_connect", "probability"), SELF)
    random: ClassVar[bool] = True

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel:
        """Return the kernel with the size of its blocks and batches."""
        p = min(options["p_connect"], 1.0)
        n = sides.shape[1]
        # Where p is too small for any pair, one gap beyond the end of every row.
        scale = 1.0 / math.log1p(-p) if 0.0 < p < 1.0 else (-math.inf if p == 0.0 else 0.0)
        size = max(_SMALLEST_BLOCK, math.ceil(_PAIRS_PER_BLOCK / max(p, 1e-12)))
        size = max(1, min(size, n))
        pairs = size * p
        batch = max(2, 4 * math.ceil((pairs + math.sqrt(pairs)) / 8))
        return PairKernel(
            KernelSource("pairs_fixed_probability", _TEXT),
            "pre",
            rule_of(options["allow_self_connections"], sides),
            words=(size, batch, scale),
            scratch=(n // size + 1, 2 * batch),
        )

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the mean of the number of pairs."""
        return min(options["p_connect"], 1.0) * math.prod(sides.shape)
