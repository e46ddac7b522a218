"""Targets that are wafers of HICANNs: a network's place on one, and what is lost there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from snnc.codegen.analog_parameters import parameters_text
from snnc.codegen.analog_tables import Integers, Tables
from snnc.codegen.target import Target, Text
from snnc.codegen.wafer_files import hicanns_text, lines_text, losses_text, rows_text, summary_text
from snnc.hardware.descriptions import described
from snnc.hardware.wafer import Wafer, wafer_of
from snnc.ir.dialects import analog, wafer
from snnc.ir.registry import EMULATION
from snnc.ir.text import Document


@dataclass(frozen=True, eq=False)
class WaferArtifact:
    """A network on a wafer; the columns of tables are those of the `wafer` dialect.

    Attributes
    ----------
    circuits : int
        Circuits of a neuron.
    places : mapping of str to ndarray, shape (cells, 5)
        By population.
    repeaters, switches, drivers : ndarray
        Of the whole wafer.
    synapses, codes, lost : mapping of str to ndarray
        By projection: those on the wafer, the input and weight code of all, and those lost.
    loads : ndarray, shape (HICANNs with synapses, 3)
        How many synapses each has, and has lost.
    bound : tuple of two ints
        Synapses that are lost at least, for the in-degree and for want of drivers.
    seconds : mapping of str to float
        Processor time of each pass.
    """

    network: str
    machine: Wafer
    circuits: int
    places: Mapping[str, Integers]
    repeaters: Integers
    switches: Integers
    drivers: Integers
    synapses: Mapping[str, Integers]
    codes: Mapping[str, Integers]
    lost: Mapping[str, Integers]
    loads: Integers
    bound: tuple[int, int]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: how many circuits make a neuron."""
        return {"circuits": self.circuits}


def generate(document: Document) -> WaferArtifact:
    """Return the artifact of a network that a pipeline for wafers has mapped.

    Raises
    ------
    OptionError
        If the module has not been mapped.
    """
    tables = Tables(document)
    bound = tables.one(wafer.BoundOp)
    places = tables.of(wafer.PlacesOp)
    return WaferArtifact(
        network=tables.op.network,
        machine=wafer_of(described(**tables.one(analog.ChipOp).described())),
        circuits=places[0].circuits if places else 0,
        places=tables.by_object(wafer.PlacesOp),
        repeaters=tables.rows(tables.one(wafer.RepeatersOp)),
        switches=tables.rows(tables.one(wafer.SwitchesOp)),
        drivers=tables.rows(tables.one(wafer.DriversOp)),
        synapses=tables.by_object(wafer.SynapsesOp),
        codes=tables.by_object(analog.CodesOp),
        lost=tables.by_object(analog.LostOp),
        loads=tables.rows(tables.one(wafer.LoadsOp)),
        bound=(bound.in_degree, bound.drivers),
        seconds=document.seconds,
    )


def unavailable() -> str | None:
    """Return how to install what mapping needs if it is missing."""
    if find_spec("matplotlib"):
        return None
    return "needs Matplotlib: pip install 'snnc[brainscales]'"


def _from(write: Callable[[WaferArtifact], str]) -> Callable[[Document], str]:
    return lambda document: write(generate(document))


def wafer_target(name: str) -> Target:
    """Return the target that a description of a wafer has the name of."""
    return Target(
        name,
        generate,
        executor=None,
        texts={
            "hicanns": Text("hicanns.json", _from(hicanns_text)),
            "lines": Text("lines.json", _from(lines_text)),
            "rows": Text("synapse_rows.json", _from(rows_text)),
            "circuits": Text("parameters.json", lambda document: parameters_text(Tables(document))),
            "losses": Text("losses.json", _from(losses_text)),
            "wafer": Text("summary.json", _from(summary_text)),
        },
        files={"wafer.png": "snnc.wafer_picture:draw_wafer"},
        unavailable=unavailable,
        emulation=name + EMULATION,
    )
