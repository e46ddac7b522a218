"""Networks of populations and the connections between them, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snnc.ir.text import Document, parse, verify
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes

MODELS = """dyn.cell @Cell {
  param v_thresh : mV = 1.0
  state v : mV = 0.0
  receptor excitatory : mV
  on excitatory(w) { v = v + w }
  when v >= v_thresh { v = 0.0 [mV]  emit }
}
dyn.cell @Noise {
  param rate : Hz = 10.0
  emit poisson rate
}
syn.model @Static { on pre { deliver weight } }
"""


def modular(
    sizes: Sequence[int],
    edges: Iterable[tuple[int, int]],
    sources: Sequence[int] = (),
    dt: float = 1.0,
) -> Document:
    """Return populations @P0, ... of cells, with edges between pairs of them.

    Those in `sources` are Poisson sources, whose edges are one to one.
    """
    lines, first = [], 0
    for number, size in enumerate(sizes):
        model = "Noise" if number in sources else "Cell"
        ids = f"{{object_id = {number}, first_id = {first}}}"
        lines.append(f"snn.population @P{number} [{size}] of @{model} {ids}")
        first += size
    for number, (pre, post) in enumerate(edges, len(sizes)):
        rule = '"one_to_one"' if pre in sources else '"fixed_probability", {p_connect = 0.1}'
        lines.append(
            f"snn.projection @e{number} from @P{pre} to @P{post} {{object_id = {number}}}\n"
            f"    connector #snn.connector<{rule}>\n"
            '    synapse @Static receptor "excitatory"\n'
            f"    weight 0.4 delay {dt}"
        )
    head = f'snn.network @net {{dt = {dt}, seed = 4, rng = "philox4x32-10/snnc-1"}}'
    document = parse(f"{MODELS}{head} {{\n" + "\n".join(lines) + "\n}\n")
    verify(document)
    return document


def mapped(document: Document, partition: str = "", pipeline: str | None = None) -> Document:
    """Return the document after the pipeline of SpiNNaker, with options of its partition."""
    text = pipeline or pipeline_text("spinnaker")
    if partition:
        text = text.replace("partition-cores", f"partition-cores{{{partition}}}")
    run_passes(document, parse_passes(text), after=lambda _, result: verify(result))
    return document
