"""What a comparison of targets found: as a table, as JSON, and as the verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snnc.ir.diagnostics import UserError
from snnc.runtime.verify.comparison import Comparison, Mismatch
from snnc.runtime.verify.observation import Observation

MOST_LISTED = 10
_HEAD = (
    "population", "targets", "spikes", "same step", "1 step", "2 steps", "diverges", "v RMS",
    "Hz", "CV", "corr.", "",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Verification:
    """How far targets agree about a network.

    Attributes
    ----------
    network : str
        Its label.
    ms : float
        Time simulated.
    open_loop : bool
        Whether cells were uncoupled and got the spikes of the first target.
    runs : sequence of Observation
        What each target did.
    pairs : sequence of Comparison
        For each pair of targets and population.
    """

    network: str
    ms: float
    open_loop: bool
    runs: Sequence[Observation]
    pairs: Sequence[Comparison]

    @property
    def agrees(self) -> bool:
        """Whether all targets agree within the tolerances of the models."""
        return all(pair.agrees for pair in self.pairs)

    def __repr__(self) -> str:
        verdict = "agree" if self.agrees else "disagree"
        labels = ", ".join(run.label for run in self.runs)
        return f"Verification({self.network!r}, {labels}: {verdict})\n{self}"

    def __str__(self) -> str:
        how = "open loop" if self.open_loop else "closed loop"
        lines = [f"{self.network}: {self.ms:g} ms, {how}", *_aligned([_HEAD, *self._rows()])]
        for pair in self.pairs:
            lines += _remarks(pair, self.open_loop)
        lines += _aligned([("target", "dt ms", *_STAGES), *map(_times, self.runs)])
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, ...]]:
        return [_row(pair) for pair in self.pairs]

    def to_dict(self) -> dict[str, Any]:
        """Return all that was found as numbers, texts, lists and dictionaries; None for nan."""
        return {
            "network": self.network,
            "ms": self.ms,
            "open_loop": self.open_loop,
            "agrees": self.agrees,
            "targets": [
                {"label": run.label, "dt_ms": run.dt, "seconds": run.seconds} for run in self.runs
            ],
            "pairs": [_pair(pair) for pair in self.pairs],
        }

    def write(self, path: str | Path) -> None:
        """Write `to_dict` as JSON."""
        try:
            Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write '{path}': {error.strerror or error}") from error

    def plot(self, path: str | Path) -> None:
        """Draw the rasters over each other and the first potential that diverges into a file."""
        from snnc.verifying.plot import plot

        plot(self, Path(path))


_STAGES = ("compile s", "build s", "run s")


def _times(run: Observation) -> tuple[str, ...]:
    return run.label, f"{run.dt:g}", *(f"{seconds:.2f}" for seconds in run.seconds.values())


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with columns of equal width; the first is on the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(
            text.ljust(width) if n == 0 else text.rjust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip


def _row(pair: Comparison) -> tuple[str, ...]:
    first, a, b = pair.first_divergence, pair.statistics_a, pair.statistics_b
    verdict = "agree" if pair.agrees else "DISAGREE"
    return (
        pair.population,
        f"{pair.a} / {pair.b}",
        f"{pair.spikes_a} / {pair.spikes_b}",
        *(f"{fraction:.2%}" for fraction in pair.matched),
        "never" if first is None else f"{first.time:.6g} ms",
        "-" if math.isnan(pair.v_rms) else f"{pair.v_rms:.2g} mV",
        f"{a.rate:.2f} / {b.rate:.2f}",
        *(f"{_short(x)} / {_short(y)}" for x, y in ((a.cv, b.cv), (a.correlation, b.correlation))),
        verdict,
    )


def _short(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.2f}"


def _remarks(pair: Comparison, every: bool) -> list[str]:
    """Return what is to be said of a pair: convention, reasons, and mismatches."""
    said = [*pair.reasons, *pair.remarks]
    if pair.convention is not None:
        said.insert(0, f"convention ({pair.convention.name}): {convention_text(pair)}")
    listed = pair.mismatches[: MOST_LISTED if every else 1]
    if not said and not listed:
        return []
    lines = [f"  {pair.population}, {pair.a} / {pair.b}", *(f"    {text}" for text in said)]
    if listed:
        head = ("    spike at", "of cell", "only in", "v - v_thresh in the other")
        lines += [line[2:] for line in _aligned([head, *map(_mismatch_row, listed)])]
    if every and len(pair.mismatches) > MOST_LISTED:
        lines.append(f"    and {len(pair.mismatches) - MOST_LISTED} more")
    return lines


def convention_text(pair: Comparison) -> str:
    """Return the convention that explains a pair, with the names of its targets."""
    return "" if pair.convention is None else pair.convention.text.format(b=pair.b)


def _mismatch_row(one: Mismatch) -> tuple[str, ...]:
    margin = "unknown" if math.isnan(one.margin) else f"{one.margin:.3g} mV"
    return f"    {one.time:.6g} ms", str(one.cell), one.spiked, margin


def _pair(pair: Comparison) -> dict[str, Any]:
    first = pair.first_divergence
    result: dict[str, Any] = {
        "a": pair.a,
        "b": pair.b,
        "population": pair.population,
        "spikes_a": pair.spikes_a,
        "spikes_b": pair.spikes_b,
        "matched_0": pair.matched[0],
        "matched_1": pair.matched[1],
        "matched_2": pair.matched[2],
        "shifts": {str(steps): fraction for steps, fraction in pair.shifts.items()},
        "first_divergence_ms": None if first is None else first.time,
        "first_divergence": _mismatch(first),
        "first_difference": _mismatch(pair.first_difference),
        "v_rms_mV": _number(pair.v_rms),
        "agrees": pair.agrees,
        "reasons": list(pair.reasons),
        "remarks": list(pair.remarks),
        "convention": None if pair.convention is None else pair.convention.name,
        "explanation": convention_text(pair),
        "mismatches": [_mismatch(one) for one in pair.mismatches],
    }
    for side, found in (("a", pair.statistics_a), ("b", pair.statistics_b)):
        result[f"rate_{side}_Hz"] = _number(found.rate)
        result[f"cv_{side}"] = _number(found.cv)
        result[f"correlation_{side}"] = _number(found.correlation)
    return result


def _mismatch(one: Mismatch | None) -> dict[str, Any] | None:
    return (
        None
        if one is None
        else {
            "time_ms": one.time,
            "cell": one.cell,
            "spiked": one.spiked,
            "v_minus_threshold_mV": _number(one.margin),
            "dv_mV": _number(one.difference),
        }
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
