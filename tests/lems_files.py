"""The files of ``data/neuroml`` and what their cells did."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parent / "data" / "neuroml"
NEUROML = pytest.mark.skipif(
    find_spec("pyneuroml") is None, reason="NeuroML's core types come with pyNeuroML"
)


def spikes(net, population):
    times, cells = net.simulation.spikes(population)
    return [times[cells == cell].tolist() for cell in range(cells.max(initial=-1) + 1)]


def trace(net, population, variable):
    found = net.simulation.trace(population, variable)
    return found.start + found.interval * np.arange(len(found.values)), found.values


def states(net):
    return re.findall(r"state (\S+) :", net.ir())
