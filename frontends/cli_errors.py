"""What the command does when something fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from snnc.ir.diagnostics import CompilationError, SnncError

F = TypeVar("F", bound=Callable[..., Any])


def reporting_errors(command: F) -> F:
    """Turn errors of the input into one line and exit status 2, Ctrl-C into 130."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except CompilationError:
            raise
        except SnncError as error:
            text = str(error)
            click.echo(text if error.location else f"snnc: error: {text}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("snnc: interrupted", err=True)
            sys.exit(130)

    return wrapper  # type: ignore[return-value]
