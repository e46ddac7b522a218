"""Brian2, without what its import does to a process: a hook for errors, and logs of everything."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any

_hook = sys.excepthook
brian2: Any = import_module("brian2")
"""The simulator's package."""

sys.excepthook = _hook
logging.getLogger("brian2").setLevel(logging.ERROR)
# NumPy needs no compiler, and there is nothing to wait for.
brian2.prefs.codegen.target = "numpy"
