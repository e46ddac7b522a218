"""What joins two cells at all times: gap junctions, and graded synapses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from snnc import model_library
from snnc.importing.expressions import Name
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.lems.graded import Graded, state_names
from snnc.lems.library import Library
from snnc.lems.names import word
from snnc.lems.part import Builder
from snnc.lems.populations import Cells
from snnc.lems.pynn_cells import StandardCell
from snnc.lems.sources import number
from snnc.lems.structure import Cell, Tunnel
from snnc.lems.write_cell import Written

JUNCTION = "ElectricalSynapse"
_GRADED = "baseGradedSynapse"


class Tunnels:
    """The tunnels of a network.

    Parameters
    ----------
    library : Library
        With the components at their ends.
    tunnels : list of Tunnel
        Of the network.
    """

    def __init__(self, library: Library, tunnels: list[Tunnel]) -> None:
        self.library = library
        self.tunnels = tunnels
        self.graded: dict[str, Graded] = {}
        self._count = 0

    def attach(self, cells: Mapping[str, Cells]) -> None:
        """Give cells what graded synapses compute from their potential.

        Raises
        ------
        UnsupportedError
            For components that are neither gap junctions nor graded synapses.
        """
        for tunnel in self.tunnels:
            if self._is_junction(tunnel):
                continue
            for component, peer in zip(tunnel.components, reversed(tunnel.ends), strict=True):
                if component not in self.graded:
                    self.graded[component] = Graded(self.library, component, tunnel.place)
                if not self.graded[component].silent and self.graded[component].states:
                    cells[peer[0]].peers[component] = tunnel.place

    def _is_junction(self, tunnel: Tunnel) -> bool:
        builder = Builder(self.library)
        parts = [
            builder.part(self.library.component(name, tunnel.place)) for name in tunnel.components
        ]
        if all(part.type.name == "gapJunction" for part in parts):
            return True
        for part in parts:
            if not part.type.extends(_GRADED):
                raise UnsupportedError(f"a '{part.type.name}' between two cells", tunnel.place)
        return False

    def add(
        self, builder: NetworkBuilder, cells: Mapping[str, Written | StandardCell], step: float
    ) -> None:
        """Add the couplings to a network whose populations are there."""
        written = {name: cell for name, cell in cells.items() if isinstance(cell, Written)}
        for tunnel in self.tunnels:
            if self._is_junction(tunnel):
                self._junction(builder, written, tunnel, step)
                continue
            for component, own, peer in zip(
                tunnel.components, tunnel.ends, reversed(tunnel.ends), strict=True
            ):
                if not self.graded[component].silent:
                    self._one_way(builder, written, tunnel, component, peer, own, step)

    def _junction(
        self, builder: NetworkBuilder, written: Mapping[str, Written], tunnel: Tunnel, step: float
    ) -> None:
        (pre, _), (post, _) = tunnel.ends
        ports = [written[name].current for name in (pre, post) if name in written]
        if len(ports) < 2 or None in ports:
            raise ModelError(f"cells of '{pre}' and '{post}' take no gap junctions", tunnel.place)
        component = self.library.component(tunnel.components[0], tunnel.place)
        conductance = number(Builder(self.library).part(component), "conductance")
        builder.use_model(*model_library.source(JUNCTION))
        self._project(
            builder, tunnel, tunnel.ends, JUNCTION, str(ports[1]), conductance * tunnel.weight, step
        )

    def _one_way(
        self,
        builder: NetworkBuilder,
        written: Mapping[str, Written],
        tunnel: Tunnel,
        component: str,
        peer: Cell,
        own: Cell,
        step: float,
    ) -> None:
        """Add the current that a component gives to its own cell, from a peer."""
        for name, _ in (peer, own):
            if name not in written or potential_of(written[name]) is None:
                raise ModelError(f"cells of '{name}' have no potential 'v'", tunnel.place)
        before, after = written[peer[0]], written[own[0]]
        if after.current is None:
            raise ModelError(f"cells of '{own[0]}' take no current", tunnel.place)
        seen = next((part for part in before.peers if part.name == component), None)
        states = {} if seen is None else state_names(before.flat, seen)
        potentials = str(potential_of(before)), str(potential_of(after))
        text = self.graded[component].text(word(component), states, potentials)
        with text.at_their_places():
            model = builder.use_model(text.text, self.library.file)
        # The model divides its weight, a conductance in uS, by 1 uS.
        ends = peer, own
        self._project(builder, tunnel, ends, model, after.current, tunnel.weight, step)

    def _project(
        self,
        builder: NetworkBuilder,
        tunnel: Tunnel,
        ends: tuple[Cell, Cell],
        model: str,
        port: str,
        weight: float,
        step: float,
    ) -> None:
        (pre, i), (post, j) = ends
        lists = {"pre": np.array([i]), "post": np.array([j])}
        name = f"junction_{self._count}"
        self._count += 1
        builder.projection(
            name, word(pre), word(post), ("from_list", lists), model, port, weight, step,
            location=tunnel.place,
        )  # fmt: skip


def potential_of(written: Written) -> str | None:
    """Return what a cell calls the state that is its potential, if it has one."""
    flat = written.flat
    if not flat.root.declares("v"):
        return None
    found = flat.meaning(flat.root, "v", flat.root.place)
    return found.name if isinstance(found, Name) and found.name in flat.states else None
