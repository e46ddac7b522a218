"""Recorded data as Neo objects, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neo
import neo.io
import numpy as np
import quantities as pq
from neo.core.spiketrainlist import SpikeTrainList

from snnc.pynn.cells.models import neo_units
from snnc.pynn.refusals import ValueRefused
from snnc.ranks import this_rank

if TYPE_CHECKING:
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.data.recording import SegmentData
    from snnc.runtime.engine.traces import Trace

# Neo searches all spikes for each cell; above this many comparisons the list is split here.
_NEO_SEARCH_LIMIT = 20_000_000


def make_block(
    population: Population,
    segments: Sequence[SegmentData],
    variables: Sequence[str] | None,
    cells: np.ndarray | None,
) -> neo.Block:
    """Return a block with one segment for each of `segments`.

    Parameters
    ----------
    population : Population
        Whose data these are.
    segments : sequence of SegmentData
        The data.
    variables : sequence of str or None
        Which variables; None for all.
    cells : ndarray of int64 or None
        Which cells; None for all.
    """
    description = population.describe()
    block = neo.Block(name=population.label, description=description)
    for data in segments:
        segment = neo.Segment(
            name=f"segment{data.number:03d}",
            description=description,
            rec_datetime=data.recorded,
        )
        segment.annotate(**data.annotations)
        segment.block = block  # pyright: ignore[reportAttributeAccessIssue]
        block.segments.append(segment)
        if data.cells is not None and (variables is None or "spikes" in variables):
            segment.spiketrains = _spike_trains(population, data, cells)
            segment.spiketrains.segment = segment
        for name, trace in data.traces.items():
            if variables is None or name in variables:
                signal = _signal(population, name, trace, cells)
                if signal is not None:
                    signal.segment = segment
                    segment.analogsignals.append(signal)
    if segments:
        block.rec_datetime = segments[0].recorded
    return block


def _spike_trains(
    population: Population, data: SegmentData, cells: np.ndarray | None
) -> SpikeTrainList:
    assert data.cells is not None
    index, times, senders = data.cells, data.times, data.senders
    if cells is not None:
        index = np.intersect1d(index, cells)
    keep = (times >= data.start) & np.isin(senders, index)
    times, senders = np.minimum(times[keep], data.stop), senders[keep]
    numbers = index + population.first_id
    if index.size * times.size > _NEO_SEARCH_LIMIT:
        return _split(population, data, index, times, senders)
    return SpikeTrainList.from_spike_time_array(
        times * pq.ms,
        senders + population.first_id,
        numbers,
        t_stop=data.stop * pq.ms,
        units="ms",
        t_start=data.start * pq.ms,
        source_population=population.label,
        source_id=numbers,
        source_index=index,
    )


def _split(
    population: Population,
    data: SegmentData,
    index: np.ndarray,
    times: np.ndarray,
    senders: np.ndarray,
) -> SpikeTrainList:
    first = np.searchsorted(senders, index, side="left").tolist()
    last = np.searchsorted(senders, index, side="right").tolist()
    trains = [
        neo.SpikeTrain(
            times[a:b],
            t_start=data.start * pq.ms,
            t_stop=data.stop * pq.ms,
            units="ms",
            source_population=population.label,
            source_id=cell + population.first_id,
            source_index=cell,
            channel_id=cell + population.first_id,
        )
        for cell, a, b in zip(index.tolist(), first, last, strict=True)
    ]
    return SpikeTrainList(trains)


def _signal(population: Population, name: str, trace: Trace, cells: np.ndarray | None) -> Any:
    index, values = trace.index, trace.values
    if cells is not None:
        columns = np.isin(index, cells)
        index, values = index[columns], values[:, columns]
    if index.size == 0:
        return None
    return neo.AnalogSignal(
        values,
        units=neo_units(population.celltype.units[name]),
        t_start=trace.start * pq.ms,
        sampling_period=trace.interval * pq.ms,
        name=name,
        source_population=population.label,
        channel_ids=index + population.first_id,
        array_annotations={"channel_index": index},
    )


def write_block(io: Any, block: neo.Block) -> None:
    """Write a block to a file, whose format its ending says, or through a Neo IO.

    Every rank has all data, so the first one writes.
    """
    if this_rank() > 0:
        return
    target = neo_io(io) if isinstance(io, str | Path) else io
    if isinstance(target, neo.io.NWBIO) and block.rec_datetime is not None:
        # The format asks for it, with a time zone.
        block.annotations.setdefault("session_start_time", block.rec_datetime.astimezone())
    target.write_block(block)
    close = getattr(target, "close", None)
    if close is not None and isinstance(io, str | Path):
        close()


def neo_io(filename: str | Path) -> Any:
    """Return Neo's writer for a file name.

    Raises
    ------
    IOError
        For the text formats of old versions of PyNN, which Neo does not write.
    InvalidParameterValueError
        For an ending that is not known.
    """
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix
    if ending in (".txt", ".ras", ".v", ".gsyn"):
        raise OSError(
            f"text files are not written: {path.name}; use one of .pkl, .nwb, .nix, .h5, .mat"
        )
    if ending in (".nix", ".h5"):
        return neo.io.NixIO(filename=str(path))
    if ending == ".nwb":
        return neo.io.NWBIO(filename=str(path), mode="w")
    if ending in (".pkl", ".pickle"):
        return neo.io.PickleIO(filename=str(path))
    if ending == ".mat":
        return neo.io.NeoMatlabIO(filename=str(path))
    raise ValueRefused(
        f"unknown kind of file '{path.name}'; expected .pkl, .nwb, .nix, .h5 or .mat"
    )
