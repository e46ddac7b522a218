"""Text of the module that computes the derived constants of a cell with NumPy.

It runs once for each set of parameters, in f64, on numbers or on arrays of one value per cell.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import SSAValue

from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import step

_HEADER = '''"""Derived constants of {name}."""

import numpy as np

exp, log, sqrt, sin, cos, tanh = np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh
floor = np.floor
fabs, fmin, fmax, pow, select = np.abs, np.minimum, np.maximum, np.power, np.where


def exprel(x):
    x = np.asarray(x, dtype=float)
    safe = np.where(x == 0.0, 1.0, x)
    return np.where(x == 0.0, 1.0, np.expm1(safe) / safe)[()]


def inverse_exprel(x):
    return 1.0 / exprel(x)


def log_gamma_sf(shape, x):
    from scipy.stats import gamma

    return gamma.logsf(x, shape)


def first_row(entries, size):
    from scipy.linalg import expm

    entries = np.broadcast_arrays(*entries)
    matrix = np.stack(entries, axis=-1).reshape(*entries[0].shape, size, size)
    distinct, inverse = np.unique(matrix.reshape(-1, size * size), axis=0, return_inverse=True)
    rows = expm(distinct.reshape(-1, size, size))[:, 0, :][inverse.reshape(-1)]
    rows = rows.reshape(*entries[0].shape, size)
    return [rows[..., column][()] for column in range(size)]


def steps(duration, dt):
    """Round a duration up to whole steps, forgiving rounding errors of its division by dt.

    Kernels count steps in 32 bits: what lasts longer ends never.
    """
    return np.clip(np.ceil(np.asarray(duration) / dt - 1e-9), 0.0, 2.0**31 - 1)[()]


def constants(p, dt):
    c = dict(p, dt=dt)'''


def constants_text(cell: step.CellOp, chosen: Mapping[str, str] | None = None) -> str:
    """Return the text of a module with ``constants(p, dt)``.

    Parameters
    ----------
    cell : CellOp
        A solved cell.
    chosen : mapping of str to str, optional
        The constants to return, each by the name that it gets; by default all, by their own names.
    """
    lines = [_HEADER.format(name=cell.label)]
    for op in cell.body.block.ops:
        writer = KernelExpressions(_leaf, "f64", taken={"c", "p", "dt", "np"})
        match op:
            case step.DerivedOp():
                text = writer.value(op.value)
                lines += [*_indented(writer), f"    c['{op.label}'] = {text}"]
            case step.StepsOp():
                text = writer.value(op.value)
                target = f"c['steps_{op.regime.data}']"
                lines += [*_indented(writer), f"    {target} = steps({text}, dt)"]
            case step.PropagatorOp():
                entries = ", ".join(writer.value(entry) for entry in op.entries)
                names = ", ".join(f"c['{name}']" for name in op.constants)
                lines += _indented(writer)
                lines.append(f"    {names} = first_row([{entries}], {len(op.constants)})")
            case _:
                pass
    if chosen is None:
        returned = "c"
    else:
        entries = (f"'{name}': c['{own}']" for own, name in chosen.items())
        returned = f"{{{', '.join(entries)}}}"
    return "\n".join([*lines, f"    return {returned}", ""])


def _leaf(value: SSAValue) -> str:
    assert isinstance(value.owner, ex.GetOp)
    return f"c['{value.owner.variable.data}']"


def _indented(writer: KernelExpressions) -> list[str]:
    return [f"    {line}" for line in writer.take_lines()]


def module_text(name: str, statements: list[str]) -> str:
    """Return the text of a module whose ``constants(p, dt)`` ends in `statements`.

    They read parameters, and `dt`, from the dict ``c``, and return.
    """
    return "\n".join([_HEADER.format(name=name), *(f"    {line}" for line in statements), ""])


def parameter_leaf(value: SSAValue) -> str:
    """Return how statements of `module_text` read a name."""
    return _leaf(value)
