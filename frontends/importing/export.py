"""Documents as files of other languages."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from snnc.importing.listed_network import has_network, listed_network, with_network
from snnc.ir.diagnostics import OptionError, UnsupportedError, did_you_mean
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.text import Document


@dataclass(frozen=True)
class Language:
    """A language that documents are written in.

    Parameters
    ----------
    name : str
        As users call it.
    about : str
        What is written, in a few words.
    writer : str
        Place of the function, as ``module:function``: from cell models by name, and the network
        (None for models alone), to text. Of a language with a `target`, the stage of its text.
    target : str, optional
        The target that generates the text.
    """

    name: str
    about: str
    writer: str
    target: str | None = None


LANGUAGES = {
    one.name: one
    for one in (
        Language(
            "neuroml", "LEMS types of cells, and NeuroML 2 networks",
            "snnc.codegen.languages.neuroml:emit",
        ),
        Language(
            "nineml", "NineML 1.0 classes, and networks",
            "snnc.codegen.languages.nineml_file:emit",
        ),
        Language("nestml", "NESTML models of cells", "snnc.codegen.languages.nestml_file:emit"),
        Language("brian2", "equations of cells and synapses for Brian2", "brian2", "brian2"),
        Language("nmodl", "mechanisms of cells and synapses for NEURON", "nmodl", "neuron"),
    )
}  # fmt: skip
"""One entry for each language."""


def export(document: Document, language: str) -> str:
    """Return a document as text of another language.

    Parameters
    ----------
    document : Document
        A network or models, as built.
    language : str
        A name in `LANGUAGES`, in any case.

    Raises
    ------
    OptionError
        If there is no such language.
    UnsupportedError
        For what the language cannot express; names the construct.
    """
    name = language.lower()
    if name not in LANGUAGES:
        raise OptionError(f"no export to '{language}'{did_you_mean(name, LANGUAGES)}")
    found = LANGUAGES[name]
    if found.target is not None:
        # Generators of targets know models by their use.
        from snnc.compiler import lowering_of

        return lowering_of(with_network(document), found.target).text(found.writer)
    models = {
        label: op
        for label, op in models_of(document.module).items()
        if describe_model(op).kind == "cell"
    }
    if not models:
        raise UnsupportedError(f"there are no cells to be written as {name}")
    module, function = found.writer.split(":")
    network = listed_network(document) if has_network(document) else None
    return getattr(import_module(module), function)(models, network)
