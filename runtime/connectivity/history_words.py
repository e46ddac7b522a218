"""What kernels of synapses are told of the spikes of postsynaptic cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from snnc.codegen.artifact import SynapseField
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.rows import Rows
from snnc.runtime.connectivity.spike_log import SpikeLog
from snnc.runtime.engine.tables import address

# From this share of the cells on, going through all their spikes is cheaper than asking each cell.
_DENSE = 0.25


def is_dense(rows: Sequence[Rows], presynaptic: int, postsynaptic: int) -> bool:
    """Tell whether rows of one projection reach most cells, and none twice with one delay.

    The answer is the same however the postsynaptic cells are shared among threads.

    Parameters
    ----------
    rows : sequence of Rows
        All rows of the projection.
    presynaptic, postsynaptic : int
        Numbers of presynaptic cells, and of cells of the target populations.
    """
    delays = {delay for one in rows for delay in one.delays.tolist()}
    size = sum(one.target.size for one in rows)
    if size == 0 or size < _DENSE * presynaptic * postsynaptic * len(delays):
        return False
    return not any(_repeats(one) for one in rows)


def _repeats(rows: Rows) -> bool:
    """Tell whether a row holds two synapses of one cell."""
    same = rows.target[1:] == rows.target[:-1]
    inner = np.ones(max(rows.target.size - 1, 0), bool)
    starts = rows.pointer[(rows.pointer > 0) & (rows.pointer < rows.target.size)]
    inner[starts - 1] = False
    return bool(np.any(same & inner))


def history_word(field: SynapseField, ring: PostHistory, dense: bool) -> int:
    """Return a word of a table that describes the spikes of postsynaptic cells."""
    match field.kind:
        case "post_heads":
            return address(ring.heads)
        case "post_stamps":
            return address(ring.stamps)
        case "post_mask":
            return ring.mask
        case "post_values":
            return address(ring.values[field.name])
        case "post_cells":
            return ring.heads.size
        case "latest_stamps":
            return address(ring.latest_stamps)
        case "latest":
            return address(ring.latest[field.name])
        case "dense":
            return int(dense and ring.log is not None)
    return 0 if ring.log is None else _log_word(field, ring.log)


def _log_word(field: SynapseField, log: SpikeLog) -> int:
    match field.kind:
        case "log_stamps":
            return address(log.stamps)
        case "log_cells":
            return address(log.cells)
        case "log_count":
            return address(log.count)
        case "event_values":
            return address(log.values_of(field.name))
        case "edge_of":
            return address(log.edge_of)
        case "post_now":
            return address(log.now[field.name])
    raise SnncError(f"internal error: a synapse kernel asks for {field}")
