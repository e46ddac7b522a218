"""Connections in NEURON whose synapses have states, or change their weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.fan import STATIC
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.native.network import Block, NativeNetwork, Numbers
from snnc.runtime.native.neuron_cells import NeuronCells
from snnc.runtime.native.neuron_connections import BlockConnections
from snnc.runtime.native.neuron_kernel import h, of_all_ranks

# From a spike of a target until its synapses note it, in steps: sooner than anything can arrive.
_NOTICE = 0.125


def connect(
    block: Block,
    network: NativeNetwork,
    cells: Mapping[str, NeuronCells],
    first_gid: int,
    wait: float,
) -> BlockConnections:
    """Return the connections of a block; see `BlockConnections`."""
    fan = network.synapse(block.projection).model
    made = BlockConnections if fan == STATIC.model else PlasticConnections
    if made is PlasticConnections and cells[block.pairs.post].wait is not None:
        target = network.model(block.pairs.post).model
        raise UnsupportedError(
            f"'{target}' is a cell of NEURON's own, which takes static synapses; found "
            f"others in '{block.projection}'"
        )
    connections = made(block, fan, cells, first_gid, network.dt, wait)
    if isinstance(connections, PlasticConnections):
        states = network.synapse_states(block.projection)
        names = network.synapse(block.projection).states
        initial = {name: states[name][block.pairs.place] for name in names}
        connections.begin(block, cells[block.pairs.post], network.dt, wait, initial)
    return connections


class PlasticConnections(BlockConnections):
    """The synapses of one block, whose mechanism is told all values of theirs."""

    def begin(
        self,
        block: Block,
        post: NeuronCells,
        dt: float,
        wait: float,
        initial: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Take parameters, and what the states start from, in the order of the mechanism's."""
        values = [self._own(value) for value in (*block.parameters.values(), *initial.values())]
        sizes = [value.size for value in values]
        self._values = [
            h.Vector(np.concatenate([np.empty(0), *values])),
            h.Vector(np.cumsum([0, *sizes])[: len(sizes)]),
            h.Vector([float(size > 1) for size in sizes]),
        ]
        self._fan.interval, self._fan.early = dt, 1.0 - wait / dt
        self._fan.shortest = int(block.pairs.delay.min())
        self._fan.learn(*self._values)
        self._heard = []
        for target in range(post.stop - post.first):
            netcon = post.netcon(post.first + target, self._fan)
            netcon.delay, netcon.weight[0] = _NOTICE * dt, -2.0 - target
            self._heard.append(netcon)

    def _own(self, value: Numbers) -> NDArray[np.float64]:
        """Return the values of the synapses of this process; one if they are the same."""
        own = np.atleast_1d(np.asarray(value, np.float64))
        if own.size > 1:
            own = own[self._place]
        return own[:1] if (own == own[:1]).all() else own

    def weights(self) -> NDArray[np.float64]:
        """Return all weights, in NEURON's unit: those that the last spikes have left."""
        result = np.empty(self.size)
        for place, values in of_all_ranks((self._place, self._arrays[4].as_numpy().copy())):
            result[place] = values
        return result
