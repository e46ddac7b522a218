"""Values on their way to and from attributes, and the arrays that are stored beside the text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i1,
    i64,
)
from xdsl.ir import Attribute, Operation, ParametrizedAttribute

from snnc.ir.diagnostics import UserError
from snnc.ir.dialects.snn_values import (
    ArrayHandle,
    ArrayHandleAttr,
    DistanceAttr,
    RandomAttr,
    SequencesAttr,
)
from snnc.ir.values import DistanceExpression, Option, Random, Sequences


def digest(array: np.ndarray) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of type, shape and content."""
    summary = hashlib.sha256(f"{array.dtype.name}{array.shape}".encode())
    if array.size:
        summary.update(np.ascontiguousarray(array).data.cast("B"))
    return summary.hexdigest()[:16]


class ResourceTable:
    """Arrays by name; one content is kept once.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Filled by `handle`.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self._handles: dict[tuple[str, tuple[int, ...], str], ArrayHandle] = {}

    def handle(self, array: np.ndarray, hint: str) -> ArrayHandle:
        """Return the handle of an array, stored under a name made of `hint` if it is new.

        Raises
        ------
        UserError
            If the array does not hold numbers or booleans.
        """
        array = normalised(array)
        content = (array.dtype.name, array.shape, digest(array))
        if content not in self._handles:
            base = "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "_" for c in hint)
            name, count = base, 1
            while name in self.arrays:
                name, count = f"{base}_{count}", count + 1
            self.arrays[name] = array
            self._handles[content] = ArrayHandle(name, *content)
        return self._handles[content]


def normalised(array: np.ndarray) -> np.ndarray:
    """Return `array` as contiguous float64, int64 or bool, read-only.

    Raises
    ------
    UserError
        If it holds anything but numbers or booleans.
    """
    kinds = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
    dtype = kinds.get(array.dtype.kind)
    if dtype is None:
        raise UserError(f"array of {array.dtype}; expected numbers")
    copy = np.array(array, dtype=dtype, order="C")
    copy.flags.writeable = False
    return copy


def encode(value: Option, table: ResourceTable, hint: str) -> Attribute:
    """Return a Python value as an attribute; arrays go to the table.

    Parameters
    ----------
    value : Option
        A number, text, array or one of the classes of `snnc.ir.values`.
    table : ResourceTable
        Where arrays are stored.
    hint : str
        What to call an array.

    Raises
    ------
    UserError
        If the value is of another kind.
    """
    match value:
        case bool() | np.bool_():
            return BoolAttr.from_bool(bool(value))
        case int() | np.integer():
            return IntegerAttr(int(value), i64)
        case float() | np.floating():
            return FloatAttr(float(value), f64)
        case str():
            return StringAttr(value)
        case np.ndarray():
            return ArrayHandleAttr(table.handle(value, hint))
        case Random():
            return RandomAttr(value)
        case DistanceExpression():
            return DistanceAttr(value)
        case Sequences():
            return SequencesAttr(
                ArrayHandleAttr(table.handle(value.values, f"{hint}.values")),
                ArrayHandleAttr(table.handle(value.offsets, f"{hint}.offsets")),
            )
        case _:
            raise UserError(
                f"value of type {type(value).__name__}; "
                "expected a number, array, distribution or expression"
            )


def encode_real(value: Option, table: ResourceTable, hint: str) -> Attribute:
    """Return a parameter's value as an attribute: numbers and arrays become float64."""
    match value:
        case bool() | np.bool_() | int() | np.integer():
            return FloatAttr(float(value), f64)
        case np.ndarray() if value.dtype.kind in "iub" and value.ndim > 0:
            return encode(value.astype(np.float64), table, hint)
        case np.ndarray() if value.ndim == 0 and value.dtype.kind in "iubf":
            return FloatAttr(float(value), f64)
        case str():
            raise UserError(f"text '{value}'; expected a number, array, distribution or expression")
        case _:
            return encode(value, table, hint)


def decode(attribute: Attribute, resources: Mapping[str, np.ndarray]) -> Option:
    """Return the Python value of an attribute.

    Parameters
    ----------
    attribute : Attribute
        A number, string, boolean or value attribute of this dialect.
    resources : mapping of str to ndarray
        The arrays of the document.
    """
    match attribute:
        case FloatAttr():
            return attribute.value.data
        case IntegerAttr():
            value = attribute.value.data
            return bool(value) if attribute.type == i1 else value
        case StringAttr():
            return attribute.data
        case ArrayHandleAttr():
            return resources[attribute.data.name]
        case RandomAttr() | DistanceAttr():
            return attribute.data
        case SequencesAttr():
            values, offsets = attribute.values.data, attribute.offsets.data
            return Sequences(resources[values.name], resources[offsets.name])
        case _:
            raise TypeError(f"not a value: {attribute}")


# Most attributes by far; they need no search.
_LEAVES: Final = frozenset({FloatAttr, IntegerAttr, StringAttr, SymbolRefAttr})


def array_handles(attribute: Attribute) -> Iterator[ArrayHandle]:
    """Yield the handles of all arrays in `attribute`."""
    if type(attribute) in _LEAVES:
        return
    match attribute:
        case ArrayHandleAttr():
            yield attribute.data
        case DictionaryAttr():
            for item in attribute.data.values():
                yield from array_handles(item)
        case ArrayAttr():
            for item in attribute.data:
                yield from array_handles(item)
        case ParametrizedAttribute():
            for item in attribute.parameters:
                yield from array_handles(item)


def handles_of(root: Operation) -> Iterator[tuple[Operation, ArrayHandle]]:
    """Yield every array handle in `root` with the operation that holds it."""
    for op in root.walk():
        for attribute in (*op.properties.values(), *op.attributes.values()):
            if type(attribute) not in _LEAVES:
                for handle in array_handles(attribute):
                    yield op, handle
