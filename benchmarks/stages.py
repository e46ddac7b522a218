"""What compiling costs: imports, passes, kernels without and with a cache, and sizes of the IR."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from snnc.benchmarks.measure import OWN, Row, blank
from snnc.ir.diagnostics import SnncError

MODULES = ("snnc", "snnc.pynn", "snnc.compiler")


def rows_of_stages(
    repeat: int, threads: int, precision: str, step: Callable[[str], None]
) -> list[Row]:
    """Return a row for a cold cache of kernels and one for a warm one.

    The network has 8 populations, 64 projections and hardly any cells.
    """
    cold, warm = [], []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            for samples in (cold, warm):
                samples.append(compile_once(folder, threads, precision))
                step("compile")
    imports = {module: import_seconds(module) for module in MODULES}
    return [
        _row("compile cold", cold, threads, precision, imports),
        _row("compile warm", warm, threads, precision, imports),
    ]


def compile_once(cache: str, threads: int, precision: str) -> dict[str, Any]:
    """Compile and build in a process of its own with a given cache of kernels."""
    command = [sys.executable, "-m", "snnc.benchmarks.compile_once", str(threads), precision]
    environment = {**os.environ, "SNNC_CACHE_DIR": cache}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SnncError(f"compiling failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(module: str) -> float:
    """Return how long a fresh process takes to import a module."""
    code = (
        "import time; start = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - start)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _row(
    bench: str,
    samples: list[dict[str, Any]],
    threads: int,
    precision: str,
    imports: dict[str, float],
) -> Row:
    def median(key: str) -> float:
        return statistics.median(one[key] for one in samples)

    return blank() | {
        "bench": bench, "scale": samples[0]["scale"], "target": OWN, "threads": threads,
        "precision": precision, "compile_s": median("compile_s"), "build_s": median("build_s"),
        "peak_mb": median("peak_mb"), "runs": len(samples), "import_s": imports,
        "passes_s": median("passes_s"), "code_generation_s": median("code_generation_s"),
        "kernels_s": median("kernels_s"), "kernels": samples[0]["kernels"],
        "kernels_compiled": samples[0]["kernels_compiled"], "ir": samples[0]["ir"],
    }  # fmt: skip


def stages_text(row: Row) -> str:
    """Return what a row says beyond the common table."""
    lines = [
        f"{row['bench']}: passes {row['passes_s']:.2f} s, code generation "
        f"{row['code_generation_s']:.2f} s, {row['kernels']} kernels in {row['kernels_s']:.2f} s, "
        f"{row['kernels_compiled']} of them compiled"
    ]
    if row["bench"] == "compile warm":
        imports = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in row["import_s"].items())
        sizes = ", ".join(f"{name} {lines_}" for name, lines_ in row["ir"].items())
        lines += [f"import: {imports}", f"lines of IR and code after each stage: {sizes}"]
    return "\n".join(lines)
