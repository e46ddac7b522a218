"""The tables that the harness prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

_COLUMNS = (
    ("bench", "{:<12}"), ("scale", "{:>6}"), ("target", "{:>7}"), ("threads", "{:>4}"),
    ("precision", "{:>7}"), ("compile_s", "{:>8}"), ("build_s", "{:>8}"), ("sim_s", "{:>8}"),
    ("sim_cpu_s", "{:>8}"), ("bio_s", "{:>6}"), ("rate_hz", "{:>7}"), ("cv", "{:>6}"),
    ("events", "{:>9}"), ("synapses", "{:>9}"), ("ns_per_event", "{:>7}"),
    ("limit_ns_per_event", "{:>7}"), ("ns_per_update", "{:>7}"), ("peak_mb", "{:>7}"),
)  # fmt: skip
_HEADS = {
    "threads": "thr", "precision": "prec", "compile_s": "compile", "build_s": "build",
    "sim_s": "sim", "sim_cpu_s": "cpu", "bio_s": "bio", "rate_hz": "Hz", "cv": "CV",
    "ns_per_event": "ns/ev", "limit_ns_per_event": "limit", "ns_per_update": "ns/upd",
    "peak_mb": "MB",
}  # fmt: skip
_PLACES = {
    "compile_s": 2, "build_s": 2, "sim_s": 3, "sim_cpu_s": 3, "rate_hz": 2, "cv": 2,
    "ns_per_event": 2, "limit_ns_per_event": 2, "ns_per_update": 2, "peak_mb": 0,
}  # fmt: skip


def table(rows: Iterable[Row]) -> str:
    """Return rows as text; times are in seconds, a ratio is a peer's time over snnc's.

    Columns without any value are left out.
    """
    rows = list(rows)
    columns = [(key, form) for key, form in _COLUMNS if any(_known(row.get(key)) for row in rows)]
    head = " ".join(form.format(_HEADS.get(key, key)) for key, form in columns)
    lines = [f"{head}  ratio"]
    for row in rows:
        cells = " ".join(form.format(_text(key, row.get(key))) for key, form in columns)
        ratios = ", ".join(f"{peer} {ratio:.1f}x" for peer, ratio in row["ratio"].items())
        invalid = "" if row["valid"] else f"INVALID: {row['reason']}"
        lines.append(f"{cells}  {'; '.join(filter(None, (ratios, invalid)))}".rstrip())
    return "\n".join(lines)


def _known(value: Any) -> bool:
    return value is not None and value == value


def _text(key: str, value: Any) -> str:
    if not _known(value):
        return "-"
    if key in ("events", "synapses"):
        return f"{value:.2e}"
    if key in _PLACES:
        return f"{value:.{_PLACES[key]}f}"
    return f"{value:g}" if isinstance(value, float) else str(value)
