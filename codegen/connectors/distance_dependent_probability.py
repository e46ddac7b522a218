"""Connections drawn with a probability that depends on the distance between two cells.

The postsynaptic cells are taken in blocks of close neighbours, the presynaptic cells likewise.
Interval arithmetic bounds the probability between two blocks. Where the bound is high, all cells of
the block are tried; where it is low, candidates are found by geometric gaps and thinned, over as
many blocks at once as hardly hold one. So the cost follows the connections, not the pairs.
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
_BATCH = 8  # Philox blocks drawn at once to find candidates
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

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop, lowest
from snnc.runtime.jit.mathlib import fabs, floor, fmax, fmin, log

DENSE = {_DENSE}
BATCH = {_BATCH}  # Philox blocks for candidates
EXPECTED = 0.5  # candidates of a run of blocks
'''
    + ALLOWED
    + MARKS
    + DRAW
    + '''

@loop
def add_squares(m, here, length, there, squares):
    """Add the squares of the differences along an axis."""
    if length > 0.0:
        for c in range(m):
            delta = fabs(here - there[c])
            delta = fmin(delta, length - delta)
            squares[c] += delta * delta
    else:
        for c in range(m):
            delta = here - there[c]
            squares[c] += delta * delta


@loop
def coordinates(m, there, place, chosen):
    """Gather the coordinates of some candidates."""
    for c in range(m):
        chosen[c] = there[ix(place[c])]


@loop
def find_used(n, size, order, other_filter, before):
    """Count, for each block, the blocks before it with cells of this partition."""
    count = 0
    for b in range((n + size - 1) // size):
        before[ix(b)] = count
        used = 0
        for x in range(b * size, min((b + 1) * size, n)):
            used |= other_filter[ix(order[ix(x)])] >= 0
        count += used
    before[ix((n + size - 1) // size)] = count


@loop
def run_of_blocks(start, blocks, size, high):
    """Return where a run of blocks that hardly hold a candidate ends, and its bound."""
    bound = high[ix(start)]
    stop = start + 1
    while bound < DENSE and stop < blocks:
        larger = fmax(bound, high[ix(stop)])
        if larger * float((stop + 1 - start) * size) > EXPECTED:
            break
        bound = larger
        stop += 1
    return stop, bound


@loop
def all_places(width, lo, u, place, threshold):
    """Take every cell of a block as a candidate."""
    for c in range(width):
        place[c] = lo + c
        threshold[c] = u[c]


@loop
def some_places(at, width, lo, bound, scale, u, place, threshold):
    """Take as candidates what the gaps of a batch lead to; return the last and their number."""
    m = 0
    for c in range(BATCH):
        at += floor(log(u[c]) * scale) + 1.0
        if at >= width:
            break
        place[c] = lo + int(at)
        threshold[c] = u[BATCH + c] * bound
        m += 1
    return at, m


@loop
def prepare_expression(function, table, squares, p):
    words = i64(table, 3)
    words[1] = squares
    words[2] = p
    return function, table


@loop
def generate(first, end, capacity, random, expression, n_pre, n, rule, size, axes, rows_out,
             others_out, row_gid, other_gid, row_filter, other_filter, a, b, period, high, rows,
             order, before, marks, place, threshold, chosen, buffers):
    blocks = (n + size - 1) // size
    find_used(n, size, order, other_filter, before)
    k = 0
    for r in range(first, end):
        i = rows[ix(r)]
        if row_filter[ix(i)] < 0:
            continue
        gid = row_gid[ix(i)]
        bounds = high[(r // size) * blocks : (r // size + 1) * blocks]
        count = 0
        low_word = n
        high_word = -1
        stop = 0
        while stop < blocks:
            start = stop
            stop, bound = run_of_blocks(start, blocks, size, bounds)
            if bound <= 0.0 or before[ix(stop)] == before[ix(start)]:
                continue
            lo = start * size
            width = min(stop * size, n) - lo
            scale = 1.0 / log(1.0 - bound) if bound > 1e-8 else -1.0 / bound
            at = -1.0
            q = 0
            while at < float(width):
                if bound >= DENSE:
                    draw(random, UNIFORMS, (width + 1) // 2, gid, 1 + start, 0)
                    all_places(width, lo, f64(buffers[0], width), place, threshold)
                    m = width
                    at = float(width)
                else:
                    draw(random, UNIFORMS, BATCH, gid, 1 + start, q)
                    u = f64(buffers[0], 2 * BATCH)
                    at, m = some_places(at, float(width), lo, bound, scale, u, place, threshold)
                    q += BATCH
                squares = f64(buffers[1], m)
                for c in range(m):
                    squares[c] = 0.0
                for axis in range(axes):
                    there = b[axis * n + lo : (axis + 1) * n]
                    if bound < DENSE:
                        coordinates(m, b[axis * n : (axis + 1) * n], place, chosen)
                        there = chosen[0:m]
                    add_squares(m, a[ix(axis * n_pre + r)], period[ix(axis)], there, squares)
                i64(expression[1], 3)[0] = m
                call_kernel(expression[0], expression[1], 1, 0)
                p = f64(buffers[2], m)
                for c in range(m):
                    if threshold[ix(c)] < p[ix(c)]:
                        j = order[ix(place[ix(c)])]
                        if (other_filter[ix(j)] >= 0) & allowed(rule, gid, other_gid[ix(j)]):
                            mark(marks, j)
                            count += 1
                            low_word = min(low_word, j >> 6)
                            high_word = max(high_word, j >> 6)
        fits = k + count <= capacity
        for w in range(low_word, high_word + 1):
            word = marks[ix(w)]
            marks[ix(w)] = 0
            while fits and word != 0:
                rows_out[ix(k)] = i
                others_out[ix(k)] = (w << 6) + lowest(word)
                word &= word - 1
                k += 1
        if not fits:
            return k, r
    return k, end
'''
    + entry_text(
        f"""generate(
        d[0], d[1], d[2], prepare_draws((d[7], d[8]), d[{OWN + 12}], 0.0),
        prepare_expression(d[{OWN + 3}], d[{OWN + 17}], d[{OWN + 15}], d[{OWN + 16}]),
        d[9], d[10], d[15], d[{OWN}], d[{OWN + 1}],
        rows_out, others_out, row_gid, other_gid, row_filter, other_filter,
        f64(d[{OWN + 4}], d[9] * d[{OWN + 1}]), f64(d[{OWN + 5}], d[10] * d[{OWN + 1}]),
        f64(d[{OWN + 6}], d[{OWN + 1}]), f64(d[{OWN + 7}], d[{OWN + 2}]),
        i64(d[{OWN + 8}], d[9]), i64(d[{OWN + 9}], d[10]),
        i64(d[{OWN + 10}], d[10] + 2), i64(d[{OWN + 11}], d[10] // 64 + 1),
        i64(d[{OWN + 13}], d[{OWN}]), f64(d[{OWN + 14}], d[{OWN}]), f64(d[{OWN + 18}], {_BATCH}),
        (d[{OWN + 12}], d[{OWN + 15}], d[{OWN + 16}]))"""
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
        pre = np.ascontiguousarray(where.pre[:, rows])
        post = np.ascontiguousarray(where.post[:, order])
        distances = where.distance_bounds(Boxes.around(pre, size), Boxes.around(post, size))
        high = np.clip(arithmetic.bounds(d=distances)[1] * _ROUNDING, 0.0, 1.0)
        return PairKernel(
            KernelSource("pairs_distance", _TEXT),
            "pre",
            rule_of(options["allow_self_connections"], sides),
            words=(size, len(where.period), high.size, _probability(arithmetic)),
            arrays=(pre, post, where.period, np.ascontiguousarray(high), rows, order),
            scratch=(
                sides.shape[1] // size + 2,
                sides.shape[1] // 64 + 1,
                size + 1,
                *[size] * 4,
                3,
                _BATCH,
            ),
            ascends=False,
        )

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the mean number of pairs, estimated from some of them."""
        where = Coordinates.of(sides.space, sides.pre_position, sides.post_position)
        pre = _spread(sides.shape[0])
        post = _spread(sides.shape[1], 16)
        if not pre.size or not post.size:
            return 0.0
        p = options["d_expression"].arithmetic.evaluate(d=where.distance(pre[:, None], post))
        return float(np.clip(np.nan_to_num(p), 0.0, 1.0).mean() * sides.shape[0] * sides.shape[1])


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
