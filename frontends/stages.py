"""What a network looks like between the passes that lower it, and the kernels at the end."""

from __future__ import annotations

from snnc.codegen.artifact import Artifact
from snnc.ir.diagnostics import OptionError, did_you_mean
from snnc.ir.text import Document, print_text
from snnc.passes.pipelines import parse_passes, run_passes

FIRST = "snn"
LOWERED = "lowered"
KERNEL = "kernel"
ALIASES = {"step": "place-synapse-states"}
"""Names of levels, with the pass after which a module is at that level."""


def stage_names(pipeline: str) -> list[str]:
    """Return the stages of a pipeline: the network as built, each pass, and the kernels."""
    return [FIRST, *(one.name for one in parse_passes(pipeline)), *ALIASES, LOWERED, KERNEL]


def stage_text(source: Document, pipeline: str, stage: str, generic: bool = False) -> str:
    """Return the text of a network at a stage.

    Parameters
    ----------
    source : Document
        The network as built; it is not changed.
    pipeline : str
        The passes that lower it.
    stage : str
        One of `stage_names`.
    generic : bool
        Print IR in MLIR's generic form.

    Raises
    ------
    OptionError
        If there is no such stage.
    """
    passes = parse_passes(pipeline)
    names = [one.name for one in passes]
    if stage == FIRST:
        return print_text(source, generic)
    last = ALIASES.get(stage, stage)
    if stage in (LOWERED, KERNEL):
        last = names[-1]
    if last not in names:
        known = stage_names(pipeline)
        raise OptionError(f"unknown stage '{stage}'{did_you_mean(stage, known)}")
    document = copy_of(source)
    run_passes(document, passes[: names.index(last) + 1])
    if stage == KERNEL:
        from snnc.codegen.cpu import generate

        return kernels_text(generate(document))
    return print_text(document, generic)


def copy_of(document: Document) -> Document:
    """Return a document whose module can be rewritten without changing `document`."""
    return Document(document.module.clone(), dict(document.resources), document.filename)


def kernels_text(artifact: Artifact) -> str:
    """Return the source of all kernels generated for a network."""
    texts = {}
    for cell in artifact.cells.values():
        if cell.kernel is not None:
            texts[cell.kernel.name] = cell.kernel.text
    for synapse in artifact.synapses.values():
        for kernel in (synapse.deliver, synapse.emit, synapse.observe):
            if kernel is not None:
                texts[kernel.name] = kernel.text
    return "\n\n".join(f"# kernel {name}\n{text}" for name, text in texts.items())
