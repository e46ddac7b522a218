"""A population while it runs: parameters, derived constants, states."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Buffer, CellPlan, Field, ParameterPlan, PopulationPlan
from snnc.ir.diagnostics import SnncError, UserError, did_you_mean
from snnc.ir.values import Random, Sequences, Value
from snnc.runtime.engine.counts import Counts
from snnc.runtime.engine.history import History, Volley
from snnc.runtime.engine.layout import Layout, Slice
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.engine.resolve import Draws, Numbers, folded, numbers, replaced
from snnc.runtime.engine.sliced import Sliced
from snnc.runtime.engine.tables import address, aligned_zeros, bits
from snnc.runtime.random import INITIAL, PARAM, SPIKES, key

_FLAGS_PER_BLOCK = 64
# Words of kernels that draw counts: for a block of cells, limits and thresholds.
_SCRATCH = 512 + 255 + 131
# Kernels count the spikes of a cell in a step with 8 bits.
MOST_SPIKES = 255.0


class Cells:
    """The cells of a population.

    Parameters
    ----------
    plan : PopulationPlan
        The population.
    cell : CellPlan
        Its model.
    layout : Layout
        Who owns which cells.
    dt : float
        Time step in ms.
    draws : Draws
        For random values.

    Attributes
    ----------
    parameters : dict
        Values in declared units: a float, or float64 of shape (size,); `Sequences` for sequence
        parameters.
    states : dict of Sliced
        In coherent units.
    quanta : dict of str to float
        For packed receptors, what one unit of their arrivals is worth, in coherent units.
    initial : dict
        Values in declared units that states start from.
    current : ndarray, shape (size,)
        Injected current in nA.
    from_sources : ndarray, shape (size,)
        The part of it that comes from sources; the same array unless cells are coupled.
    history : History
        The latest spikes; set when delays are known.
    counts : Counts or None
        The latest spike counts, where synapses read them.
    """

    def __init__(
        self, plan: PopulationPlan, cell: CellPlan, layout: Layout, dt: float, draws: Draws
    ) -> None:
        self.plan = plan
        self.cell = cell
        self.layout = layout
        self.dt = dt
        self._draws = draws
        self.parameters: dict[str, Numbers | Sequences] = {}
        for parameter in cell.parameters:
            self.parameters[parameter.name] = self._value_of(
                parameter, plan.parameters.get(parameter.name, parameter.default)
            )
        self.initial: dict[str, Numbers] = {}
        for state in cell.states:
            value = plan.initial.get(state.name, state.initial / state.scale)
            self.initial[state.name] = self._state_value(state, value, None)
        self.states = {s.name: Sliced(self.slices, s.dtype) for s in cell.states}
        self.current = aligned_zeros(plan.size, layout.float_dtype)
        self.from_sources = self.current
        self._flags = {
            part.thread: aligned_zeros(_blocks(part) * _FLAGS_PER_BLOCK, np.uint8)
            for part in layout.slices(plan.name)
        }
        self.quanta: dict[str, float] = dict.fromkeys(cell.packed, 1.0)
        self.history: History
        self.counts: Counts | None = None
        self._keep: list[NDArray[Any]] = []
        self.constants: dict[str, Any] = {}
        self._derive(self.parameters)
        self.reset()

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.plan.size

    @property
    def slices(self) -> list[Slice]:
        """The slices that are not empty."""
        return list(self.layout.slices(self.plan.name))

    def reset(self) -> None:
        """Return states to their initial values."""
        for name in self.states:
            self._initialise(name)
        self.current[:] = 0
        self.from_sources[:] = 0

    def couple(self) -> None:
        """Keep the currents of sources apart from those of couplings."""
        self.from_sources = aligned_zeros(self.size, self.layout.float_dtype)

    def _initialise(self, name: str) -> None:
        state = self._state(name)
        self.states[name].write(_stored(state, self.initial[name]))

    # Parameters

    def set_parameter(self, name: str, value: Value, index: NDArray[np.int64] | None) -> None:
        """Set a parameter in all cells, or in those of an index; see `Simulation.set_parameter`."""
        parameter = self._parameter(name)
        if parameter.sequence:
            new: Numbers | Sequences = self._new_sequences(parameter, value, index)
        else:
            draw = self._drawing(PARAM + self.cell.parameters.index(parameter), index)
            given = numbers(value, name, self._count(index), draw)
            new = replaced(self._number(name), given, index, self.size)
        changed = {**self.parameters, name: new}
        try:
            self._derive(changed)
        except _NotHomogeneous:
            raise NeedsRecompilation(self.plan.name, name, value) from None
        self.parameters = changed

    def check_parameter(self, name: str) -> None:
        """Raise UserError unless the model has a parameter."""
        self._parameter(name)

    def _number(self, name: str) -> Numbers:
        value = self.parameters[name]
        assert not isinstance(value, Sequences)
        return value

    def _count(self, index: NDArray[np.int64] | None) -> int:
        return self.size if index is None else len(index)

    def _parameter(self, name: str) -> ParameterPlan:
        for parameter in self.cell.parameters:
            if parameter.name == name:
                return parameter
        hint = did_you_mean(name, [p.name for p in self.cell.parameters])
        raise UserError(f"model '{self.cell.name}' has no parameter '{name}'{hint}")

    def _drawing(
        self, purpose: int, index: NDArray[np.int64] | None
    ) -> Callable[[Random], NDArray[np.float64]]:
        cells = np.arange(self.size) if index is None else index
        return lambda value: self._draws.elements(value, purpose, cells + self.plan.first_id)

    def _value_of(self, parameter: ParameterPlan, value: Value | None) -> Numbers | Sequences:
        if parameter.sequence:
            given = np.atleast_1d(value) if isinstance(value, float) else value
            return _sequences(np.empty(0) if given is None else given, parameter.name, self.size)
        if value is None:
            raise UserError(f"parameter '{parameter.name}' of '{self.plan.label}' has no value")
        draw = self._drawing(PARAM + self.cell.parameters.index(parameter), None)
        return folded(numbers(value, parameter.name, self.size, draw))

    def _new_sequences(
        self, parameter: ParameterPlan, value: Value, index: NDArray[np.int64] | None
    ) -> Sequences:
        given = _sequences(value, parameter.name, self._count(index))
        if index is None:
            return given
        old = self.parameters[parameter.name]
        assert isinstance(old, Sequences)
        parts = [old.values[old.offsets[i] : old.offsets[i + 1]] for i in range(self.size)]
        for i, cell in enumerate(index.tolist()):
            parts[cell] = given.values[given.offsets[i] : given.offsets[i + 1]]
        return Sequences.of(parts)

    # Constants

    def _derive(self, parameters: Mapping[str, Numbers | Sequences]) -> None:
        """Compute the derived constants; refuse differences where kernels take one number."""
        coherent = self._coherent(parameters)
        try:
            derived = _derived(self.cell.constants, coherent, self.dt)
        except ArithmeticError as error:
            zeros = [name for name, value in coherent.items() if np.ndim(value) == 0 and not value]
            among = f"; zero are {', '.join(zeros)}" if zeros else ""
            raise UserError(
                f"no cells of '{self.cell.name}' with these parameters: {error}{among}"
            ) from None
        constants = {name: _plain(value) for name, value in derived.items()}
        for field in self.cell.fields:
            if field.kind in ("scalar", "step_count") and np.ndim(constants[field.name]):
                raise _NotHomogeneous
        self.constants = constants

    def coherent_parameters(self) -> dict[str, Any]:
        """Return the parameters that are numbers, in coherent units."""
        return self._coherent(self.parameters)

    def _coherent(self, parameters: Mapping[str, Numbers | Sequences]) -> dict[str, Any]:
        scales = {p.name: p.scale for p in self.cell.parameters}
        return {
            name: np.multiply(value, scales[name]) if isinstance(value, np.ndarray)
            else value * scales[name]
            for name, value in parameters.items()
            if not isinstance(value, Sequences)
        }  # fmt: skip

    def mean_count(self) -> NDArray[np.float64]:
        """Return how many spikes each Poisson source is expected to emit in a step, at most."""
        if "mean_count" in self.constants:
            mean = self.constants["mean_count"]
        elif "rate" in self.parameters:
            mean = np.multiply(self._number("rate"), self._parameter("rate").scale * self.dt)
        else:
            mean = MOST_SPIKES
        return np.broadcast_to(np.asarray(mean, np.float64), self.size)

    # States

    def state(self, name: str) -> NDArray[np.float64]:
        """Return a state in its declared unit: float64 of shape (size,)."""
        state = self._state(name)
        return self.states[name].read() / state.scale

    def set_state(self, name: str, value: Value, index: NDArray[np.int64] | None) -> None:
        """Set a state of all cells, or of those of an index."""
        state = self._state(name)
        new = self._state_value(state, value, index)
        self.states[name].write(_stored(state, new), index)

    def set_initial(self, name: str, value: Value, index: NDArray[np.int64] | None) -> None:
        """Set what a state starts from."""
        state = self._state(name)
        new = self._state_value(state, value, index)
        self.initial[name] = replaced(self.initial[name], new, index, self.size)

    def _state(self, name: str) -> Buffer:
        for state in self.cell.states:
            if state.name == name:
                return state
        known = [s.name for s in self.cell.states if s.recordable]
        raise UserError(
            f"model '{self.cell.name}' has no state '{name}'{did_you_mean(name, known)}"
        )

    def recordable(self, name: str) -> Buffer:
        """Return the state of a name; UserError unless it may be recorded."""
        state = self._state(name)
        if not state.recordable:
            known = [s.name for s in self.cell.states if s.recordable]
            raise UserError(
                f"'{name}' of '{self.cell.name}' cannot be recorded{did_you_mean(name, known)}"
            )
        return state

    def _state_value(self, state: Buffer, value: Value, index: NDArray[np.int64] | None) -> Numbers:
        draw = self._drawing(INITIAL + self.cell.states.index(state), index)
        return numbers(value, state.name, self._count(index), draw)

    # What kernels read

    # Spikes under way

    def flag_words(self, thread: int) -> tuple[int, int, int]:
        """Return where a thread's counts of a step are: address, mask of slots, bytes of a slot."""
        if self.counts is None:
            return address(self._flags[thread]), 0, 0
        return self.counts.words(thread)

    @property
    def bytes_in_flight(self) -> int:
        """Bytes reserved for the latest spikes."""
        return self.history.nbytes + (0 if self.counts is None else self.counts.nbytes)

    def volleys(self, step: int) -> list[Volley]:
        """Return the latest spikes when `step` is the present step, oldest first."""
        return (self.counts or self.history).volleys(step)

    def fill(self, volleys: list[Volley], step: int) -> None:
        """Take over the latest spikes of another simulation."""
        self.history.fill(volleys, step)
        if self.counts is not None:
            self.counts.fill(volleys, step)

    def forget(self, until: int, step: int) -> None:
        """Forget the spikes of stamps up to `until`, `step` being the present step."""
        self.history.forget(until, step)
        if self.counts is not None:
            self.counts.forget(until, step)

    def clear_spikes(self) -> None:
        """Forget all spikes."""
        self.history.clear()
        if self.counts is not None:
            self.counts.clear()

    def rows(self, accumulators: list[NDArray[Any]], seed: int) -> list[tuple[int, list[int]]]:
        """Return (thread, words) of each slice for the model's kernel.

        The words point to arrays that live until the next call.
        """
        self._keep = []
        self._check_tables()
        arrays = [self._constant_array(field) for field in self.cell.fields]
        return [
            (part.thread, [
                self._word(field, part, accumulators, array, seed)
                for field, array in zip(self.cell.fields, arrays, strict=True)
            ])
            for part in self.slices
        ]  # fmt: skip

    def _check_tables(self) -> None:
        """Refuse tables whose values and bins differ in number, or that are empty."""
        for names in self.cell.tables:
            values, starts = (np.diff(self._sequence(name).offsets) for name in names)
            wrong = np.flatnonzero((values != starts) | (starts == 0))
            if wrong.size:
                cell = int(wrong[0])
                raise UserError(
                    f"'{names[0]}' and '{names[1]}' of '{self.plan.label}' are the values and bins "
                    f"of a table; found {values[cell]} and {starts[cell]} for cell {cell}, "
                    "expected as many, at least 1"
                )

    def _sequence(self, name: str) -> Sequences:
        value = self.parameters[name]
        assert isinstance(value, Sequences)
        return value

    def _constant_array(self, field: Field) -> NDArray[Any] | None:
        if field.kind == "values":
            scale = self._parameter(field.name).scale
            self._keep.append(np.multiply(self._sequence(field.name).values, scale))
            return self._keep[-1]
        if field.kind not in ("array", "step_array"):
            return None
        dtype = np.int32 if field.kind == "step_array" else self.layout.float_dtype
        array = aligned_zeros(self.size, dtype)
        array[:] = np.asarray(self.constants[field.name]).astype(dtype)
        self._keep.append(array)
        return array

    def _word(
        self,
        field: Field,
        part: Slice,
        accumulators: list[NDArray[Any]],
        array: NDArray[Any] | None,
        seed: int,
    ) -> int:
        match field.kind:
            case "size":
                return part.last - part.first
            case "first":
                return part.first
            case "state":
                return self.states[field.name].address(part)
            case "arrivals":
                offset = self.layout.accumulator_offset(part.thread, self.plan.name, field.name)
                return address(accumulators[part.thread], offset)
            case "shift":
                ring = self.plan.rings.get(field.name)
                return 0 if ring is None else ring.shift
            case "quantum":
                return bits(self.quanta[field.name])
            case "current":
                return address(self.current, part.first)
            case "fired":
                return self.flag_words(part.thread)[0]
            case "ring_mask":
                return self.flag_words(part.thread)[1]
            case "ring_stride":
                return self.flag_words(part.thread)[2]
            case "scratch":
                scratch = aligned_zeros(_SCRATCH, np.uint32)
                self._keep.append(scratch)
                return address(scratch)
            case "scalar":
                return bits(float(self.constants[field.name]))
            case "step_count":
                return int(self.constants[field.name])
            case "array" | "step_array":
                assert array is not None
                return address(array, part.first)
            case "values":
                assert array is not None
                return address(array)
            case "offsets":
                return address(self._sequence(field.name).offsets, part.first)
            case "key0":
                return key(seed, self.plan.object_id, SPIKES)[0]
            case "key1":
                return key(seed, self.plan.object_id, SPIKES)[1]
            case "first_id":
                return self.plan.first_id + part.first
            case "dt":
                return bits(self.dt)
        raise SnncError(f"internal error: a cell kernel asks for {field}")


