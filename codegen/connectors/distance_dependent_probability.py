"""Connections drawn with a probability that depends on the distance between two cells.

The postsynaptic cells are taken in blocks of close neighbours, the presynaptic cells likewise.
Interval arithmetic bounds the probability between two blocks. Where the bound is high, all cells of
the block are tried. Elsewhere candidates are the cells with an event of a Poisson process whose
rate changes from block to block such that a cell has one with the probability of the bound (an
inhomogeneous process, thinned: Lewis and Shedler 1979). Candidates are listed with their squared
distances, then a list of them is thinned without a branch, as nobody could guess which are taken.
So the cost follows the connections, not the pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import Connector, PairKernel, Sides, rule_of
from snnc.codegen.connectors.distances import Boxes, Coordinates, neighbours_first
from snnc.codegen.connectors.options import SELF, Parameter
from snnc.codegen.connectors.pairs import ALLOWED, DRAW, MARKS, OWN, entry_text
from snnc.ir.arithmetic import Arithmetic
from snnc.ir.diagnostics import UserError

_SMALLEST_BLOCK = 64
_MOST_BLOCKS = 1024  # of one side: a table of bounds has at most this many squared
_DENSE = 0.2  # from this probability on, trying all cells is cheaper than finding candidates
_BATCH = 8  # Philox blocks drawn at once to find candidates; a power of two
_LISTED = 2048  # candidates that are looked at together
_SAMPLES = 256  # of each side, for the expected number of pairs
_ROUNDING = 1.0 + 1e-9  # kernel and bounds round differently

# The only text that depends on the expression.
_PROBABILITY = '''\
"""Probabilities of connections from squared distances.

