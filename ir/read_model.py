"""One model from its text, without a network around it."""

from __future__ import annotations

from snnc.ir.diagnostics import Location, ModelError
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.ir.text import parse, verify


def read_model(text: str, filename: str = "<text>") -> ModelInfo:
    """Return what the one model in `text` declares.

    Raises
    ------
    ModelError
        If the text is malformed, breaks a rule, or does not hold exactly one model.
    """
    document = parse(text, filename)
    verify(document)
    models = models_of(document.module)
    if len(models) != 1:
        raise ModelError(f"expected one model; found {len(models)}", Location(filename, 1))
    return describe_model(next(iter(models.values())))
