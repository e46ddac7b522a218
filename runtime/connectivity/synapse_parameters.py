"""Parameters of synapses: constants, and time constants of the receptors that they act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from snnc.runtime.connectivity.bundles import Bundle, Part
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Layout


class SynapseParameters:
    """What kernels of synapses are told of parameters.

    Parameters
    ----------
    cells : dict of str to Cells
        The populations, whose receptors have the time constants.
    layout : Layout
        Who owns what.
    """

    def __init__(self, cells: dict[str, Cells], layout: Layout) -> None:
        self._cells = cells
        self._layout = layout

    def scalar(self, bundle: Bundle, part: Part, name: str) -> float:
        """Return the one value that a parameter has in all synapses of a part."""
        one = bundle.instances[0]
        if name not in bundle.synapse.decays:
            value = one.plan.parameters[name]
            assert isinstance(value, float | int)
            return float(value) * one.scales.get(name, 1.0)
        assert part.target is not None
        decay = self._decay(one, part.target)
        assert np.ndim(decay) == 0
        return float(decay)

    def _decay(self, one: ProjectionInstance, target: str) -> Any:
        """Return the time constant of a projection's receptor in ms: a number, or per cell."""
        cells = self._cells[target]
        name = cells.cell.decays[one.plan.receptor]
        scale = next(p.scale for p in cells.cell.parameters if p.name == name)
        return np.multiply(np.asarray(cells.parameters[name], np.float64), scale)

    def refresh(self, bundle: Bundle) -> None:
        """Copy time constants of receptors to the synapses that act on them."""
        names = [n for n in bundle.synapse.decays if n in bundle.synapse.edge_parameters]
        if not names:
            return
        for part in bundle.parts:
            assert part.target is not None
            decay = np.broadcast_to(
                self._decay(bundle.instances[0], part.target), self._cells[part.target].size
            )
            first = self._layout.bounds(part.target)[part.thread]
            cells = part.rows.target.astype(np.int64) - bundle.base(part) + first
            for name in names:
                values = decay[cells].astype(self._layout.float_dtype)
                if name in part.rows.arrays:
                    part.rows.arrays[name][:] = values
                else:
                    part.rows.arrays[name] = values

    def take(self, bundles: Iterable[Bundle], population: str, parameter: str) -> bool:
        """Return whether kernels take a parameter of cells in the form that it has now.

        Synapses may have been compiled for one time constant of the receptor of all their targets.
        """
        for bundle in bundles:
            one, synapse = bundle.instances[0], bundle.synapse
            targets = {part.target for part in bundle.parts if part.target is not None}
            single = set(synapse.decays) - set(synapse.edge_parameters)
            if not single or population not in targets:
                continue
            if self._cells[population].cell.decays[one.plan.receptor] == parameter:
                decays = [np.unique(self._decay(one, target)) for target in targets]
                if np.unique(np.concatenate(decays)).size > 1:
                    return False
        return True
