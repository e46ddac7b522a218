"""NineML 1.0 of models: a component class for each cell, and a component with its values."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from xdsl.ir import Operation

from snnc.codegen.languages.network import Network
from snnc.codegen.languages.nineml import NinemlFile, word, write_class
from snnc.ir.dialects import dyn


def emit(models: Mapping[str, Operation], network: Network | None) -> str:
    """Return a NineML file with the cells of a document.

    Raises
    ------
    UnsupportedError
        A construct that NineML does not have; names it.
    """
    file = NinemlFile()
    for op in models.values():
        if isinstance(op, dyn.CellOp):
            write_class(file, op)
            name = word(op.label)
            component(file, ET.SubElement(file.root, "Component", name=f"{name}_values"), op)
    return file.text()


def component(file: NinemlFile, element: ET.Element, cell: dyn.CellOp) -> None:
    """Write the defaults of a cell into a component."""
    ET.SubElement(element, "Definition").text = word(cell.label)
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp() if op.default is not None:
                value(file, element, "Property", op, op.default.value.data)
            case dyn.StateOp():
                value(file, element, "Initial", op, op.initial.value.data)


def value(
    file: NinemlFile, element: ET.Element, tag: str, op: dyn.ParamOp | dyn.StateOp, number: float
) -> None:
    """Write a value in coherent units."""
    units = file.units(op.type.exponents)
    found = ET.SubElement(element, tag, name=word(op.label), units=units)
    ET.SubElement(found, "SingleValue").text = repr(float(f"{number * op.scale:.15g}"))
