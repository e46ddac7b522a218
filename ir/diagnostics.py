"""The one exception tree of snnc and the form of its messages.

A message reads ``file:line:col: error: what is wrong; found X, expected Y``. The location is the
place in the user's own text: a model file, a script or the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Location:
    """A place in a user's text; line and column count from one."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{column}"


class SnncError(Exception):
    """Base of every error that snnc raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, as ``what; found X, expected Y``.
    location : Location, optional
        Where in the user's text.
    """

    def __init__(self, message: str, location: Location | None = None) -> None:
        self.message = message
        self.location = location
        super().__init__(f"{location}: error: {message}" if location else message)


class UserError(SnncError):
    """The input is wrong: a script, a model, an option or a file."""


class ModelError(UserError):
    """A model or network text that does not parse or does not verify."""


class UnitError(ModelError):
    """Units that do not fit together."""


class OptionError(UserError):
    """An unknown or unusable option, target, pass or pipeline."""


class UnsupportedError(UserError):
    """A construct that the chosen target or solver cannot express."""


class ResourceLimitError(UserError):
    """A network that does not fit the machine; raised before anything is allocated."""


class MissingDependencyError(UserError):
    """An optional simulator or library that is not installed; the message names the extra."""


class CompilationError(SnncError):
    """A generated kernel that does not compile: a fault of snnc, not of its input."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` or the list of what is known.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What there is.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; expected one of {', '.join(names)}" if names else ""
