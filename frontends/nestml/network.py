"""NESTML models as documents of the IR."""

from __future__ import annotations

from pathlib import Path

from snnc.importing.model_text import ModelText
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError
from snnc.ir.read_model import read_model
from snnc.ir.text import Document
from snnc.nestml.cell import write_cell
from snnc.nestml.elements import Model
from snnc.nestml.read_model import read_models


def read_network(path: str | Path) -> Document:
    """Return a network of one cell of each neuron in a NESTML file, which records its states.

    Raises
    ------
    ModelError
        If the file is malformed, or anything in it does not fit; with its place.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    models = read_models(path)
    builder = NetworkBuilder(Path(path).stem.replace("-", "_"))
    for model in models:
        _add_cell(builder, model, str(path))
    return builder.finish()


def _add_cell(builder: NetworkBuilder, model: Model, file: str) -> None:
    text = ModelText(file)
    write_cell(text, model)
    with text.at_their_places():
        used = builder.use_model(text.text, file)
        info = read_model(text.text)
    name = f"{model.name}_cell"
    builder.population(name, 1, used, label=model.name, location=model.place)
    builder.record(name, info.recordables)


def cell_text(path: str | Path) -> str:
    """Return the text of the one neuron in a NESTML file.

    Raises
    ------
    ModelError
        As `read_network`, and if the file holds another number of neurons.
    """
    models = read_models(path)
    if len(models) != 1:
        raise ModelError(f"found {len(models)} models in '{path}', expected one")
    text = ModelText(str(path))
    write_cell(text, models[0])
    with text.at_their_places():
        read_model(text.text)
    return text.text
