"""NESTML models as documents of the IR."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from snnc import model_library
from snnc.importing.model_text import ModelText
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError
from snnc.ir.model_info import ModelInfo
from snnc.ir.read_model import read_model
from snnc.ir.text import Document
from snnc.ir.values import Sequences
from snnc.nestml.cell import write_cell
from snnc.nestml.elements import Model
from snnc.nestml.read_model import read_models
from snnc.nestml.synapse import write_synapse

_SOURCE, _CELL = "SpikeSourceArray", "IF_curr_exp"


def read_network(path: str | Path) -> Document:
    """Return a network with every model in a NESTML file.

    There is one cell of each neuron, which records its states. A synapse joins a source that
    fires every 2 ms to a cell, whose spikes are recorded.

    Raises
    ------
    ModelError
        If the file is malformed, or anything in it does not fit; with its place.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    models = read_models(path)
    builder = NetworkBuilder(re.sub(r"\W", "_", f"{Path(path).stem}_network"))
    for model in models:
        info, used = _use(builder, model, str(path))
        if model.is_synapse:
            _add_pair(builder, model, used)
        else:
            name = f"{model.name}_cell"
            builder.population(name, 1, used, label=model.name, location=model.place)
            builder.record(name, info.recordables)
    return builder.finish()


def _use(builder: NetworkBuilder, model: Model, file: str) -> tuple[ModelInfo, str]:
    text = ModelText(file)
    _write(text, model)
    with text.at_their_places():
        used = builder.use_model(text.text, file)
        return read_model(text.text), used


def _write(text: ModelText, model: Model) -> None:
    if model.is_synapse:
        write_synapse(text, model)
    else:
        write_cell(text, model)


def _add_pair(builder: NetworkBuilder, model: Model, used: str) -> None:
    source, cell = f"{model.name}_source", f"{model.name}_cell"
    for needed in (_SOURCE, _CELL):
        builder.use_model(*model_library.source(needed))
    times = np.arange(2.0, 100.0, 2.0)
    builder.population(source, 1, _SOURCE, parameters={"spike_times": Sequences.of([times])})
    builder.population(cell, 1, _CELL, location=model.place)
    builder.record(cell, ("spikes", "v"))
    builder.projection(
        model.name, source, cell, ("all_to_all", {}), used, "excitatory", 1.0, 1.0,
        location=model.place,
    )  # fmt: skip


def model_text(path: str | Path, kind: str = "neuron") -> str:
    """Return the text of the one model in a NESTML file.

    Parameters
    ----------
    path : path
        The file.
    kind : {"neuron", "synapse"}, optional
        What the model must be.

    Raises
    ------
    ModelError
        As `read_network`, and if the file holds another number or kind of models.
    """
    models = read_models(path)
    if len(models) != 1:
        raise ModelError(f"found {len(models)} models in '{path}', expected one")
    found = "synapse" if models[0].is_synapse else "neuron"
    if found != kind:
        raise ModelError(f"'{models[0].name}' is a {found}, expected a {kind}", models[0].place)
    text = ModelText(str(path))
    _write(text, models[0])
    with text.at_their_places():
        read_model(text.text)
    return text.text