def _stored(state: Buffer, value: Numbers) -> NDArray[np.float64]:
    """Return what memory holds of a value of a state; whole numbers are rounded, halves to even."""
    scaled = np.multiply(value, state.scale)
    if np.dtype(state.dtype).kind == "f":
        return scaled
    rounded, limits = np.rint(scaled), np.iinfo(state.dtype)
    if not ((rounded >= limits.min) & (rounded <= limits.max)).all():
        ends = sorted((limits.min / state.scale, limits.max / state.scale))
        raise UserError(
            f"'{state.name}' of '{state.owner}' is out of range; expected {ends[0]:g} to "
            f"{ends[1]:g} {state.unit}"
        )
    return rounded


class _NotHomogeneous(Exception):
    """A constant that kernels take as one number differs from cell to cell."""


def _blocks(part: Slice) -> int:
    return -(-(part.last - part.first) // _FLAGS_PER_BLOCK)


def _plain(value: Any) -> Any:
    """Return a derived constant as a number where all cells share it."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value[0] if value.size and (value == value[0]).all() else value
    return value


def _sequences(value: Value, name: str, size: int) -> Sequences:
    """Return one sequence per cell; an array stands for the same sequence in every cell."""
    if isinstance(value, Sequences):
        if len(value) != size:
            raise UserError(
                f"wrong number of sequences for '{name}'; found {len(value)}, expected {size}"
            )
        result = value
    elif isinstance(value, np.ndarray) and value.ndim == 1:
        repeated = np.tile(np.asarray(value, np.float64), size)
        result = Sequences(repeated, np.arange(size + 1, dtype=np.int64) * value.size)
    else:
        raise UserError(f"'{name}' is a sequence of numbers per cell; found {value}")
    if not np.isfinite(result.values).all():
        raise UserError(f"'{name}' holds a number that is not finite")
    return result


def _derived(text: str, coherent: Mapping[str, Any], dt: float) -> Mapping[str, Any]:
    """Return the constants of a parameter set; one of plain numbers is evaluated once only."""
    if all(isinstance(value, float) for value in coherent.values()):
        return _derived_of_numbers(text, tuple(coherent.items()), dt)
    with np.errstate(all="ignore"):
        return constants_of(text)(coherent, dt)


@functools.lru_cache(maxsize=1024)
def _derived_of_numbers(
    text: str, coherent: tuple[tuple[str, float], ...], dt: float
) -> Mapping[str, Any]:
    with np.errstate(all="ignore"):
        return constants_of(text)(dict(coherent), dt)


def constants_of(text: str) -> Callable[[Mapping[str, Any], float], Mapping[str, Any]]:
    """Return the function ``constants(p, dt)`` of a generated text; see `CellPlan.constants`."""
    return namespace_of(text)["constants"]


@functools.cache
def namespace_of(text: str) -> dict[str, Any]:
    """Return what a generated text defines."""
    namespace: dict[str, Any] = {"__name__": "snnc_constants"}
    exec(compile(text, "<constants>", "exec"), namespace)
    return namespace
