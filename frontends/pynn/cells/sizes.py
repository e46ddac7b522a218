"""Sizes of populations and the structures that place their cells, as scripts give them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN.space import BaseStructure, Grid2D, Grid3D, Line

from snnc.pynn.refusals import DimensionsRefused, TypeRefused, ValueRefused


def size_and_structure(size: Any, structure: BaseStructure | None) -> tuple[int, BaseStructure]:
    """Return how many cells a population has, and where they are: on a line if nobody says.

    Parameters
    ----------
    size : int, or tuple of one to three int
        Number of cells; a tuple gives the sides of a grid. A whole float is taken as an integer.
    structure : pyNN.space.BaseStructure, optional
        What the script asks for.

    Raises
    ------
    InvalidParameterValueError
        If the size is no positive number, or both give a structure.
    InvalidDimensionsError
        If a grid does not hold the cells.
    TypeError
        If the structure is none of PyNN's.
    """
    if structure is not None:
        check_structure(structure)
    if not isinstance(size, tuple):
        cells = _whole(size)
        _check_room(structure, cells)
        return cells, structure or Line()
    sides = [_whole(side) for side in size]
    if structure is not None:
        raise ValueRefused("a size that is a tuple already gives the structure")
    if len(sides) == 1:
        return sides[0], Line()
    if len(sides) == 2:
        return sides[0] * sides[1], Grid2D(sides[0] / sides[1])
    if len(sides) == 3:
        ratios = sides[0] / sides[1], sides[0] / sides[2]
        return sides[0] * sides[1] * sides[2], Grid3D(*ratios)
    raise ValueRefused(f"a population has one to three dimensions; found {len(sides)}")


def _whole(size: Any) -> int:
    plain = isinstance(size, int | float | np.integer | np.floating)
    if isinstance(size, bool) or not plain or not float(size).is_integer() or size < 1:
        raise ValueRefused(
            "the size of a population must be a positive integer or a tuple of them; "
            f"found {size!r}"
        )
    return int(size)


def check_structure(structure: Any) -> None:
    """Refuse what is no structure of PyNN's.

    Raises
    ------
    TypeError
    """
    if not isinstance(structure, BaseStructure):
        raise TypeRefused(f"a structure of pyNN.space is expected; found {structure!r}")


def _check_room(structure: BaseStructure | None, cells: int) -> None:
    """Refuse a grid that does not hold a number of cells."""
    if isinstance(structure, Grid2D | Grid3D):
        try:
            structure.calculate_size(cells)
        except Exception as error:
            raise DimensionsRefused(
                f"{type(structure).__name__} with its ratios of sides does not hold {cells} cells: "
                f"{error}"
            ) from None
