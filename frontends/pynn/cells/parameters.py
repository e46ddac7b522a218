"""From what a script may give for a parameter to the values of the IR.

PyNN takes numbers, lists and arrays, `RandomDistribution`, functions of an index or of distance,
strings, `Sequence` and `LazyArray`. Here each becomes a value of `snnc.ir.values`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from numbers import Real
from typing import Any

import numpy as np
from lazyarray import larray
from pyNN.parameters import ArrayParameter, Sequence
from pyNN.random import RandomDistribution

from snnc.ir.diagnostics import UserError
from snnc.ir.values import DistanceExpression, Random, Sequences, Value
from snnc.pynn import script
from snnc.pynn.refusals import DimensionsRefused, ValueRefused
from snnc.pynn.wiring.symbols_of_distance import traced


def is_plain(raw: Any) -> bool:
    """Return whether `raw` is one number."""
    return isinstance(raw, Real | np.bool_) or (isinstance(raw, np.ndarray) and raw.ndim == 0)


def number(raw: Any, name: str) -> float:
    """Return one number, which may be infinite but not NaN.

    Raises
    ------
    ValueRefused
        If it is NaN or no number.
    """
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise ValueRefused(f"'{name}' must be a number; found {_kind(raw)}") from None
    if np.isnan(value):
        raise ValueRefused(f"'{name}' is NaN")
    return value


def random(raw: RandomDistribution, name: str) -> Random:
    """Return the distribution with the seed of the script's generator."""
    for key, value in raw.parameters.items():
        if not is_plain(value):
            raise ValueRefused(
                f"parameter '{key}' of the distribution for '{name}' must be one number; "
                f"found {_kind(value)}"
            )
    try:
        return Random(raw.name, raw.parameters, raw.rng.seed)
    except UserError as error:
        raise ValueRefused(f"'{name}': {error.message}") from None


def expression(text: str, name: str) -> DistanceExpression:
    """Return a string of `d`; a number before `d` multiplies it (an old, deprecated spelling).

    Raises
    ------
    ValueRefused
        If it is anything but arithmetic of `d`.
    """
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        try:
            value = DistanceExpression(text)
        except UserError as error:
            raise ValueRefused(f"'{name}': {error.message}") from None
    for warning in issued:
        script.warn(str(warning.message), warning.category)
    return value


