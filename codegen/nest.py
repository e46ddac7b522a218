"""The target ``nest``: networks for the simulator NEST."""

from __future__ import annotations

from importlib.util import find_spec

from snnc.codegen.native.artifact import NativeArtifact
from snnc.codegen.native.matched import matched_models
from snnc.codegen.native.threads import threads_of
from snnc.codegen.target import Target
from snnc.ir.text import Document


def generate(document: Document) -> NativeArtifact:
    """Return the artifact of a network whose models have been matched with NEST's.

    Raises
    ------
    UnsupportedError
        A model that NEST does not have.
    """
    cells, synapses = matched_models(document, "nest")
    return NativeArtifact("nest", document, cells, synapses, threads_of(document))


def unavailable() -> str | None:
    """Return how to install NEST if it is missing."""
    return None if find_spec("nest") else "needs NEST: pip install 'snnc[nest]'"


NEST = Target(
    "nest",
    generate,
    executor="snnc.runtime.native.nest:NestSimulation",
    unavailable=unavailable,
    changes=frozenset({"parameters", "states", "weights"}),
)
