"""What xDSL's own tools load through the entry point ``xdsl.universe``."""

from __future__ import annotations

from functools import partial

from xdsl.universe import Universe

from snnc.ir.context import dialect_factories
from snnc.ir.registry import PASSES

SNNC_UNIVERSE = Universe(
    all_dialects=dialect_factories(),
    all_passes={name: partial(PASSES.get, name) for name in PASSES.names()},
)