def finite(values: Any, name: str, *, nan: bool = False) -> np.ndarray:
    """Return an array of float64 in which nothing is NaN.

    Raises
    ------
    ValueRefused
        If something is NaN (unless `nan`) or no number.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueRefused(f"'{name}' must be numbers; found {_kind(values)}") from None
    if not nan and np.isnan(array).any():
        raise ValueRefused(f"'{name}' holds NaN")
    return array


def per_cell(
    raw: Any, name: str, size: int, *, sequence: bool = False, ascending: bool = True
) -> Value:
    """Return what a script gave for a parameter or a state variable of `size` cells.

    Parameters
    ----------
    raw : object
        A number, a list or array of `size` numbers, a distribution, a function of the index, a
        string of the index `d`, a lazy array; for a sequence parameter a sequence for all cells
        or a list of `size` sequences.
    name : str
        For messages.
    size : int
        The number of cells.
    sequence : bool
        Whether the parameter is a sequence of numbers per cell.
    ascending : bool
        Whether the numbers of a sequence must ascend.

    Raises
    ------
    ValueRefused
        If the value is of the wrong kind or NaN.
    DimensionsRefused
        If there are not `size` values.
    """
    if isinstance(raw, larray):
        known = {"sequence": sequence, "ascending": ascending}
        return _unwrap(raw, (size,), lambda inner: per_cell(inner, name, size, **known))
    if callable(raw) and not isinstance(raw, RandomDistribution | ArrayParameter):
        values = _of_index(raw, size)
        return per_cell(values, name, size, sequence=sequence, ascending=ascending)
    if sequence:
        return _sequences(raw, name, size, _ascending if ascending else _listed_numbers)
    if is_plain(raw):
        return number(raw, name)
    if isinstance(raw, RandomDistribution):
        return random(raw, name)
    if isinstance(raw, str):
        arithmetic = expression(raw, name).arithmetic
        values = arithmetic.evaluate(d=np.arange(size, dtype=np.float64))
        return finite(np.broadcast_to(values, (size,)), name)
    if isinstance(raw, ArrayParameter):
        raise ValueRefused(f"'{name}' takes a number for each cell; found a sequence")
    array = finite(_listed(raw, size), name)
    if array.shape != (size,):
        raise DimensionsRefused(
            f"'{name}' has {_shape(array.shape)}; expected {size} values, one for each cell"
        )
    return array


def per_edge(raw: Any, name: str, shape: tuple[int, int]) -> Value | Callable[..., Any]:
    """Return what a script gave for a weight, a delay or a parameter of synapses.

    Parameters
    ----------
    raw : object
        A number, a distribution, a string or function of the distance `d`, an array.
    name : str
        For messages.
    shape : tuple of int
        Cells before and after the synapse.

    Returns
    -------
    Value or callable
        A callable is a function of distance that could not be made an expression, or an
        `IndexBasedExpression`.

    Raises
    ------
    ValueRefused
        If the value is of the wrong kind or NaN.
    DimensionsRefused
        If an array is not of `shape`.
    """
    if isinstance(raw, larray):
        return _unwrap(raw, shape, lambda inner: per_edge(inner, name, shape))
    if is_plain(raw):
        return number(raw, name)
    if isinstance(raw, RandomDistribution):
        return random(raw, name)
    if isinstance(raw, str):
        return expression(raw, name)
    if callable(raw):
        text = traced(raw)
        return raw if text is None else expression(text, name)
    array = finite(raw, name)
    if array.shape not in (shape, (1, shape[1])) and 1 not in shape:
        raise DimensionsRefused(
            f"'{name}' has {_shape(array.shape)}; expected {shape[0]} x {shape[1]}, "
            "presynaptic by postsynaptic cells"
        )
    try:
        return np.array(np.broadcast_to(array, shape))
    except ValueError:
        raise DimensionsRefused(
            f"'{name}' has {_shape(array.shape)}; expected {shape[0]} x {shape[1]}"
        ) from None


def simplified(value: Any) -> Any:
    """Return the one value that all elements share, if they share one, as PyNN's `get` does."""
    if isinstance(value, np.ndarray) and value.size:
        first = value.flat[0]
        if (
            all(first == other for other in value)
            if value.dtype == object
            else (value == first).all()
        ):
            return float(first) if value.dtype != object else first
    return value


def as_sequences(value: Value, size: int) -> np.ndarray:
    """Return a sequence parameter as PyNN gives it: `Sequence` objects, shape (size,)."""
    result = np.empty(size, dtype=object)
    for i in range(size):
        if isinstance(value, Sequences):
            result[i] = Sequence(value.values[value.offsets[i] : value.offsets[i + 1]])
        else:
            result[i] = Sequence(np.asarray(value, dtype=np.float64))
    return result


def array_per_cell(raw: Any, name: str, size: int, length: int) -> Value:
    """Return what a script gave for a parameter of `length` numbers for each cell.

    Parameters
    ----------
    raw : object
        `length` numbers for all cells, or `size` times as many.
    name : str
        For messages.
    size, length : int
        Numbers of cells, and of numbers for each.

    Raises
    ------
    ValueRefused, DimensionsRefused
        If the numbers are none, or not as many.
    """
    if isinstance(raw, larray):
        raw = raw.base_value if not raw.operations else raw.evaluate(simplify=True)
    if is_plain(raw) or isinstance(raw, str | Mapping | RandomDistribution):
        raise ValueRefused(f"'{name}' must be {length} numbers; found {_kind(raw)}")
    if isinstance(raw, ArrayParameter):
        table = finite(raw.value, name)
    else:
        table = finite([getattr(item, "value", item) for item in raw], name)
    if table.shape not in ((length,), (size, length)):
        raise DimensionsRefused(
            f"'{name}' has {_shape(table.shape)}; expected {length} for each cell"
        )
    if table.ndim == 1:
        return table
    return Sequences.of(list(table))


