"""Brian2, without what its import does to a process: a hook for errors, and logs of everything."""

from __future__ import annotations

import logging
import sys

_hook = sys.excepthook

import brian2  # noqa: E402 - the hook of before is needed

sys.excepthook = _hook
logging.getLogger("brian2").setLevel(logging.ERROR)
# NumPy needs no compiler, and there is nothing to wait for.
brian2.prefs.codegen.target = "numpy"

__all__ = ["brian2"]
