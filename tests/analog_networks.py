"""Networks of packaged cell models for tests of analog chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from snnc import model_library
from snnc.ir.build import NetworkBuilder
from snnc.ir.text import Document, verify
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import synapses_of

Edge = tuple[str, str, tuple[str, Mapping[str, Any]], str, Any]


def network(
    populations: Mapping[str, tuple[int, str, Mapping[str, Any]]],
    edges: Iterable[Edge] = (),
    seed: int = 5,
) -> Document:
    """Return a network of named populations (size, model, parameters) and edges.

    An edge is (pre, post, connector, receptor, weight).
    """
    builder = NetworkBuilder("net", dt=0.1, seed=seed)
    models = {model for _, model, _ in populations.values()}
    for model in sorted(models | {"StaticSynapse"}):
        builder.use_model(model_library.text(model), model)
    for name, (size, model, parameters) in populations.items():
        builder.population(name, size, model, parameters=parameters)
    for number, (pre, post, connector, receptor, weight) in enumerate(edges):
        builder.projection(
            f"e{number}", pre, post, connector=connector, synapse="StaticSynapse",
            receptor=receptor, weight=weight, delay=1.0,
        )  # fmt: skip
    return builder.finish()


def lowered(document: Document, pipeline: str) -> Document:
    """Return the document after passes, each of which leaves what can be verified."""
    run_passes(document, parse_passes(pipeline), after=lambda _, d: verify(d), connect=synapses_of)
    return document


def random_edges(rng: np.random.Generator, pre: int, post: int, count: int) -> tuple[str, dict]:
    """Return a connector that lists so many random pairs."""
    pairs = {"pre": rng.integers(0, pre, count), "post": rng.integers(0, post, count)}
    return "from_list", pairs
