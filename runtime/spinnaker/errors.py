"""How far the numbers of a machine are from those of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from snnc.codegen.spinnaker_emulation import WeightError
from snnc.runtime.engine.cells import Cells, namespace_of


@dataclass(frozen=True)
class FixedError:
    """A number that the machine has rounded.

    Attributes
    ----------
    owner : str
        The population, or the projection.
    name : str
        What it is: a constant of the cells, or ``weight``.
    exact, machine : float
        The number, in the cell that is farthest off; of weights the largest.
    relative : float
        The error relative to the exact number; in the root mean square of weights that differ.
    """

    owner: str
    name: str
    exact: float
    machine: float
    relative: float


def constant_errors(population: str, cells: Cells) -> list[FixedError]:
    """Return the errors of what the update of cells in fixed point reads, largest first."""
    namespace = namespace_of(cells.cell.constants)
    exact = namespace["exact"](cells.coherent_parameters(), cells.dt)
    found = []
    for name, point in namespace["POINTS"].items():
        wanted = np.atleast_1d(np.asarray(exact[name], np.float64))
        machine = np.atleast_1d(np.asarray(cells.constants[name]) / 2.0**point)
        wanted, machine = np.broadcast_arrays(wanted, machine)
        size = np.where(wanted == 0.0, 1.0, np.abs(wanted))
        relative = np.abs(machine - wanted) / size
        worst = int(relative.argmax())
        numbers = float(wanted[worst]), float(machine[worst]), float(relative[worst])
        found.append(FixedError(population, name, *numbers))
    return sorted(found, key=lambda one: -one.relative)


def weight_errors(weights: Mapping[str, WeightError]) -> list[FixedError]:
    """Return the errors of the weights of projections."""
    return [
        FixedError(name, "weight", one.largest, one.machine, one.error)
        for name, one in weights.items()
    ]


def table(errors: list[FixedError], least: float = 1e-9) -> list[str]:
    """Return lines about the numbers that are off."""
    lines = [f"rounded{'':33}{'exact':>14}{'machine':>14}{'relative':>10}"]
    lines += [
        f"  {one.owner + ' ' + one.name:<38}{one.exact:>14.8g}{one.machine:>14.8g}"
        f"{one.relative:>10.1e}"
        for one in errors
        if one.relative >= least
    ]
    return lines
