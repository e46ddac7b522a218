"""Expressions of the IR as text of kernels: the same values, each shared one computed once."""

from __future__ import annotations

import numpy as np
import pytest

from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.ir.dialects import dyn
from snnc.ir.text import parse
from snnc.runtime.jit.cache import KernelSource, shared_kernels

# Text in the IR, and the same in NumPy.
CASES = {
    "x - (p - x) - p": "x - (p - x) - p",
    "x / (p / (x * p))": "x / (p / (x * p))",
    "-(x + p) * -2.0": "-(x + p) * -2.0",
    "pow(x, 3.0) + pow(x, -2.0) + pow(p, x)": "x**3 + x**-2.0 + p**x",
    "min(x, p) + 10.0 * max(x, p)": "np.minimum(x, p) + 10 * np.maximum(x, p)",
    "exp(x) + log(p) + sqrt(p) + abs(-x)": "np.exp(x) + np.log(p) + np.sqrt(p) + abs(-x)",
    "sin(x) * cos(x) + tanh(x) + exprel(x)": "np.sin(x) * np.cos(x) + np.tanh(x) + np.expm1(x) / x",
    "(x + p) / exprel(x * p) - exprel(p)": "x * p * (x + p) / np.expm1(x * p) - np.expm1(p) / p",
    "select(x < p and not (x >= 0.5 or p == 2.0), x, p)": "x if x < p and not "
    "(x >= 0.5 or p == 2.0) else p",
}


def region_of(text: str) -> dyn.DerivOp:
    cell = f"""dyn.cell @C {{
      param p : 1 = 1.0
      state x : 1 = 0.0
      dx/dt = ({text}) / 1.0 [ms]
    }}"""
    ops = parse(cell, "c.mlir").module.body.block.first_op.body.block.ops
    return next(op for op in ops if isinstance(op, dyn.DerivOp))


def kernel(precision: str) -> tuple[KernelSource, list[str]]:
    writer = KernelExpressions(lambda v: v.owner.variable.data, precision, ("x", "p", "values"))
    results = [writer.region(region_of(text).body) for text in CASES]
    real = "F({})" if precision == "f32" else "{}"
    lines = [
        "from snnc.runtime.jit.intrinsics import f64",
        *writer.imports(),
        "def entry(desc, rows, step):",
        "    values = f64(desc, rows)",
        f"    x = {real.format('values[0]')}",
        f"    p = {real.format('values[1]')}",
        *(f"    {line}" for line in writer.take_lines()),
        *(f"    values[{2 + i}] = {text}" for i, text in enumerate(results)),
    ]
    return KernelSource(f"expressions_{precision}", "\n".join(lines) + "\n"), results


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_values(precision: str) -> None:
    source, _ = kernel(precision)
    run = shared_kernels().get(source)
    for x, p in [(0.3, 2.0), (0.7, 0.4), (0.25, 1.75)]:
        values = np.zeros(2 + len(CASES))
        values[:2] = x, p
        run(values.ctypes.data, len(values), 0)
        expected = [eval(text, {"np": np, "x": x, "p": p}) for text in CASES.values()]
        np.testing.assert_allclose(values[2:], expected, rtol=1e-13 if precision == "f64" else 1e-5)


def test_shared_values_are_computed_once() -> None:
    text = "{ let q = exp(x * p) yield (q * q + q) / 1.0 [ms] }"
    cell = f"dyn.cell @C {{ param p : 1 = 1.0 state x : 1 = 0.0 dx/dt = {text} }}"
    ops = list(parse(cell, "c.mlir").module.body.block.first_op.body.block.ops)
    writer = KernelExpressions(lambda v: v.owner.variable.data, "f32", ("x", "p", "q"))
    assert writer.region(ops[-1].body) == "(q_0 * q_0 + q_0) / F(1.0)"
    assert writer.lines == ["q_0 = exp(x * p)"]
    assert writer.imports() == [
        "from numpy import float32 as F",
        "from snnc.runtime.jit.mathlib import exp",
    ]
