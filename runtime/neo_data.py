"""What a simulation recorded, as a Neo block in the form that PyNN gives it."""

from __future__ import annotations

from typing import Any

import neo
import quantities as pq

from snnc.runtime.simulation import Simulation

_QUANTITIES = {"mV": pq.mV, "nA": pq.nA, "uS": pq.uS, "nS": pq.nS, "1": pq.dimensionless}


def block_of(simulation: Simulation) -> neo.Block:
    """Return a block with one segment: all recorded spikes and signals since the last reset.

    Spike trains carry ``source_population``, ``source_index`` and ``source_id``; signals have one
    column per cell, with its index in ``array_annotations["channel_index"]``.
    """
    artifact = simulation.artifact
    block = neo.Block(name=artifact.name)
    segment = neo.Segment(name="segment000")
    block.segments.append(segment)
    for population in artifact.populations:
        variables = simulation.recorded(population.name)
        if "spikes" in variables:
            for index, train in _trains(simulation, population.name, variables["spikes"]):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        train,
                        units="ms",
                        t_start=0.0 * pq.ms,
                        t_stop=simulation.t * pq.ms,
                        source_population=population.label,
                        source_index=int(index),
                        source_id=int(population.first_id + index),
                    )
                )
        for name in variables:
            if name != "spikes":
                segment.analogsignals.append(_signal(simulation, population.name, name))
    return block


def _trains(simulation: Simulation, population: str, cells):
    times, senders = simulation.spikes(population)
    for index in cells:
        yield index, times[senders == index]


def _signal(simulation: Simulation, population: str, name: str) -> neo.AnalogSignal:
    trace = simulation.trace(population, name)
    unit = simulation.unit(population, name)
    signal: Any = neo.AnalogSignal(
        trace.values,
        units=_QUANTITIES.get(unit) or pq.CompoundUnit(unit),
        t_start=trace.start * pq.ms,
        sampling_period=trace.interval * pq.ms,
        name=name,
        source_population=population,
    )
    signal.array_annotate(channel_index=trace.index)
    return signal
