"""What cells cost a core: synaptic events and cycles of a step, and bytes of its memories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from xdsl.dialects.builtin import FloatAttr, ModuleOp

from snnc.hardware.spinnaker import SpiNNaker
from snnc.ir.diagnostics import ResourceLimitError, UnsupportedError
from snnc.ir.dialects import snn
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.passes.spinnaker.connections import Reach, Span, reaches_of
from snnc.passes.spinnaker.rates import expected_rate
from snnc.passes.spinnaker.value_ranges import delay_range

WORD = 4
ROW_HEADER = 3 * WORD
"""Bytes before the synapses of a row (sPyNNaker 7.4.1, ``synapse_io.py``)."""
TABLE_HEADER, TABLE_ENTRY = 2 * WORD, 6 * WORD
"""Bytes of a population table, and of an entry with its address (``master_pop_table.py``)."""


@dataclass(frozen=True)
class Load:
    """What a piece of a population asks of its core."""

    events: float = 0.0
    synapses: float = 0.0
    sdram: int = 0
    dtcm: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.events + other.events,
            self.synapses + other.synapses,
            self.sdram + other.sdram,
            self.dtcm + other.dtcm,
        )


class Loads:
    """The costs of the populations of a network on a machine.

    Parameters
    ----------
    module : ModuleOp
        With the network's models.
    network : snn.NetworkOp
        The network.
    machine : SpiNNaker
        The machine.
    rate : float
        Spikes of a cell in a second, where the model does not say.
    slowdown : float
        How much longer than its own time a step may take.
    arrays : mapping of str to ndarray
        The arrays of the network, by name.
    """

    def __init__(
        self,
        module: ModuleOp,
        network: snn.NetworkOp,
        machine: SpiNNaker,
        rate: float,
        slowdown: float,
        arrays: Mapping[str, np.ndarray],
    ) -> None:
        self.machine = machine
        self.dt = network.dt
        self.cycles = machine.clock * network.dt * slowdown
        self._rate = rate
        self._infos = {name: describe_model(op) for name, op in models_of(module).items()}
        self._populations = {
            op.symbol: op for op in network.symbols().values() if isinstance(op, snn.PopulationOp)
        }
        self._onto: dict[str, list[Reach]] = defaultdict(list)
        self._steps: dict[str, int] = {}
        for reach in reaches_of(network):
            if self._infos[reach.projection.synapse].reads:
                raise UnsupportedError(
                    f"'{reach.projection.label}' couples cells in every step; SpiNNaker's cores "
                    "exchange spikes only"
                )
            self._onto[reach.post.population].append(reach)
            model = self._populations[reach.post.population].model
            steps = round(delay_range(reach.projection, arrays).most / self.dt)
            self._steps[model] = max(self._steps.get(model, 1), steps)

    def rate(self, population: snn.PopulationOp) -> float:
        """Return the expected spikes of a cell in a second."""
        expected = expected_rate(population)
        if expected is not None:
            return expected
        info = self._infos[population.model]
        given = population.parameters.data.get("rate")
        if info.source and isinstance(given, FloatAttr):
            return float(given.value.data)
        return self._rate

    def most(self, population: snn.PopulationOp) -> int:
        """Return how many cells of a population fit on a core.

        Raises
        ------
        ResourceLimitError
            If not even one does.
        """
        info, machine = self._infos[population.model], self.machine
        if info.source:
            return machine.poisson_per_core
        cycles = machine.cycles_per_neuron + machine.cycles_per_event * self._events(population)
        in_time = int(self.cycles / cycles)
        if in_time < 1:
            raise ResourceLimitError(
                f"a cell of '{population.label}' needs {cycles:.0f} cycles in a step; a core has "
                f"{self.cycles:.0f}, and enough with slowdown={ceil(cycles / self.cycles)} times "
                "what it has"
            )
        room = machine.dtcm - self.fixed((machine.ring_buffer_bits,)).dtcm
        in_memory = room // self._state(info)
        return min(machine.neurons_per_core, in_time, in_memory, self._in_ring_buffers(population))

    def _in_ring_buffers(self, population: snn.PopulationOp) -> int:
        """Return how many cells have a slot for each step of the longest delay.

        The ring buffers of a core are indexed by slot, receptor and cell, each a whole number of
        bits. Cells of one model share cores, so the longest delay onto any of them counts.
        """
        steps = self._steps.get(population.model, 1)
        _, receptors, slots = self._bits(population.model)
        bits = self.machine.ring_buffer_bits - receptors
        if bits < slots:
            raise ResourceLimitError(
                f"a delay onto cells of '{population.model}' is {steps} steps; the ring buffers "
                f"of a core hold {1 << bits} at most"
            )
        return 1 << (bits - slots)

    def _bits(self, model: str, cells: int = 1) -> tuple[int, int, int]:
        """Return the bits of a cell, a receptor and a delay slot (sPyNNaker's ``get_n_bits``)."""
        numbers = cells, len(self._infos[model].receptors), self._steps.get(model, 1)
        cell, receptor, slot = (max(1, (number - 1).bit_length()) for number in numbers)
        return cell, receptor, slot

    def index(self, cells: Mapping[str, int]) -> tuple[int, ...]:
        """Return the bits of an index of ring buffers, for cells of some populations on a core."""
        model = self._populations[next(iter(cells))].model
        if self._infos[model].source:
            return ()
        return self._bits(model, sum(cells.values()))

    def of(self, population: snn.PopulationOp, first: int, last: int) -> Load:
        """Return what cells `first` to `last` - 1 of a population ask of their core."""
        info, cells = self._infos[population.model], last - first
        rows = sum(self._rows(reach, first, last) for reach in self._onto[population.symbol])
        state = self._state(info) * cells
        synapses = sum(reach.synapses for reach in self._onto[population.symbol])
        share = cells / population.size
        return Load(self._events(population) * cells, synapses * share, rows + state, state)

    def fixed(self, index: tuple[int, ...]) -> Load:
        """Return what a core asks for whatever its synapses: ring buffers, and room for rows.

        Two rows are in DTCM, one to come and one that is worked on; spikes wait in one word each.
        """
        machine = self.machine
        if not index:
            return Load(dtcm=machine.dtcm_reserved)
        rows = 2 * (ROW_HEADER + WORD * machine.row_synapses)
        waiting = WORD * machine.spike_buffer
        return Load(dtcm=(2 << sum(index)) + rows + waiting + machine.dtcm_reserved)

    def _events(self, population: snn.PopulationOp) -> float:
        """Return the synaptic events of a cell in a step."""
        arriving = 0.0
        for reach in self._onto[population.symbol]:
            arriving += reach.synapses * self.rate(self._populations[reach.pre.population])
        return arriving / population.size * self.dt * 1e-3

    def _rows(self, reach: Reach, first: int, last: int) -> int:
        """Return bytes of the rows onto some cells; rows of one length, with room for the longest.

        A random row is longer than three standard deviations above the mean in one of a thousand.
        """
        pre = Span(reach.pre.population, first, last) if reach.aligned else reach.pre
        cells = max(0, min(last, reach.post.last) - max(first, reach.post.first))
        if cells == 0:
            return 0
        mean = reach.synapses / reach.pre.size / reach.post.size * cells
        length = 1 if reach.aligned else min(cells, ceil(mean + 3 * sqrt(mean) * reach.random))
        headers = ROW_HEADER * ceil(length / self.machine.row_synapses)
        return pre.size * (headers + WORD * length)

    def _state(self, info: ModelInfo) -> int:
        return WORD * max(1, len(info.parameters) + len(info.states))