Words of the descriptor: their number, address of the squares, address of the results (float64).
"""

from snnc.runtime.jit.intrinsics import f64, i64, loop
from snnc.runtime.jit.mathlib import {functions}


@loop
def probabilities(m, squares, p):
    for c in range(m):
        d = sqrt(squares[c])
        p[c] = {expression}


def entry(desc, rows, step):
    words = i64(desc, 3)
    probabilities(words[0], f64(words[1], words[0]), f64(words[2], words[0]))
'''
_TEXT = (
    f'''\
"""Pairs with a probability that depends on distance."""

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop, lowest, select
from snnc.runtime.jit.mathlib import fabs, fmin, log

BATCH = {_BATCH}  # Philox blocks for candidates
LISTED = {_LISTED}  # candidates that are looked at together
'''
    + ALLOWED
    + MARKS
    + DRAW
    + '''

@loop
def squared(here, there, length):
    """Return the square of a difference along an axis, which closes after a `length` above 0."""
    delta = fabs(here - there)
    delta = select(length > 0.0, fmin(delta, length - delta), delta)
    return delta * delta


@loop
def add_squares(m, here, there, length, squares):
    for c in range(m):
        squares[c] += squared(here, there[c], length)


@loop
def find_used(n, size, order, other_filter, used):
    """Note which blocks hold cells of this partition."""
    for b in range((n + size - 1) // size):
        wanted = 0
        for x in range(b * size, min((b + 1) * size, n)):
            wanted |= other_filter[ix(order[ix(x)])] >= 0
        used[ix(b)] = wanted


@loop
def list_block(m, lo, width, i, n_pre, n, axes, a, b, period, random, gid, stream, lists):
    """List all cells of a block; their thresholds are uniform numbers."""
    into = prepare_draws(random, lists[1] + 8 * m, 0.0)
    draw(into, UNIFORMS, (width + 1) // 2, gid, stream, 0)
    place = i64(lists[0] + 8 * m, width)
    squares = f64(lists[2] + 8 * m, width)
    for c in range(width):
        place[c] = lo + c
        squares[c] = 0.0
    for axis in range(axes):
        there = b[axis * n + lo : axis * n + lo + width]
        add_squares(width, a[ix(axis * n_pre + i)], there, period[ix(axis)], squares)
    return m + width


@loop
def to_gaps(n, u):
    for c in range(n):
        u[c] = -log(u[c])


@loop
def draw_gaps(first, random, gid, buffer):
    """Draw exponential gaps and as many uniform numbers."""
    into = prepare_draws(random, buffer, 0.0)
    draw(into, UNIFORMS, BATCH, gid, 0, first)
    to_gaps(BATCH, f64(buffer, BATCH))


@loop
def list_cell(m, place, threshold, i, n_pre, n, axes, a, b, period, lists):
    """List a single cell."""
    square = 0.0
    for axis in range(axes):
        here = a[ix(axis * n_pre + i)]
        square += squared(here, b[ix(axis * n + place)], period[ix(axis)])
    i64(lists[0] + 8 * m, 1)[0] = place
    f64(lists[1] + 8 * m, 1)[0] = threshold
    f64(lists[2] + 8 * m, 1)[0] = square
    return m + 1


@loop
def accept(m, threshold, p, place):
    """Keep the candidates that are below their probability; return how many."""
    kept = 0
    for c in range(m):
        place[ix(kept)] = place[ix(c)]
        kept += select(threshold[c] < p[c], 1, 0)
    return kept


@loop
def mark_accepted(kept, place, order, other_filter, other_gid, rule, gid, marks, found):
    """Mark the cells that are wanted; count them, and widen the range of words with marks."""
    count = found[0]
    low = found[1]
    high = found[2]
    for c in range(kept):
        j = order[ix(place[c])]
        wanted = (other_filter[ix(j)] >= 0) & allowed(rule, gid, other_gid[ix(j)])
        marks[ix(j >> 6)] |= select(wanted, 1, 0) << (j & 63)
        count += select(wanted, 1, 0)
        low = min(low, j >> 6)
        high = max(high, j >> 6)
    found[0] = count
    found[1] = low
    found[2] = high


@loop
def thin(m, expression, order, other_filter, other_gid, rule, gid, marks, found, lists):
    """Mark those of the candidates that are accepted."""
    table = i64(expression[1], 3)
    table[0] = m
    call_kernel(expression[0], expression[1], 1, 0)
    kept = accept(m, f64(lists[1], m), f64(lists[3], m), i64(lists[0], m))
    place = i64(lists[0], m)
    mark_accepted(kept, place, order, other_filter, other_gid, rule, gid, marks, found)


@loop
def prepare_expression(function, table, squares, p):
    words = i64(table, 3)
    words[1] = squares
    words[2] = p
    return function, table


@loop
def generate(first, end, capacity, random, expression, n_pre, n, rule, size, axes, rows_out,
             others_out, row_gid, other_gid, row_filter, other_filter, a, b, period, high, hazard,
             rows, order, used, marks, found, buffer, lists):
    blocks = (n + size - 1) // size
    find_used(n, size, order, other_filter, used)
    k = 0
    for i in range(first, end):
        if row_filter[ix(i)] < 0:
            continue
        gid = row_gid[ix(i)]
        group = rows[ix(i)] // size
        found[0] = 0
        found[1] = n
        found[2] = -1
        m = 0
        draw_gaps(0, random, gid, buffer)
        drawn = 0
        ahead = f64(buffer, 1)[0]
        for block in range(blocks):
            rate = hazard[ix(group * blocks + block)]
            lo = block * size
            width = min(lo + size, n) - lo
            if rate < 0.0:
                if used[ix(block)] != 0:
                    m = list_block(m, lo, width, i, n_pre, n, axes, a, b, period, random, gid,
                                   1 + block, lists)
            else:
                at = 0.0
                while at + ahead < rate * float(width):
                    cell = min(int((at + ahead) / rate), width - 1)
                    bound = high[ix(group * blocks + block)]
                    threshold = f64(buffer, 2 * BATCH)[ix(BATCH + (drawn & (BATCH - 1)))] * bound
                    m = list_cell(m, lo + cell, threshold, i, n_pre, n, axes, a, b, period, lists)
                    at = rate * float(cell + 1)
                    drawn += 1
                    if (drawn & (BATCH - 1)) == 0:
                        draw_gaps(drawn, random, gid, buffer)
                    ahead = f64(buffer, BATCH)[ix(drawn & (BATCH - 1))]
                ahead -= rate * float(width) - at
            if m >= LISTED:
                thin(m, expression, order, other_filter, other_gid, rule, gid, marks, found, lists)
                m = 0
        thin(m, expression, order, other_filter, other_gid, rule, gid, marks, found, lists)
        fits = k + found[0] <= capacity
        for w in range(found[1], found[2] + 1):
            word = marks[ix(w)]
            marks[ix(w)] = 0
            while fits and word != 0:
                rows_out[ix(k)] = i
                others_out[ix(k)] = (w << 6) + lowest(word)
                word &= word - 1
                k += 1
        if not fits:
            return k, i
    return k, end
'''
    + entry_text(
        f"""generate(
        d[0], d[1], d[2], (d[7], d[8]),
        prepare_expression(d[{OWN + 3}], d[{OWN + 12}], d[{OWN + 18}], d[{OWN + 19}]),
        d[9], d[10], d[15], d[{OWN}], d[{OWN + 1}],
        rows_out, others_out, row_gid, other_gid, row_filter, other_filter,
        f64(d[{OWN + 4}], d[9] * d[{OWN + 1}]), f64(d[{OWN + 5}], d[10] * d[{OWN + 1}]),
        f64(d[{OWN + 6}], d[{OWN + 1}]), f64(d[{OWN + 7}], d[{OWN + 2}]),
        f64(d[{OWN + 8}], d[{OWN + 2}]), i64(d[{OWN + 9}], d[9]), i64(d[{OWN + 10}], d[10]),
        i64(d[{OWN + 11}], d[10] + 1), i64(d[{OWN + 13}], d[10] // 64 + 1), i64(d[{OWN + 14}], 3),
        d[{OWN + 15}], (d[{OWN + 16}], d[{OWN + 17}], d[{OWN + 18}], d[{OWN + 19}]))"""
    )
)


class DistanceDependentProbability(Connector):
    """Connect each pair of cells with a probability that depends on their distance.

    Parameters
    ----------
    d_expression : str
        The probability as an expression of the distance `d` in um, such as ``exp(-d/50)``; values
        above 1 count as 1, values below 0 as 0.
    allow_self_connections : bool or 'NoMutual'
        Whether a cell may connect to itself; 'NoMutual' also excludes one of two opposite pairs.
    """

    name: ClassVar[str] = "distance_dependent_probability"
    pynn_name: ClassVar[str] = "DistanceDependentProbabilityConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("d_expression", "distance"), SELF)
    random: ClassVar[bool] = True

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel:
        """Return the kernel with blocks of neighbours and the bounds between them."""
        arithmetic = options["d_expression"].arithmetic
        where = Coordinates.of(sides.space, sides.pre_position, sides.post_position)
        _check_positions(sides, where)
        size = _block_size(*sides.shape)
        rows = neighbours_first(where.pre, size)
        order = neighbours_first(where.post, size)
        by_group = np.ascontiguousarray(where.pre[:, rows])
        post = np.ascontiguousarray(where.post[:, order])
        distances = where.distance_bounds(Boxes.around(by_group, size), Boxes.around(post, size))
        high = np.clip(arithmetic.bounds(d=distances)[1] * _ROUNDING, 0.0, 1.0)
        return PairKernel(
            KernelSource("pairs_distance", _TEXT),
            "pre",
            rule_of(options["allow_self_connections"], sides),
            words=(size, len(where.period), high.size, _probability(arithmetic)),
            arrays=(where.pre, post, where.period, high, _hazards(high), np.argsort(rows), order),
            scratch=(
                sides.shape[1] // size + 1,
                3,
                sides.shape[1] // 64 + 1,
                3,
                2 * _BATCH,
                *[_LISTED + size + 1] * 4,
            ),
        )

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the mean number of pairs, estimated from some of them."""
        where = Coordinates.of(sides.space, sides.pre_position, sides.post_position)
        pre = _spread(sides.shape[0])
        post = _spread(sides.shape[1], 4)
        if not pre.size or not post.size:
            return 0.0
        p = options["d_expression"].arithmetic.evaluate(d=where.distance(pre[:, None], post))
        return float(np.clip(np.nan_to_num(p), 0.0, 1.0).mean() * sides.shape[0] * sides.shape[1])


def _hazards(high: np.ndarray) -> np.ndarray:
    """Return the rates whose exponential gaps find cells with a probability; -1 if it is high."""
    return np.where(high < _DENSE, -np.log1p(-np.minimum(high, _DENSE)), -1.0)


def _probability(arithmetic: Arithmetic) -> KernelSource:
    functions = ", ".join(sorted({"sqrt"} | arithmetic.functions))
    text = _PROBABILITY.format(functions=functions, expression=arithmetic.to_kernel())
    return KernelSource("probability", text)


def _block_size(n_pre: int, n_post: int) -> int:
    size = _SMALLEST_BLOCK
    while size * _MOST_BLOCKS < max(n_pre, n_post):
        size *= 2
    return size


def _spread(n: int, factor: int = 1) -> np.ndarray:
    """Return some places spread over 0, ..., n - 1, or all of them."""
    count = min(n, _SAMPLES * factor)
    return (np.arange(count) * n) // max(count, 1)


def _check_positions(sides: Sides, where: Coordinates) -> None:
    for side, coordinates in (("pre", where.pre), ("post", where.post)):
        if not np.all(np.isfinite(coordinates)):
            raise UserError(
                f"projection '{sides.label}': positions of {side}synaptic cells must be finite"
            )
