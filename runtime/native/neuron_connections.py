"""Connections in NEURON: for each block one object that delivers a row of synapses per spike.

A NetCon for each synapse would be NEURON's usual way, but they can only be made one by one. Here
there is one for each presynaptic cell, onto a mechanism (`snnc.codegen.native.fan`) that holds all
synapses as arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.native.network import Block
from snnc.runtime.native.neuron_cells import NeuronCells
from snnc.runtime.native.neuron_kernel import h, parallel


class BlockConnections:
    """The synapses of one block onto cells that live in this process.

    Parameters
    ----------
    block : Block
        The connections.
    fan : str
        NEURON's name of the mechanism of the synapses.
    cells : mapping of str to NeuronCells
        The simulated populations.
    first_gid : int
        Global number of the first cell of the presynaptic population.
    dt : float
        Time step of the network, in ms.
    wait : float
        Time in ms from a spike to what arrives one step later.
    """

    def __init__(
        self,
        block: Block,
        fan: str,
        cells: Mapping[str, NeuronCells],
        first_gid: int,
        dt: float,
        wait: float,
    ) -> None:
        shortest = int(block.pairs.delay.min())
        post = cells[block.pairs.post]
        here = np.flatnonzero(post.local(block.pairs.post_cells))
        pre, delay = block.pairs.pre_cells[here], block.pairs.delay[here]
        order = np.lexsort((delay, pre))
        pre, delay = pre[order], delay[order]
        self._weights = block.weight.copy()
        self._place = here[order]
        starts = _starts(np.diff(pre) | np.diff(delay), pre.size)
        rows = _starts(np.diff(pre[starts[:-1]]), starts.size - 1)
        self._arrays = [
            h.Vector(rows),
            h.Vector(starts),
            h.Vector((delay[starts[:-1]] - shortest) * dt),
            h.Vector(block.pairs.post_cells[self._place] - post.first),
            h.Vector(self._weights[self._place]),
            h.Vector(),
            h.Vector(),
        ]
        self._fan = getattr(h, fan)()
        self._fan.receptor = block.port if isinstance(block.port, int) else 0
        wait = (wait if post.wait is None else post.wait * dt) + (shortest - 1) * dt
        self._fan.lead, self._fan.base = dt / 2, wait
        mechanism, targets = post.targets(block.port)
        self._fan.onto(mechanism)
        self._fan.connect(*self._arrays)
        for target in targets:
            self._fan.add(target)
        self.pre = block.pairs.pre
        self._senders = pre[starts[:-1]][rows[:-1]]
        simulated = cells.get(self.pre)
        if simulated is None:
            self._netcons = [h.NetCon(None, self._fan)]
            self._netcons[0].weight[0] = -1.0
        else:
            self._netcons = self._listen(simulated, first_gid, wait)

    def _listen(self, pre: NeuronCells, first_gid: int, wait: float) -> list[Any]:
        """Connect each sender to the fan; the weight is the number of its row."""
        netcons = []
        for row, sender in enumerate(self._senders.tolist()):
            if pre.first <= sender < pre.stop:
                netcon = pre.netcon(sender, self._fan)
            else:
                netcon = parallel.gid_connect(sender + first_gid, self._fan)
            netcon.delay = wait
            netcon.weight[0] = row
            netcons.append(netcon)
        return netcons

    def replay(self, times: NDArray[np.float64], cells: NDArray[np.int64]) -> None:
        """Deliver spikes of presynaptic cells that are not simulated.

        Parameters
        ----------
        times : ndarray of float64
            In ms, ascending.
        cells : ndarray of int64
            Indices in their population.
        """
        rows = np.searchsorted(self._senders, cells)
        rows[rows == self._senders.size] = 0
        known = self._senders[rows] == cells if self._senders.size else np.zeros(cells.size, bool)
        self._arrays[5].from_python(times[known])
        self._arrays[6].from_python(rows[known])
        self._netcons[0].event(h.t)

    @property
    def size(self) -> int:
        """Number of connections, those of other processes included."""
        return self._weights.size

    def weights(self) -> NDArray[np.float64]:
        """Return all weights, in NEURON's unit."""
        return self._weights

    def set_weights(self, values: NDArray[np.float64]) -> None:
        """Set all weights, in NEURON's unit."""
        self._weights = values.copy()
        self._arrays[4].as_numpy()[:] = values[self._place]


def _starts(differences: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Return where runs of equal neighbours begin among `size` entries, and `size`."""
    changed = np.flatnonzero(differences) + 1
    return np.concatenate([np.zeros(min(size, 1), np.int64), changed, [size]])
