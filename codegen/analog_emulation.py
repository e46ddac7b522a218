"""Targets that compute here what an analog chip would; their pipelines make networks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snnc.codegen import cpu
from snnc.codegen.artifact import Artifact
from snnc.codegen.target import Target
from snnc.ir.text import Document


@dataclass(frozen=True)
class EmulatedChip:
    """A network as the ``cpu`` target has it, and which of its populations are on circuits."""

    network: Artifact
    populations: frozenset[str]

    def settings(self) -> dict[str, Any]:
        """Return what was chosen for the run."""
        return self.network.settings()


def generate(document: Document) -> EmulatedChip:
    """Return the artifact of a network that an emulation's pipeline has lowered."""
    network = cpu.generate(document)
    driven = (plan for plan in network.populations if network.cells[plan.cell].current is not None)
    return EmulatedChip(network, frozenset(plan.name for plan in driven))


def emulation_target(name: str) -> Target:
    """Return the target of a name that ends in ``-emulation``."""
    return Target(
        name,
        generate,
        executor="snnc.runtime.analog_emulation:AnalogEmulation",
        changes=frozenset({"parameters", "states"}),
    )
