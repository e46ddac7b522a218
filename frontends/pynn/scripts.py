"""The network that a PyNN script builds, without running it."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from snnc.pynn import session
from snnc.pynn.session import Session

if TYPE_CHECKING:
    from snnc.ir.text import Document


class _FirstRun(BaseException):
    """Ends a script; no handler of the script's own should stop it."""

    def __init__(self, reached: Session) -> None:
        self.session = reached


def capture_network(path: Path, arguments: Sequence[str] = ()) -> Document:
    """Return the network that a script has built when it first runs it, or when it ends.

    Parameters
    ----------
    path : Path
        A PyNN script, whichever backend it imports.
    arguments : sequence of str
        Its own arguments.
    """
    from snnc.running import running

    def stop(reached: Session) -> None:
        raise _FirstRun(reached)

    before = session.observers.before_run
    session.observers.before_run = stop
    try:
        # What the script prints must not mix with what is emitted.
        with running(path, list(arguments)), redirect_stdout(sys.stderr):
            runpy.run_path(str(path), run_name="__main__")
    except _FirstRun as reached:
        return reached.session.document()
    finally:
        session.observers.before_run = before
    return session.current().document()
