"""A picture of chips with crossbars: circuits, rows of synapses and open nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from snnc.codegen.crossbar import CrossbarArtifact
from snnc.figures import new_figure

_NO_CIRCUIT = np.nan


def draw_chips(artifact: CrossbarArtifact, path: Path) -> None:
    """Draw each chip: its arrays of synapses, its rows of circuits, and its crossbar.

    Parameters
    ----------
    artifact : CrossbarArtifact
        The network on its chips.
    path : Path
        File to write; its ending chooses the format.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    chip = artifact.chip
    figure = new_figure(12, 5.5 * max(1, artifact.number), "brainscales")
    parts: Any = figure.subfigures(max(1, artifact.number), 1, squeeze=False)[:, 0]
    for number in range(artifact.number):
        axes = parts[number].subplots(
            chip.blocks, 3, width_ratios=(4, 0.35, 3), gridspec_kw={"wspace": 0.02}
        )
        weights = _weights(artifact, number)
        image: Any = None
        for block in range(chip.blocks):
            image = _draw_block(axes[block], artifact, number, block, weights[block])
        parts[number].colorbar(
            image, ax=axes[:, 0], location="left", label="weight (inhibitory below 0)"
        )
        grid = axes[0, 2].get_gridspec()
        for one in axes[:, 2]:
            one.remove()
        _draw_crossbar(parts[number].add_subplot(grid[:, 2]), artifact, number)
        parts[number].suptitle(f"{artifact.network}: chip {number} of {chip.label}")
    figure.savefig(path, dpi=120)


def _weights(artifact: CrossbarArtifact, number: int) -> np.ndarray:
    """Return the weight of each synapse, shape (blocks, rows, columns); NaN where none is."""
    chip = artifact.chip
    found = np.full((chip.blocks, chip.rows, chip.columns), _NO_CIRCUIT)
    for one in artifact.projections:
        here = one.synapses["chip"] == number
        block, row, column, weight, synapse = (
            one.synapses[name][here] for name in ("block", "row", "column", "weight", "synapse")
        )
        found[block, row, column] = weight * (1 - 2 * one.codes["line"][synapse])
    return found


def _draw_block(
    axes: Any, artifact: CrossbarArtifact, number: int, block: int, weights: np.ndarray
) -> Any:
    """Draw an array of synapses, and beside it which population each column is of."""
    chip = artifact.chip
    largest = (1 << chip.weight_bits) - 1
    image = axes[0].imshow(
        weights.T, cmap="coolwarm_r", vmin=-largest, vmax=largest, aspect="auto",
        interpolation="nearest", origin="lower",
    )  # fmt: skip
    axes[0].set(xlabel="row of synapses", ylabel=f"column of block {block}")
    circuits = np.full((chip.columns, 1), _NO_CIRCUIT)
    for ordinal, population in enumerate(artifact.populations):
        table = population.circuits
        here = (table["chip"] == number) & (table["block"] == block)
        circuits[table["column"][here], 0] = ordinal
    axes[1].imshow(
        circuits, cmap="tab20", vmin=0, vmax=20, aspect="auto", interpolation="nearest",
        origin="lower",
    )  # fmt: skip
    axes[1].set(xticks=[], yticks=[], title="circuits" if block == 0 else "")
    return image


def _draw_crossbar(axes: Any, artifact: CrossbarArtifact, number: int) -> None:
    """Draw the nodes of a crossbar, those that are open filled, and name the populations."""
    chip, table = artifact.chip, artifact.crossbars[number]
    there = np.array(sorted(chip.nodes))
    axes.scatter(there[:, 1], there[:, 0], s=40, facecolor="none", edgecolor="0.7")
    axes.scatter(table["output"], table["input"], s=40, color="C0")
    buses = [f"bus {b}.{k}" for b in range(chip.blocks) for k in range(chip.buses)]
    outputs = [*buses, *(f"L2 {k}" for k in range(chip.l2_channels))]
    inputs = [f"circuits {k}" for k in range(chip.event_outputs)]
    inputs += [f"L2 {k}" for k in range(chip.l2_channels)]
    inputs += [f"generator {k}" for k in range(chip.background_sources)]
    axes.set_xticks(range(len(outputs)), outputs, rotation=90)
    axes.set_yticks(range(len(inputs)), inputs)
    axes.yaxis.tick_right()
    axes.invert_yaxis()
    axes.set_title("crossbar: open nodes")
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    colours = colormaps["tab20"]
    names = [
        Patch(color=colours(ordinal / 20), label=population.name)
        for ordinal, population in enumerate(artifact.populations)
        if population.circuits["cell"].size
    ]
    if names:
        axes.legend(handles=names, title="populations", loc="lower left", fontsize="small")
