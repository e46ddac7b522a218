"""The microcircuit beside what others have published for it at full size.

From the comparison of Senk et al. (2026), doi 10.1088/2634-4386/ae379a.
"""

from __future__ import annotations

from collections.abc import Mapping

from snnc.benchmarks.measure import OWN, Row

PUBLISHED = (
    ("NEST, van Albada 2018", ("2.47",), "12 nodes, 288 cores", (288,)),
    ("NEST, Kurth 2022", ("0.67", "0.53"), "128 / 256 EPYC cores", (128, 256)),
    ("GeNN, Knight 2021 / RTX 4090 (2023)", ("0.70", "0.27"), "1 GPU", ()),
    ("NEST GPU, Golosio 2023", ("0.39",), "RTX 4090", ()),
    ("SpiNNaker, Rhodes 2019", ("1.0",), "12 boards", ()),
    ("IBM INC-3000, Heittmann 2022", ("0.25",), "345 FPGA nodes", ()),
    ("neuroAIx, Kauth 2023", ("0.05",), "35 FPGA boards", ()),
)
"""Systems with their real-time factors, what they ran on, and cores where those are a CPU's."""


def race_text(rows: list[Row], published_rates: Mapping[str, float]) -> str:
    """Return real-time factors and core-seconds of rows beside the published, then rates."""
    form = "{:<38}{:>12}  {:<24}{:>16}"
    lines = [form.format("system (scale 1 unless said)", "real time x", "on", "core-s / bio-s")]
    for name, factors, machine, cores in PUBLISHED:
        # Core-seconds of a machine are all of its cores, for as long as the run takes.
        spent = " / ".join(f"{float(f) * c:.0f}" for f, c in zip(factors, cores, strict=False))
        lines.append(form.format(name, " / ".join(factors), machine, spent).rstrip())
    for row in rows:
        name = "snnc" if row["target"] == OWN else row["target"]
        lines.append(
            form.format(
                f"{name} {row['precision']}, scale {row['scale']:g}, here",
                f"{row['sim_s'] / row['bio_s']:.2f}",
                f"{row['threads']} core{'s' if row['threads'] > 1 else ''}",
                f"{row['sim_cpu_s'] / row['bio_s']:.2f}",
            )
        )
    return "\n".join([*lines, rates_text(rows, published_rates)])


def rates_text(rows: list[Row], published: Mapping[str, float]) -> str:
    """Return the rates of populations beside the published ones, in Hz."""
    lines = [f"{'rates, Hz':<30}" + "".join(f"{name:>7}" for name in published)]
    lines.append(f"{'published, scale 1':<30}" + "".join(f"{r:>7.2f}" for r in published.values()))
    for row in rows:
        label = f"{row['target']} {row['precision']}, {row['threads']} threads"
        rates = row["population_rates_hz"]
        lines.append(f"{label:<30}" + "".join(f"{rates[name]:>7.2f}" for name in published))
    return "\n".join(lines)
