"""NEURON's one instance in this process."""

from __future__ import annotations

import ctypes
import os
from importlib import import_module
from typing import Any, NoReturn

os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")

h: Any = import_module("neuron").h
"""NEURON's interpreter."""


def _begin() -> None:
    """Join the other processes; NEURON's line about their number is not part of the output."""
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        h.nrnmpi_init()
        # C keeps what it prints until later where the output is no terminal.
        ctypes.CDLL(None).fflush(None)
    os.dup2(kept, 1)
    os.close(kept)


if "SNNC_RANKS" in os.environ:
    _begin()

parallel: Any = h.ParallelContext()
"""NEURON's parallel context: this process is number ``parallel.id()`` of ``parallel.nhost()``."""


def of_all_ranks(value: Any) -> list[Any]:
    """Return what every process has given, in their order; all must call it."""
    return parallel.py_allgather(value) if parallel.nhost() > 1 else [value]


def leave() -> NoReturn:
    """End this process together with all others."""
    parallel.barrier()
    h.quit()
    raise AssertionError("NEURON has ended the process")
