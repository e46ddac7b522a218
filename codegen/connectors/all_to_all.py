"""All pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import Connector, PairKernel, Sides, rule_of
from snnc.codegen.connectors.options import SELF, Parameter
from snnc.codegen.connectors.pairs import ALLOWED, entry_text

_TEXT = (
    '''\
"""All pairs."""

from snnc.runtime.jit.intrinsics import f64, i32, i64, ix, loop
'''
    + ALLOWED
    + """

@loop
def generate(first, end, capacity, n, rule, rows_out, others_out, row_gid, other_gid, row_filter,
             other_filter):
    k = 0
    for i in range(first, end):
        if row_filter[ix(i)] < 0:
            continue
        if k + n > capacity:
            return k, i
        gid = row_gid[ix(i)]
        for j in range(n):
            rows_out[ix(k)] = i
            others_out[ix(k)] = j
            k += other_filter[ix(j)] >= 0 and allowed(rule, gid, other_gid[ix(j)])
    return k, end
"""
    + entry_text(
        "generate(d[0], d[1], d[2], d[10], d[15], rows_out, others_out,\n"
        "                    row_gid, other_gid, row_filter, other_filter)"
    )
)


class AllToAll(Connector):
    """Connect every presynaptic to every postsynaptic cell.

    Parameters
    ----------
    allow_self_connections : bool or 'NoMutual'
        Whether a cell may connect to itself; 'NoMutual' also excludes one of two opposite pairs.
    """

    name: ClassVar[str] = "all_to_all"
    pynn_name: ClassVar[str] = "AllToAllConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (SELF,)

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel:
        """Return the kernel."""
        rule = rule_of(options["allow_self_connections"], sides)
        return PairKernel(KernelSource("pairs_all_to_all", _TEXT), "pre", rule)

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the number of pairs of cells."""
        return float(math.prod(sides.shape))
