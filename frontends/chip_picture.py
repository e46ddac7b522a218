"""A picture of a machine: its chips coloured by load, with the way of one population's packets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from snnc.codegen.spinnaker import SpiNNakerArtifact, Tree
from snnc.figures import new_figure
from snnc.ir.links import LINKS


def draw_chips(artifact: SpiNNakerArtifact, path: Path) -> None:
    """Draw the chips, coloured by the cores in use, and the largest tree of packets.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on its machine.
    path : Path
        File to write; its ending chooses the format.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    used = Counter(core.place[:2] for core in artifact.cores)
    chips = sorted(artifact.machine.cores)
    width, height = artifact.machine.size
    figure = new_figure(2.5 + width * 0.45, 1.5 + height * 0.45, "spinnaker")
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    axes = figure.subplots()
    squares = PatchCollection(
        [Rectangle((x - 0.45, y - 0.45), 0.9, 0.9) for x, y in chips],
        cmap="Blues", edgecolor="0.6",
    )  # fmt: skip
    squares.set_array([used[chip] for chip in chips])
    squares.set_clim(0, max(artifact.machine.cores.values()))
    axes.add_collection(squares)
    figure.colorbar(squares, ax=axes, label="cores in use")
    tree = max(artifact.trees, key=lambda tree: len(tree.links), default=Tree((), (), ()))
    for x, y, link in tree.links:
        dx, dy = LINKS[link]
        axes.annotate("", (x + dx, y + dy), (x, y), arrowprops={"arrowstyle": "->", "color": "C1"})
    of = f"; packets of {tree.slices[0]}" if tree.links else ""
    axes.set(
        title=f"{artifact.network}: {len(artifact.cores)} cores on {len(used)} chips{of}",
        xlim=(-1, width), ylim=(-1, height), aspect="equal", xlabel="x", ylabel="y",
    )  # fmt: skip
    figure.savefig(path, dpi=120)
