"""Targets that compute here what an analog chip would; their pipelines make networks of it."""

from __future__ import annotations

from snnc.codegen.cpu import CPU, generate
from snnc.codegen.target import Target


def emulation_target(name: str) -> Target:
    """Return the target of a name that ends in ``-emulation``.

    Parameters and weights are written once, so that nothing can be changed after the first run.
    """
    return Target(name, generate, executor=CPU.executor, changes=frozenset({"states"}))
