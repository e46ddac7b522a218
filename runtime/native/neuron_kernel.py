"""NEURON's one instance in this process."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")

h: Any = import_module("neuron").h
"""NEURON's interpreter."""

parallel: Any = h.ParallelContext()
"""NEURON's parallel context: this process is number ``parallel.id()`` of ``parallel.nhost()``."""
