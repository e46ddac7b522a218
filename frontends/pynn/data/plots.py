"""What the populations of a network recorded, ready to be drawn."""

from __future__ import annotations

import numpy as np

from snnc.plotting import Recorded
from snnc.pynn.session import Session


def recorded_of(current: Session) -> tuple[list[Recorded], float]:
    """Return what was recorded in the last segment with any data, and its duration in ms."""
    found: list[Recorded] = []
    duration = 0.0
    for population in current.populations:
        segments = population.recorder.segments
        data = segments[-1] if segments else None
        if current.running:
            data = population.recorder.present()
        if data is None or (data.cells is None and not data.traces):
            continue
        traces = {
            name: (
                trace.start + trace.interval * np.arange(trace.values.shape[0]),
                trace.values,
                population.celltype.units[name],
            )
            for name, trace in data.traces.items()
        }
        found.append(Recorded(population.label, population.size, data.times, data.senders, traces))
        duration = max(duration, data.stop)
    return found, duration
