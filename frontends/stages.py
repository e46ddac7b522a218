"""What a network looks like between the passes that lower it, and the text made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snnc.codegen.native.in_use import first_use
from snnc.codegen.target import Target
from snnc.ir.diagnostics import OptionError, UnsupportedError, did_you_mean
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.pass_context import Synapses
from snnc.ir.registry import TARGETS
from snnc.ir.text import Document, print_text
from snnc.passes.pipelines import parse_passes, run_passes

FIRST = "snn"
LOWERED = "lowered"
ALIASES = {"step": "place-synapse-states"}
"""Names of levels, with the pass after which a module is at that level."""


@dataclass(frozen=True)
class Lowering:
    """A network, and how it is lowered for a target.

    Attributes
    ----------
    source : Document
        The network as built; it is never changed.
    target : str
        Name of the target.
    pipeline : str
        The passes that lower it.
    """

    source: Document
    target: str
    pipeline: str

    @property
    def generator(self) -> Target:
        """The target."""
        return TARGETS.get(self.target)

    @property
    def stages(self) -> list[str]:
        """The network as built, each pass, and the texts that the target generates."""
        passes = [one.name for one in parse_passes(self.pipeline)]
        aliases = [alias for alias, one in ALIASES.items() if one in passes]
        return [FIRST, *passes, *aliases, LOWERED, *self.generator.texts]

    def lowered(self, last: str | None = None) -> Document:
        """Return the network after the pass `last`, or after all.

        Raises
        ------
        UnsupportedError
            A model that the target lacks.
        """
        _refuse_foreign(self.source, self.target)
        passes = parse_passes(self.pipeline)
        names = [one.name for one in passes]
        document = copy_of(self.source)
        chosen = passes if last is None else passes[: names.index(last) + 1]
        run_passes(document, chosen, connect=synapses_of)
        return document

    def artifact(self) -> Any:
        """Return what the target generates."""
        return self.generator.generate(self.lowered())

    def text(self, stage: str, generic: bool = False) -> str:
        """Return the text of the network at a stage.

        Parameters
        ----------
        stage : str
            One of `stages`.
        generic : bool
            Print IR in MLIR's generic form.

        Raises
        ------
        OptionError
            If there is no such stage.
        """
        if stage not in self.stages:
            raise OptionError(f"unknown stage '{stage}'{did_you_mean(stage, self.stages)}")
        if stage == FIRST:
            return print_text(self.source, generic)
        if stage in self.generator.texts:
            return self.generator.texts[stage].of(self.lowered())
        last = None if stage == LOWERED else ALIASES.get(stage, stage)
        return print_text(self.lowered(last), generic)


def _refuse_foreign(document: Document, target: str) -> None:
    """Refuse models that have no equations and belong to another simulator than the target."""
    for label, op in models_of(document.module).items():
        simulator = describe_model(op).simulator
        if simulator not in (None, target):
            raise UnsupportedError(
                f"'{label}' is a native model, which only {simulator} has",
                first_use(document, label),
            )


def synapses_of(document: Document) -> Mapping[str, Synapses]:
    """Return the synapses of each projection, as the ``cpu`` target makes them."""
    from snnc.runtime.listing import list_synapses

    return list_synapses(document)


def target_of(stage: str) -> str | None:
    """Return the target that generates the text of a stage; None for stages of all targets."""
    return next((name for name in TARGETS.names() if stage in TARGETS.get(name).texts), None)


def copy_of(document: Document) -> Document:
    """Return a document whose module can be rewritten without changing `document`."""
    return Document(document.module.clone(), dict(document.resources), document.filename)
