"""The connections of one block in Brian2: a ``Synapses`` object filled from arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.artifact import NativeCell, NativeSynapse
from snnc.codegen.native.brian2_equations import Brian2Cell
from snnc.codegen.native.brian2_synapses import DELIVERED, Brian2Synapse
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.native.brian2_kernel import brian2
from snnc.runtime.native.network import Block, Numbers

_NEVER = -1.0


class BlockSynapses:
    """The synapses of one block.

    A synapse sees a presynaptic spike after the axonal part of the delay, and delivers after the
    rest. Here all that happens at it happens later by the dendritic part, which for what it sees
    of presynaptic spikes is when it delivers, and for postsynaptic ones twice that part.

    Parameters
    ----------
    block : Block
        The connections.
    synapse, cell : Brian2Synapse, Brian2Cell
        Models of the synapses and of the postsynaptic cells.
    states : mapping of str to float or ndarray
        Initial values by Brian2's name, arrays of all connections of the projection.
    groups : mapping of str to Group
        Populations in Brian2.
    clock : Clock
        Of all groups.
    """

    def __init__(
        self,
        block: Block,
        synapse: NativeSynapse,
        cell: NativeCell,
        states: Mapping[str, Numbers],
        groups: Mapping[str, Any],
        clock: Any,
    ) -> None:
        assert isinstance(synapse, Brian2Synapse)
        assert isinstance(cell, Brian2Cell)
        pairs = block.pairs
        self.projection, self.pre = block.projection, pairs.pre
        self.changes = bool(synapse.states or synapse.on_post)
        parameters = dict(block.parameters)
        dendritic = _dendritic(pairs.delay, parameters.pop(synapse.dendritic or "", 1.0))
        receptor = str(block.port)
        self.synapses = brian2.Synapses(
            groups[pairs.pre],
            groups[pairs.post],
            _equations(synapse, parameters).format(weight=cell.weights[receptor]),
            on_pre=f"{synapse.on_pre}\n{cell.on_pre[receptor].format(weight=DELIVERED)}",
            on_post=synapse.on_post or None,
            namespace={},
            clock=clock,
        )
        self.synapses.connect(i=pairs.pre_cells, j=pairs.post_cells)
        if synapse.on_post:
            self._order_post(block, dendritic, clock)
        self._set("weight", block.weight)
        self._delay(self.synapses.pre, pairs.delay - 1, clock)
        for name, value in parameters.items():
            self._set(name, value)
        for name, value in states.items():
            self._set(name, value[pairs.place] if isinstance(value, np.ndarray) else value)
        for name in synapse.times:
            self._set(name, _NEVER)
        if "lastupdate" in self.synapses.variables:
            self._set("lastupdate", (dendritic - 1) * clock.dt_)

    def _order_post(self, block: Block, dendritic: NDArray[np.int64], clock: Any) -> None:
        """Let postsynaptic spikes act before presynaptic ones, but for those that come at once."""
        post = self.synapses.post
        at_once = bool((dendritic == 0).any())
        if at_once and dendritic.any():
            raise UnsupportedError(
                f"the dendritic delays of '{block.projection}' are 0 for some synapses and more "
                "for others, which Brian2 cannot order"
            )
        if at_once:
            post.when = "after_thresholds"
        else:
            post.order = self.synapses.pre.order - 1
        self._delay(post, 2 * dendritic - (0 if at_once else 1), clock)

    def _set(self, name: str, values: Numbers) -> None:
        self.synapses.variables[name].get_value()[:] = values

    @staticmethod
    def _delay(pathway: Any, steps: NDArray[np.int64], clock: Any) -> None:
        pathway.variables["delay"].get_value()[:] = steps * clock.dt_

    @property
    def weight(self) -> NDArray[np.float64]:
        """The weights as Brian2 keeps them, in SI units."""
        return self.synapses.variables["weight"].get_value()

    def arrive(self, cells: NDArray[np.int32]) -> None:
        """Take spikes of cells that are not simulated."""
        self.synapses.pre.queue.push(cells)


def _equations(synapse: Brian2Synapse, parameters: Mapping[str, Numbers]) -> str:
    """Return the model, with one value of a parameter where all synapses have the same."""
    lines = []
    for name, unit in synapse.parameters.items():
        flags = "constant" if isinstance(parameters[name], np.ndarray) else "constant, shared"
        lines.append(f"{name} : {unit} ({flags})")
    return "\n".join([*lines, synapse.equations])


def _dendritic(delay: NDArray[np.int64], fraction: Numbers) -> NDArray[np.int64]:
    """Return the dendritic part of delays, in steps."""
    return delay - np.floor((1.0 - fraction) * delay + 0.5).astype(np.int64)
