"""Runs what an analog chip would compute."""

from __future__ import annotations

from typing import NoReturn

from numpy.typing import ArrayLike

from snnc.codegen.analog_emulation import EmulatedChip
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.values import Value
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.simulation import Simulation


class AnalogEmulation(Simulation):
    """A network of the circuits of a chip.

    Circuits have parameters of their own, so those of the model's cells go the way through the
    mapping again; weights stay as they are written.

    Parameters
    ----------
    chip : EmulatedChip
        The network, and the populations that are on circuits.
    """

    def __init__(self, chip: EmulatedChip) -> None:
        super().__init__(chip.network)
        self._on_circuits = chip.populations

    def set_parameter(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a parameter of sources; that of circuits needs the mapping anew.

        Raises
        ------
        NeedsRecompilation
            The population is on circuits. Nothing has been changed.
        """
        if population in self._on_circuits:
            raise NeedsRecompilation(population, name, value)
        super().set_parameter(population, name, value, index)

    def set_edge_values(self, projection: str, name: str, value: Value) -> NoReturn:
        """Refuse: synapses are written once."""
        raise UnsupportedError(
            f"'{name}' of the synapses of '{projection}' is written once on an emulated chip; "
            "expected it to be given before the first run"
        )
