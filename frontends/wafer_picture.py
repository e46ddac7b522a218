"""A picture of a wafer: its HICANNs by the neurons on them, and by what they lose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from snnc.codegen.wafer import WaferArtifact
from snnc.figures import new_figure

_NOWHERE = -1


def draw_wafer(artifact: WaferArtifact, path: Path) -> None:
    """Draw the HICANNs twice, coloured by neurons in use and by the share of synapses lost.

    Parameters
    ----------
    artifact : WaferArtifact
        The network on its wafer.
    path : Path
        File to write; its ending chooses the format.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    used, share = loads(artifact)
    figure = new_figure(9.0, 8.5, "brainscales")
    upper, lower = figure.subplots(2, 1)
    machine = artifact.machine
    parts = ((upper, used, "Blues", "neurons"), (lower, 100 * share, "Reds", "synapses lost (%)"))
    for axes, values, colours, label in parts:
        grid = np.full((len(machine.rows_of_chips), max(machine.rows_of_chips)), np.nan)
        for (x, y), value in zip(machine.chips, values, strict=True):
            grid[y, x] = value
        image = axes.imshow(grid, cmap=colours, vmin=0, vmax=max(np.nanmax(grid), 1e-9))
        figure.colorbar(image, ax=axes, label=label)
        axes.set(xlabel="x", ylabel="y")
    lost = sum(len(table) for table in artifact.lost.values())
    every = lost + sum(len(table) for table in artifact.synapses.values())
    upper.set_title(f"{artifact.network}: {int(used.sum())} neurons on {(used > 0).sum()} HICANNs")
    lower.set_title(f"{lost} of {every} synapses lost")
    figure.savefig(path, dpi=120)


def loads(artifact: WaferArtifact) -> tuple[np.ndarray, np.ndarray]:
    """Return how many neurons each HICANN has, and which share of their synapses is lost."""
    count = len(artifact.machine.chips)
    used, share = np.zeros(count), np.zeros(count)
    for places in artifact.places.values():
        neurons = places[places[:, 2] != _NOWHERE, 1]
        used += np.bincount(neurons, minlength=count)
    chips, placed, lost = artifact.loads.T
    share[chips] = lost / (placed + lost)
    return used, share
