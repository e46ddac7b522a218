"""Figures to draw on, from a library that may not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnc.ir.diagnostics import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float, extra: str = "plot") -> Figure:
    """Return an empty figure, of no window, whose parts make room for each other.

    Parameters
    ----------
    width, height : float
        In inches.
    extra : str
        What to install Matplotlib with, as ``snnc[plot]``.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependencyError(
            f"pictures need Matplotlib: pip install 'snnc[{extra}]'"
        ) from None
    return Figure(figsize=(width, height), layout="constrained")