def array_columns(value: Value, size: int) -> list[Value]:
    """Return the numbers of an array parameter, one by one: for all cells, or one per cell."""
    if isinstance(value, Sequences):
        return [np.ascontiguousarray(column) for column in value.values.reshape(size, -1).T]
    return [float(number) for number in np.asarray(value)]


def is_empty(value: Value) -> bool:
    """Return whether a sequence parameter holds nothing, for any cell."""
    numbers = value.values if isinstance(value, Sequences) else value
    return isinstance(numbers, np.ndarray) and numbers.size == 0


def merge_sequences(old: Value, new: Value, index: np.ndarray, size: int) -> Sequences:
    """Return `old` with the sequences of the cells `index` taken from `new`."""
    parts = [sequence.value for sequence in as_sequences(old, size)]
    for i, sequence in zip(index, as_sequences(new, index.size), strict=True):
        parts[i] = sequence.value
    return Sequences.of(parts)


def _unwrap(raw: Any, shape: tuple[int, ...], convert: Callable[[Any], Any]) -> Any:
    if not raw.operations and not isinstance(raw.base_value, Iterable):
        return convert(raw.base_value)
    sized = copy(raw)
    # lazyarray refuses another shape; the script's own array keeps the one it has.
    sized._shape = shape
    return convert(sized.evaluate(simplify=True))


def _of_index(function: Callable[..., Any], size: int) -> Any:
    indices = np.arange(size)
    try:
        values = function(indices)
    except Exception:
        return [function(int(i)) for i in indices]
    if is_plain(values) or isinstance(values, ArrayParameter):
        return values
    if len(values) == size:
        return values
    return [function(int(i)) for i in indices]


def _sequences(raw: Any, name: str, size: int, convert: Callable[[Any, str], np.ndarray]) -> Value:
    if isinstance(raw, ArrayParameter):
        return convert(raw.value, name)
    if isinstance(raw, Sequences):
        return raw
    if is_plain(raw) or isinstance(raw, str | Mapping | RandomDistribution):
        raise ValueRefused(f"'{name}' must be a sequence of numbers; found {_kind(raw)}")
    items = list(raw)
    if not any(_is_sequence(item) for item in items):
        return convert(items, name)
    if len(items) != size:
        raise DimensionsRefused(
            f"'{name}' has {len(items)} sequences; expected {size}, one for each cell"
        )
    return Sequences.of([convert(getattr(item, "value", item), name) for item in items])


def _listed_numbers(values: Any, name: str) -> np.ndarray:
    return finite(values, name).ravel()


def _ascending(values: Any, name: str) -> np.ndarray:
    array = _listed_numbers(values, name)
    if (np.diff(array) < 0.0).any():
        raise ValueRefused(f"'{name}' must ascend")
    return array


def _is_sequence(item: Any) -> bool:
    return isinstance(item, ArrayParameter) or hasattr(item, "__len__")


def _listed(raw: Any, size: int) -> Any:
    if isinstance(raw, np.ndarray | list | tuple):
        return raw
    if isinstance(raw, Mapping | set) or not isinstance(raw, Iterable):
        return raw
    # PyNN also takes generators, of which it uses as many values as there are cells.
    return [value for value, _ in zip(raw, range(size), strict=False)]


def _shape(shape: tuple[int, ...]) -> str:
    return f"{' x '.join(str(n) for n in shape)} values"


def _kind(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 40 else f"{type(raw).__name__} {text[:36]}..."
