"""How Brian2 advances cells: by its exact solution where it finds one, else by Runge-Kutta.

SymPy takes seconds for some exact solutions, so what a step does is kept as text in the user's
cache directory.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from snnc.runtime.jit.cache import cache_directory
from snnc.runtime.native.brian2_kernel import brian2

PARTS = 3
"""Runge-Kutta steps in a time step for cells with gates."""


def _divided(parts: int) -> str:
    """Return several steps of the method of order 4 in the words of Brian2's explicit solvers."""
    lines = []
    start = "x"
    for part in range(parts):
        k = [f"k_{part}{stage}" for stage in range(4)]
        end = f"y_{part}" if part < parts - 1 else "x_new"
        lines += [
            f"{k[0]} = dt/{parts}*f({start},t)",
            f"{k[1]} = dt/{parts}*f({start}+{k[0]}/2,t)",
            f"{k[2]} = dt/{parts}*f({start}+{k[1]}/2,t)",
            f"{k[3]} = dt/{parts}*f({start}+{k[2]},t)",
            f"{end} = {start}+({k[0]}+2*{k[1]}+2*{k[2]}+{k[3]})/6",
        ]
        start = end
    return "\n".join(lines)


def state_update(
    equations: Any,
    variables: Mapping[str, Any],
    method_options: Mapping[str, Any] | None = None,
) -> str:
    """Return what a step does, in Brian2's abstract code; a ``method`` for ``NeuronGroup``."""
    version = importlib.metadata.version("brian2")
    content = "\0".join([version, str(PARTS), *sorted(map(str, equations.values()))])
    key = hashlib.sha256(content.encode()).hexdigest()[:20]
    file = cache_directory() / "brian2" / f"{key}.txt"
    if not file.exists():
        _keep(file, _derived(equations, variables))
    return file.read_text()


def _derived(equations: Any, variables: Mapping[str, Any]) -> str:
    try:
        return brian2.exact(equations, variables)
    except brian2.stateupdaters.base.UnsupportedEquationsException:
        fine = gated(equations, variables)
    return (brian2.ExplicitStateUpdater(_divided(PARTS)) if fine else brian2.rk4)(
        equations, variables
    )


def gated(equations: Any, variables: Mapping[str, Any]) -> bool:
    """Tell whether a state relaxes at a rate that depends on one that depends on it in turn.

    So do gating variables and the potential, which are too stiff for usual time steps.
    """
    rates: dict[Any, Any] = {
        sympy.Symbol(name, real=True): brian2.parsing.sympytools.str_to_sympy(
            expression.code, variables
        )
        for name, expression in equations.get_substituted_expressions(variables)
    }
    return any(
        state in rates[other].free_symbols
        for state, rate in rates.items()
        for other in sympy.diff(rate, state).free_symbols & rates.keys()
        if other != state and sympy.diff(rate, state, 2) == 0
    )


def _keep(file: Path, text: str) -> None:
    """Write a file that other processes may write at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
        part.write(text)
    Path(part.name).replace(file)
