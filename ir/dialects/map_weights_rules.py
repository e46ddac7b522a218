"""Verifier rules of weights on cores: what is counted fits into 16 bits, and cores agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil, isfinite, log2

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_weights import (
    FRACTION_BITS,
    LARGEST_SHIFT,
    LARGEST_WORD,
    ROUNDINGS,
    CurrentUnitOp,
    RingOp,
    WeightsOp,
)
from snnc.ir.locations import refuse
from snnc.ir.model_info import ModelInfo

Where = tuple[str, str]


def check_rings(
    ops: Sequence[RingOp],
    symbols: dict[str, Operation],
    models: dict[str, ModelInfo],
    slices: Sequence[mapping.SliceOp],
) -> dict[Where, RingOp]:
    """Refuse numbers that do not fit; return what there is by population and receptor."""
    found: dict[Where, RingOp] = {}
    for op in ops:
        population = symbols.get(op.population)
        if not isinstance(population, snn.PopulationOp):
            refuse(op, f"unknown population '@{op.population}'")
        receptors = models[population.model].receptors
        if op.receptor not in receptors:
            hint = did_you_mean(op.receptor, receptors)
            refuse(op, f"'@{op.population}' has no receptor '{op.receptor}'{hint}")
        if (op.population, op.receptor) in found:
            refuse(op, f"receptor '{op.receptor}' of '@{op.population}' has two ring buffers")
        found[op.population, op.receptor] = op
        _check_numbers(op)
    _check_agreement(found, slices)
    return found


def check_units(ops: Sequence[CurrentUnitOp], symbols: dict[str, Operation]) -> None:
    """Refuse units of current of what is not there, and of more bits than numbers have."""
    seen: set[str] = set()
    for op in ops:
        if not isinstance(symbols.get(op.population), snn.PopulationOp):
            refuse(op, f"unknown population '@{op.population}'")
        if op.population in seen:
            refuse(op, f"currents of '@{op.population}' count in two units")
        seen.add(op.population)
        if abs(op.bits) > FRACTION_BITS:
            refuse(op, f"expected bits from {-FRACTION_BITS} to {FRACTION_BITS}; found {op.bits}")


def _check_numbers(op: RingOp) -> None:
    if op.sign not in (1, -1):
        refuse(op, f"a sign is 1 or -1; found {op.sign}")
    if not 0 <= op.shift <= LARGEST_SHIFT:
        refuse(op, f"shift out of range; found {op.shift}, expected 0 to {LARGEST_SHIFT}")
    if not (isfinite(op.scale) and op.scale > 0.0):
        refuse(op, f"a scale is positive; found {op.scale:g}")
    if not 0.0 <= op.bound <= op.largest:
        fitting = ceil(log2(op.bound / op.largest)) + op.shift if op.bound > 0 else 0
        refuse(
            op,
            f"sums of {op.bound:g} in receptor '{op.receptor}' of '@{op.population}' do not fit; "
            f"shift {op.shift} holds 0 to {op.largest:g}, shift {fitting} is enough",
        )


def _check_agreement(found: dict[Where, RingOp], slices: Sequence[mapping.SliceOp]) -> None:
    """A core shifts what comes to a receptor of any of its cells by the same number."""
    here: dict[tuple[str, str], RingOp] = {}
    receptors: dict[str, list[RingOp]] = defaultdict(list)
    for (population, _), op in found.items():
        receptors[population].append(op)
    for one in slices:
        for op in receptors[one.population]:
            other = here.setdefault((one.core, op.receptor), op)
            if other.shift != op.shift:
                refuse(
                    op,
                    f"'@{op.population}' and '@{other.population}' share '@{one.core}'; found "
                    f"shifts {op.shift} and {other.shift} of receptor '{op.receptor}', expected "
                    "one",
                )


def check_weights(
    ops: Sequence[WeightsOp], symbols: dict[str, Operation], rings: dict[Where, RingOp]
) -> None:
    """Refuse roundings of projections that are not there, and weights that would wrap."""
    seen: set[str] = set()
    for op in ops:
        projection = symbols.get(op.projection)
        if not isinstance(projection, snn.ProjectionOp):
            refuse(op, f"unknown projection '@{op.projection}'")
        if op.projection in seen:
            refuse(op, f"weights of '@{op.projection}' are rounded twice")
        seen.add(op.projection)
        if op.rounding not in ROUNDINGS:
            refuse(op, f"unknown rounding '{op.rounding}'{did_you_mean(op.rounding, ROUNDINGS)}")
        for population in populations_of(projection.post, symbols):
            ring = rings.get((population, projection.receptor))
            if ring is None:
                refuse(
                    op,
                    f"'@{op.projection}' reaches '@{population}', which has no ring buffer for "
                    f"receptor '{projection.receptor}'",
                )
            if round(op.largest / ring.quantum) > LARGEST_WORD:
                refuse(
                    op,
                    f"weights of '@{op.projection}' wrap; found {op.largest:g}, shift "
                    f"{ring.shift} of '@{population}' holds at most {ring.largest:g}",
                )


def populations_of(symbol: str, symbols: dict[str, Operation]) -> Iterator[str]:
    """Yield the populations of a group of cells."""
    match symbols.get(symbol):
        case snn.PopulationOp():
            yield symbol
        case snn.ViewOp() as view:
            yield from populations_of(view.of, symbols)
        case snn.AssemblyOp() as assembly:
            for member in assembly.members:
                yield from populations_of(member, symbols)
