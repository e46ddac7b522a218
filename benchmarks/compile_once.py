"""Compiles a network of 8 populations and 64 projections and prints what that took.

Arguments: threads and precision; the cache of kernels is that of the environment.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from snnc import compiler
from snnc.benchmarks.document import document
from snnc.benchmarks.networks import microcircuit
from snnc.runtime.jit.cache import shared_kernels

SCALE = 0.01


def main() -> None:
    """Compile, and run a few steps, so that every kernel is there."""
    threads, precision = int(sys.argv[1]), sys.argv[2]
    described = document(microcircuit.network(SCALE), seed=1)
    started = time.perf_counter()
    compiled = compiler.compile(described, threads=threads, precision=precision)
    lowered, cache = time.perf_counter(), shared_kernels()
    before = cache.seconds  # of kernels that draw initial values
    compiled.run(1.0)
    done = time.perf_counter()
    report = compiled.report()
    status = Path("/proc/self/status").read_text()
    figures = {
        "scale": SCALE,
        "compile_s": lowered - started + cache.seconds - before,
        "build_s": done - lowered - (cache.seconds - before),
        "passes_s": report.stages["passes"],
        "code_generation_s": report.stages["code generation"],
        "kernels_s": cache.seconds,
        "kernels": cache.compiled + cache.loaded,
        "kernels_compiled": cache.compiled,
        "peak_mb": int(status.split("VmHWM:")[1].split()[0]) / 1024,
        "ir": {stage: compiled.ir(stage).count("\n") + 1 for stage in compiled.stages},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
