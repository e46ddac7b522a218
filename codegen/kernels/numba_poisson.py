"""Kernel text of a Poisson source: a count per cell and step by inversion.

One uniform number per cell and step, from Philox keyed by (seed, population) and counted by (cell,
step), decides how many spikes the step has; almost always none, which is found without a branch.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from snnc.codegen.artifact import Field, FieldKind, KernelSource
from snnc.codegen.kernels.numba_expressions import NumbaExpressions, Precision
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import step

_TEXT = '''"""Spike counts of {name}: Poisson, by inversion of one uniform number."""

from snnc.runtime.jit.intrinsics import f32, f64, i64, loop, select, u8
from snnc.runtime.jit.mathlib import exp
from snnc.runtime.jit.philox import philox, uniform_f64
{imports}

WIDTH = {width}


@loop
def expect(
    {arguments},
    k,
):
    t = k * dt
    for i in range(n):
        words = philox(first_id + i, 0, k, 0, key0, key1)
        u = uniform_f64(words[0], words[1])
{lines}
        mean = {mean}
        fired[i] = u >= exp(-mean)


@loop
def count(
    {arguments},
    k,
):
    t = k * dt
    for i in range(n):
        if fired[i] == 0:
            continue
        words = philox(first_id + i, 0, k, 0, key0, key1)
        u = uniform_f64(words[0], words[1])
{lines}
        mean = {mean}
        term = exp(-mean)
        total = term
        spikes = 0
        while u >= total and spikes < 255:
            spikes += 1
            term = term * mean / spikes
            total += term
        fired[i] = spikes


def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for row in range(rows):
        q = row * WIDTH
        n = d[q]
        expect(
            {unpacked},
            step,
        )
        count(
            {unpacked},
            step,
        )
'''


def poisson_kernel(
    cell: step.CellOp, precision: Precision
) -> tuple[KernelSource, tuple[Field, ...]]:
    """Return the kernel that draws the counts, and the words of its table."""
    from snnc.codegen.kernels.numba_cell import array_constants

    update = cell.update
    assert update is not None
    counted = next(op for op in update.body.block.ops if isinstance(op, step.CountOp))
    arrays = array_constants(cell)
    fields: dict[str, FieldKind] = {
        "n": "size",
        "first_id": "first_id",
        "key0": "key0",
        "key1": "key1",
        "dt": "dt",
        "fired": "fired",
    }

    def leaf(value: SSAValue) -> str:
        assert isinstance(value.owner, ex.GetOp)
        name = value.owner.variable.data
        if name in ("t", "dt"):
            return name
        fields[name] = "array" if name in arrays else "scalar"
        return f"{name}[i]" if name in arrays else name

    # Expectations are f64 whatever the precision of cells: counts must not depend on it.
    taken = {"t", "u", "k", "i", "words", *fields}
    text = NumbaExpressions(leaf, "f64", taken)
    mean = text.value(counted.expectation)
    module = _TEXT.format(
        name=cell.label,
        imports="\n".join(line for line in text.imports() if "mathlib" in line),
        width=len(fields),
        arguments=",\n    ".join(fields),
        lines="\n".join(f"        {line}" for line in text.take_lines()) or "        pass",
        mean=mean,
        unpacked=",\n            ".join(
            _word(kind, i, precision) for i, kind in enumerate(fields.values())
        ),
    )
    words = tuple(
        Field(kind, name if kind in ("array", "scalar") else "") for name, kind in fields.items()
    )
    return KernelSource(f"count_{cell.label}", module), words


def _word(kind: FieldKind, i: int, precision: Precision) -> str:
    match kind:
        case "size" | "first_id" | "key0" | "key1":
            return "n" if kind == "size" else f"d[q + {i}]"
        case "array":
            return f"{precision}(d[q + {i}], n)"
        case "fired":
            return f"u8(d[q + {i}], n)"
    return f"f[q + {i}]"
