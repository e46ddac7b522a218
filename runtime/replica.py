"""The network as the ``cpu`` target has it, for those that take cells and connections from it."""

from __future__ import annotations

from snnc.codegen.artifact import Artifact
from snnc.codegen.cpu import generate
from snnc.ir.text import Document
from snnc.passes.pipelines import REPLICA, parse_passes, run_passes


def replica_of(source: Document) -> Artifact:
    """Return what the ``cpu`` target would run; `source` is not changed."""
    document = Document(source.module.clone(), dict(source.resources), source.filename)
    run_passes(document, parse_passes(REPLICA))
    return generate(document)
