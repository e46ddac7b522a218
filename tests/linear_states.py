"""Which states of a cell have linear equations with constant coefficients, found by polynomials.

The equations are read as `match-native` reads them, apart from what `solve` does, so that they tell
whether `solve` misses any. ``python tests/linear_states.py FOLDER...`` reads the model files below
folders and prints, for each language, how many cells have equations, how many of these are linear
in all regimes, and how many have a linear state that `solve` leaves to another solver.
"""

import sys
import warnings

from import_corpus import files

from snnc.ir.diagnostics import SnncError
from snnc.ir.dialects import dyn
from snnc.passes.native.shapes import shape_of
from snnc.passes.solving.equations import system_of


def linear_states(derivatives, inputs):
    """Return the states whose derivatives are linear in such states and inputs."""
    kept = {name for name, value in derivatives.items() if all(map(_is_linear, value.terms))}
    while True:
        known = kept | inputs
        left = {name for name in kept if set(derivatives[name].names()) <= known}
        if left == kept:
            return kept
        kept = left


def _is_linear(monomial):
    """Tell whether a product is of parameters and at most one state, which no function is of."""
    return sum(abs(n) for _, n in monomial) <= 1 and all(
        n > 0 and not atom.arguments for atom, n in monomial
    )


def systems(cell):
    """Yield, for each regime of a cell with equations, its system and the states that are linear.

    What keeps its value in a regime is constant there.
    """
    body = list(cell.body.block.ops)
    regimes = [op for op in body if isinstance(op, dyn.RegimeOp)] or [None]
    shape = shape_of(cell)
    for regime, found in zip(regimes, shape.regimes, strict=True):
        system = system_of(cell, regime)
        if system.states:
            yield system, linear_states(found.derivatives, {*shape.inputs, *system.held})


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    counts = {}
    for _, path, language in files(sys.argv[1:]):
        try:
            document = language.read(path)
        except SnncError:
            continue
        for op in document.module.body.block.ops:
            found = list(systems(op)) if isinstance(op, dyn.CellOp) else []
            if found:
                row = counts.setdefault(language.name, [0, 0, 0])
                row[0] += 1
                row[1] += all(linear == set(system.states) for system, linear in found)
                row[2] += any(not linear <= set(system.linear) for system, linear in found)
    print("| language | cells | linear | missed |\n|---|---:|---:|---:|")
    for name, row in counts.items():
        print(f"| {name} | " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
