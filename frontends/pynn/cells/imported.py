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


@cache
def _imported(text: str) -> type[StandardCellType]:
    """Return the class of the cell in a text of the IR."""
    from snnc.ir.read_model import read_model

    name = model_library.register(read_model(text).name, text)
    return type(name, (StandardCellType,), attributes_of(model_library.load(name)))
