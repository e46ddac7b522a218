"""Cell types from files of other model languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from snnc import model_library
from snnc.pynn.cells.models import StandardCellType, attributes_of


def nineml_cell_type(
    name: str, body: str | Path, **responses: str | Path
) -> type[StandardCellType]:
    """Return a cell type composed of NineML components.

    Parameters
    ----------
    name : str
        Name of the cell type.
    body : path
        NineML file of the neuron; ``FILE#NAME`` chooses one of several component classes.
    **responses : path
        NineML files of post-synaptic responses; each is a receptor type of its name.

    Returns
    -------
    class
        With parameters ``CLASS.PARAMETER`` of the neuron and ``RECEPTOR.PARAMETER``; without
        responses the neuron's parameters have their own names.

    Raises
    ------
    ModelError
        If a file is wrong, or ports do not fit together.
    """
    from snnc.nineml.composition import compose_cell

    return _imported(compose_cell(name, body, responses))


def lems_cell_type(file: str | Path, component: str, **synapses: str) -> type[StandardCellType]:
    """Return the cell type of a component of a LEMS or NeuroML 2 file.

    Parameters
    ----------
    file : path
        A LEMS or NeuroML 2 file.
    component : str
        The id of the cell.
    **synapses : str
        Ids of synapses in the file; each is a receptor type of its name. Where spikes add to one
        variable, weights are in the unit of that variable, else they are factors.

    Returns
    -------
    class
        With the parameters of the cell, and ``RECEPTOR.PARAMETER`` of the synapses.

    Raises
    ------
    ModelError
        If the file is wrong, or a component is not in it or does not fit.
    """
    from snnc.lems.composition import compose_cell

    return _imported(compose_cell(file, component, synapses))


def nestml_cell_type(file: str | Path) -> type[StandardCellType]:
    """Return the cell type of a NESTML neuron.

    Parameters
    ----------
    file : path
        A NESTML file with one neuron.

    Returns
    -------
    class
        With the model's parameters; its ports for spikes are the receptor types. Weights are in
        PyNN's units: nA, uS or mV, where the model multiplies spikes by such a unit, as in
        ``unit_psc pA = 1 pA``; else they are the numbers that NESTML has.

    Raises
    ------
    ModelError
        If the file is wrong.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    from snnc.nestml.network import model_text

    return _imported(model_text(file, "neuron"))


@cache
def _imported(text: str) -> type[StandardCellType]:
    """Return the class of the cell in a text of the IR."""
    from snnc.ir.read_model import read_model

    name = model_library.register(read_model(text).name, text)
    return type(name, (StandardCellType,), attributes_of(model_library.load(name)))
