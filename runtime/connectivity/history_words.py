"""What kernels of synapses are told of the spikes of postsynaptic cells."""

from __future__ import annotations

from collections.abc import Sequence

from snnc.codegen.artifact import SynapseField
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.row_room import RowRoom
from snnc.runtime.connectivity.rows import Rows
from snnc.runtime.connectivity.spike_log import SpikeLog
from snnc.runtime.engine.tables import address

# From this share of the cells on, advancing all their states is cheaper than asking each cell.
_DENSE = 1 / 16


def is_dense(rows: Sequence[Rows], presynaptic: int, postsynaptic: int) -> bool:
    """Tell whether rows of one projection reach many cells of the target.

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
    return size > 0 and size >= _DENSE * presynaptic * postsynaptic * len(delays)


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
        case "recent_stamps":
            return address(ring.recent_stamps)
        case "latest":
            return address(ring.latest[field.name])
        case "dense":
            return int(dense and ring.log is not None)
    if ring.log is None or ring.room is None:
        return 0
    return _row_word(field, ring.log, ring.room)


def _row_word(field: SynapseField, log: SpikeLog, room: RowRoom) -> int:
    match field.kind:
        case "log_stamps":
            return address(log.stamps)
        case "log_cells":
            return address(log.cells)
        case "log_count":
            return address(log.count)
        case "unseen":
            return address(room.unseen)
        case "seen_stamps":
            return address(room.seen_stamps)
        case "since_stamps":
            return address(room.since_stamps)
        case "post_now":
            return address(room.now[field.name])
        case "event_synapse":
            return address(room.event_synapse)
        case "event_stamps":
            return address(room.event_stamps)
        case "event_values":
            return address(room.values_of(field.name))
        case "factors":
            return address(room.factors_of(field.name))
        case "factors_known":
            return address(room.factors_known)
        case "event_bounds":
            return address(room.event_bounds)
    raise SnncError(f"internal error: a synapse kernel asks for {field}")
