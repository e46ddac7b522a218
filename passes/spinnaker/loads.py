"""What cells cost a core: synaptic events and cycles of a step, and bytes of its memories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from xdsl.dialects.builtin import FloatAttr, ModuleOp

from snnc.hardware.spinnaker import SpiNNaker
from snnc.ir.diagnostics import ResourceLimitError, UnsupportedError
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_delays import MOST_STAGES
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.passes.spinnaker.connections import Reach, Span, reaches_of
from snnc.passes.spinnaker.plastic import ROW_HISTORY, plastic_onto
from snnc.passes.spinnaker.rates import expected_rate
from snnc.passes.spinnaker.slots import Slots, choose_slots
from snnc.passes.spinnaker.value_ranges import delay_range

WORD = 4
ROW_HEADER = 3 * WORD
"""Bytes before the synapses of a row (sPyNNaker 7.4.1, ``synapse_io.py``)."""
TABLE_HEADER, TABLE_ENTRY = 2 * WORD, 6 * WORD
"""Bytes of a population table, and of an entry with its address (``master_pop_table.py``)."""

EXTENSION_WORDS = 9
"""Of the parameters of an extension (``delay_extension_vertex.py``)."""


@dataclass(frozen=True)
class Late:
    """Projections with delays beyond `steps`, for which packets are sent again `stages` times."""

    projections: tuple[str, ...]
    steps: int
    stages: int


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
        self._slots: dict[str, Slots] = {}
        for reach in reaches_of(network):
            if self._infos[reach.projection.synapse].reads:
                raise UnsupportedError(
                    f"'{reach.projection.label}' couples cells in every step; SpiNNaker's cores "
                    "exchange spikes only"
                )
            self._onto[reach.post.population].append(reach)
            steps = round(delay_range(reach.projection, arrays).most / self.dt)
            self._steps[reach.projection.symbol] = max(1, steps)
        self._plastic = {
            name: plastic_onto(self._onto[name], self._infos, self.dt) for name in self._populations
        }

    def program(self, population: snn.PopulationOp) -> tuple[str, frozenset[tuple[str, str]]]:
        """Return what cells must have in common to share a core: model, and rule of plasticity."""
        return population.model, self._plastic[population.symbol].rule

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
        if self._infos[population.model].source:
            return self._fitting(population)
        return min(self._fitting(population), 1 << self.slots(population.model).cell_bits)

    def _fitting(self, population: snn.PopulationOp) -> int:
        """Return how many cells fit on a core but for the slots of delays."""
        info, machine = self._infos[population.model], self.machine
        if info.source:
            return machine.poisson_per_core
        cycles = machine.cycles_per_neuron + self._cycles(population)
        in_time = int(self.cycles / cycles)
        if in_time < 1:
            raise ResourceLimitError(
                f"a cell of '{population.label}' needs {cycles:.0f} cycles in a step; a core has "
                f"{self.cycles:.0f}, and enough with slowdown={ceil(cycles / self.cycles)} times "
                "what it has"
            )
        plastic = self._plastic[population.symbol]
        room = machine.dtcm - self.fixed((machine.ring_buffer_bits,), [population]).dtcm
        state = self._state(info) + plastic.per_cell
        return min(machine.neurons_per_core, in_time, room // state)

    def slots(self, model: str) -> Slots:
        """Return how the cores of a model wait for its delays.

        Cells of one model share cores, so the longest delay onto any of them counts.

        Raises
        ------
        ResourceLimitError
            If no core and extension waits so long.
        """
        if model not in self._slots:
            populations = [one for one in self._populations.values() if one.model == model]
            onto = [reach for one in populations for reach in self._onto[one.symbol]]
            self._slots[model] = choose_slots(
                model,
                max((self._steps[reach.projection.symbol] for reach in onto), default=1),
                self.machine.ring_buffer_bits - self._receptor_bits(model),
                [(one.size, self._fitting(one)) for one in populations],
                lambda *room: self._late_slices(model, onto, *room),
            )
        return self._slots[model]

    def _late_slices(
        self, model: str, onto: list[Reach], cells: int, slots: int, stages: int
    ) -> int | None:
        """Return how many slices need extensions; None if one has no room for its spikes.

        Of the model itself, `cells` are on a core.
        """
        late = {
            reach.pre.population for reach in onto if self._steps[reach.projection.symbol] > slots
        }
        sizes = []
        for source in (self._populations[name] for name in late):
            most = self._fitting(source)
            sizes.append((source.size, min(most, cells) if source.model == model else most))
        largest = max(min(size, most) for size, most in sizes)
        if self.extension(largest, Late((), slots, stages)).dtcm > self.machine.dtcm:
            return None
        return sum(ceil(size / most) for size, most in sizes)

    def _receptor_bits(self, model: str) -> int:
        """Return the bits of a receptor, as sPyNNaker counts them (``get_n_bits``)."""
        return max(1, (len(self._infos[model].receptors) - 1).bit_length())

    def late(self, population: str, first: int, last: int) -> Late | None:
        """Return what extension cells `first` to `last` - 1 of a population need, if they do."""
        reaches = [
            reach
            for onto in self._onto.values()
            for reach in onto
            if reach.pre.population == population and reach.pre.overlaps(first, last)
        ]
        steps: list[int] = []
        longer: dict[str, int] = {}
        for reach in reaches:
            slots = self.slots(self._populations[reach.post.population].model)
            delay = self._steps[reach.projection.symbol]
            if delay > 1 << slots.slot_bits:
                steps.append(1 << slots.slot_bits)
                longer[reach.projection.symbol] = delay
        if not longer:
            return None
        stages = ceil(max(longer.values()) / min(steps)) - 1
        if stages > MOST_STAGES:
            raise ResourceLimitError(
                f"'@{population}' has delays of up to {max(longer.values())} steps, to cores that "
                f"wait {min(steps)}; {MOST_STAGES} extensions hold "
                f"{(MOST_STAGES + 1) * min(steps)} at most"
            )
        return Late(tuple(longer), min(steps), stages)

    def extension(self, cells: int, late: Late) -> Load:
        """Return what a core that extends delays asks for: a count of spikes per cell and step.

        A planning figure: a byte for each, and a bit that says whether there are any.
        """
        steps = 1 << (late.steps * late.stages - 1).bit_length()
        waiting = steps * (cells + WORD * ceil(cells / (8 * WORD)))
        words = WORD * EXTENSION_WORDS
        return Load(sdram=words, dtcm=words + waiting + self.machine.dtcm_reserved)

    def index(self, cells: Mapping[str, int]) -> tuple[int, ...]:
        """Return the bits of an index of ring buffers, for cells of some populations on a core."""
        model = self._populations[next(iter(cells))].model
        if self._infos[model].source:
            return ()
        number = max(1, (sum(cells.values()) - 1).bit_length())
        return number, self._receptor_bits(model), self.slots(model).slot_bits

    def of(self, population: snn.PopulationOp, first: int, last: int) -> Load:
        """Return what cells `first` to `last` - 1 of a population ask of their core."""
        info, cells = self._infos[population.model], last - first
        rows = sum(self._rows(reach, first, last) for reach in self._onto[population.symbol])
        state = (self._state(info) + self._plastic[population.symbol].per_cell) * cells
        synapses = sum(reach.synapses for reach in self._onto[population.symbol])
        share = cells / population.size
        return Load(self._events(population) * cells, synapses * share, rows + state, state)

    def fixed(self, index: tuple[int, ...], populations: Iterable[snn.PopulationOp]) -> Load:
        """Return what a core with cells of some populations asks for whatever their number.

        That is ring buffers, room for rows, and decays of traces. Two rows are in DTCM, one to come
        and one that is worked on; spikes wait in one word each.
        """
        machine = self.machine
        if not index:
            return Load(dtcm=machine.dtcm_reserved)
        rows = 2 * (ROW_HEADER + WORD * machine.row_synapses)
        waiting = WORD * machine.spike_buffer
        tables = max((self._plastic[one.symbol].tables for one in populations), default=0)
        buffers = (2 << sum(index)) + rows + waiting
        return Load(sdram=tables, dtcm=buffers + tables + machine.dtcm_reserved)

    def _events(self, population: snn.PopulationOp) -> float:
        """Return the synaptic events of a cell in a step."""
        return sum(self._arriving(reach) for reach in self._onto[population.symbol])

    def _cycles(self, population: snn.PopulationOp) -> float:
        """Return what the synaptic events of a cell in a step take."""
        machine, found = self.machine, 0.0
        for reach in self._onto[population.symbol]:
            changes = self._infos[reach.projection.synapse].plastic
            cycles = machine.cycles_per_plastic_event if changes else machine.cycles_per_event
            found += cycles * self._arriving(reach)
        return found

    def _arriving(self, reach: Reach) -> float:
        """Return the events that a cell gets through some synapses in a step."""
        post = self._populations[reach.post.population]
        rate = self.rate(self._populations[reach.pre.population])
        return reach.synapses * rate / post.size * self.dt * 1e-3

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
        header = ROW_HEADER
        if self._infos[reach.projection.synapse].plastic:
            header, length = ROW_HEADER + ROW_HISTORY, length + length % 2
        return pre.size * (header * ceil(length / self.machine.row_synapses) + WORD * length)

    def _state(self, info: ModelInfo) -> int:
        return WORD * max(1, len(info.parameters) + len(info.states))
