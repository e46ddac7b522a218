"""PyNN's cells that NeuroML has types of its own for, with the synapses that they take."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from snnc.ir.dialects import dyn

SYNAPSES = {
    "IF_curr_exp": "expCurrSynapse",
    "IF_curr_alpha": "alphaCurrSynapse",
    "IF_cond_exp": "expCondSynapse",
    "IF_cond_alpha": "alphaCondSynapse",
}
"""NeuroML's synapse by the name of a cell, which is the same in NeuroML and here."""
_SIDES = {"excitatory": "E", "inhibitory": "I"}


def cell_element(
    cell: dyn.CellOp, parameters: Mapping[str, float], initial: Mapping[str, float]
) -> ET.Element | None:
    """Return a cell as NeuroML's component, None if it starts from what the type has no value for.

    Parameters
    ----------
    cell : CellOp
        A cell of the library whose name is in `SYNAPSES`.
    parameters, initial : mapping of str to float
        Values that are not the defaults, in declared units.
    """
    element = ET.Element(cell.label)
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp() if op.default is not None:
                value = parameters.get(op.label, op.default.value.data)
                element.set(op.label, repr(float(value)))
            case dyn.StateOp(sym_name=name) if name.data == "v":
                element.set("v_init", repr(float(initial.get("v", op.initial.value.data))))
            case dyn.StateOp():
                if initial.get(op.label, 0.0) != 0.0:
                    return None
    return element


def synapse_element(cell: ET.Element, receptor: str) -> ET.Element:
    """Return the synapse that is a receptor of a cell of NeuroML."""
    side = _SIDES[receptor]
    element = ET.Element(SYNAPSES[cell.tag], tau_syn=cell.get(f"tau_syn_{side}", ""))
    reversal = cell.get(f"e_rev_{side}")
    if reversal is not None:
        element.set("e_rev", reversal)
    return element
