"""Where the user's script is: the place that errors and warnings name."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from snnc.ir.diagnostics import Location

_OWN = str(Path(__file__).resolve().parent) + "/"


def _is_own(filename: str) -> bool:
    return filename.startswith(_OWN)


def caller() -> Location | None:
    """Return the line of the innermost frame that is not part of this package."""
    frame = sys._getframe(1)
    while frame is not None and _is_own(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None
    return Location(frame.f_code.co_filename, frame.f_lineno)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points at the user's line."""
    level, frame = 1, sys._getframe(0)
    while frame is not None and _is_own(frame.f_code.co_filename):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def deprecated(what: str, instead: str) -> None:
    """Warn that a spelling is an old one."""
    warn(f"{what} is deprecated; use {instead} instead", DeprecationWarning)
