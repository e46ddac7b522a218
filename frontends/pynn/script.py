"""Where the user's script is: the place that errors and warnings name."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

from snnc.ir.diagnostics import Location


def _is_own(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").split(".")[0] == "snnc"


def caller() -> Location | None:
    """Return the line of the innermost frame that is not part of this package."""
    frame = sys._getframe(1)
    while frame is not None and _is_own(frame):
        frame = frame.f_back
    if frame is None:
        return None
    return Location(frame.f_code.co_filename, frame.f_lineno)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points at the user's line."""
    level, frame = 1, sys._getframe(0)
    while frame is not None and _is_own(frame):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def deprecated(what: str, instead: str) -> None:
    """Warn that a spelling is an old one."""
    warn(f"{what} is deprecated; use {instead} instead", DeprecationWarning)
