"""Rules about the content of arrays: that it is the one meant, and that its numbers make sense."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp
from xdsl.ir import Attribute, Operation

from snnc.ir.dialects.snn import NetworkOp, PopulationOp, ProjectionOp, SourceOp, ViewOp
from snnc.ir.dialects.snn_rules import (
    check_delay,
    network_scope,
    receptors_of,
    weight_limits,
    wrong_sign,
)
from snnc.ir.dialects.snn_scope import Scope
from snnc.ir.dialects.snn_values import ArrayHandle, ArrayHandleAttr, SequencesAttr
from snnc.ir.locations import refuse
from snnc.ir.resources import digest, handles_of

Arrays = Mapping[str, np.ndarray]


def check_arrays(module: ModuleOp, arrays: Arrays) -> None:
    """Check every array that a verified module refers to.

    Raises
    ------
    OperationError
        If an array is missing or another than meant, or a number in it makes no sense.
    """
    checked: set[ArrayHandle] = set()
    for op, handle in handles_of(module):
        if handle not in checked:
            _check_identity(op, handle, arrays)
            checked.add(handle)
    for network in module.body.block.ops:
        if isinstance(network, NetworkOp):
            scope = network_scope(network)
            for op in network.body.block.ops:
                check_content(op, scope, arrays)
    if any(op.name == "analog.mapping" for op in module.body.block.ops):
        from snnc.ir.analog_array_rules import check_analog_arrays

        check_analog_arrays(module, arrays)


def _check_identity(op: Operation, handle: ArrayHandle, arrays: Arrays) -> None:
    array = arrays.get(handle.name)
    if array is None:
        refuse(op, f"array '{handle.name}' is missing")
    if array.dtype.name != handle.dtype or array.shape != handle.shape:
        refuse(
            op,
            f"array '{handle.name}' is not the one meant; found {array.dtype.name} of shape "
            f"{list(array.shape)}, expected {handle.dtype} of shape {list(handle.shape)}",
        )
    found = digest(array)
    if found != handle.digest:
        refuse(
            op,
            f"array '{handle.name}' is not the one meant; "
            f"found content hash {found}, expected {handle.digest}",
        )


def check_content(op: Operation, scope: Scope, arrays: Arrays) -> None:
    """Check the numbers in the arrays of one operation that is well formed otherwise."""
    match op:
        case PopulationOp():
            _check_values(op, "parameter", op.parameters, arrays)
            _check_values(op, "initial value", op.initial, arrays)
            if op.positions is not None and not np.all(np.isfinite(_get(op.positions, arrays))):
                refuse(op, "positions are not finite")
        case ViewOp():
            _check_indices(op, op.indices, scope.group(op, op.of).size, arrays)
        case ProjectionOp():
            _check_values(op, "parameter", op.parameters, arrays)
            _check_values(op, "initial value", op.initial, arrays)
            _check_projection(op, scope, arrays)
        case SourceOp():
            _check_source(op, arrays)


def _get(attribute: ArrayHandleAttr, arrays: Arrays) -> np.ndarray:
    return arrays[attribute.data.name]


def _check_values(op: Operation, what: str, values: DictionaryAttr, arrays: Arrays) -> None:
    for name, value in values.data.items():
        match value:
            case ArrayHandleAttr():
                array = _get(value, arrays)
            case SequencesAttr():
                array = _get(value.values, arrays)
                offsets = _get(value.offsets, arrays)
                if offsets[0] != 0 or offsets[-1] != array.size or np.any(np.diff(offsets) < 0):
                    refuse(op, f"offsets of {what} '{name}' must rise from 0 to {array.size}")
            case _:
                continue
        _refuse_nan(op, f"{what} '{name}'", array)


def _refuse_nan(op: Operation, what: str, array: np.ndarray) -> None:
    wrong = np.isnan(array)
    if np.any(wrong):
        refuse(op, f"{what} is NaN at {_place(wrong)}")


def _place(wrong: np.ndarray) -> str:
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return f"index {', '.join(str(int(i)) for i in first)}"


def _check_indices(op: ViewOp, indices: Attribute, size: int, arrays: Arrays) -> None:
    if not isinstance(indices, ArrayHandleAttr):
        return
    array = _get(indices, arrays)
    outside = (array < 0) | (array >= size)
    if np.any(outside):
        index = array[np.argmax(outside)]
        refuse(op, f"index {index} of '@{op.symbol}' is not in '@{op.of}' of {size} cells")
    if np.unique(array).size != array.size:
        refuse(op, f"an index of '@{op.symbol}' is given twice")


def _check_projection(op: ProjectionOp, scope: Scope, arrays: Arrays) -> None:
    pre, post = scope.group(op, op.pre), scope.group(op, op.post)
    for side, group in (("pre", pre), ("post", post)):
        listed = op.connector.options.data.get(side)
        if isinstance(listed, ArrayHandleAttr):
            array = _get(listed, arrays)
            outside = (array < 0) | (array >= group.size)
            if np.any(outside):
                index = array[np.argmax(outside)]
                refuse(op, f"index {index} of option '{side}' is not among {group.size} cells")
    if isinstance(op.weight, ArrayHandleAttr):
        _check_weights(op, _get(op.weight, arrays), weight_limits(receptors_of(op, scope)))
    if isinstance(op.delay, ArrayHandleAttr):
        delays = _get(op.delay, arrays)
        _refuse_nan(op, "delay", delays)
        for end in (np.min, np.max) if delays.size else ():
            check_delay(op, float(end(delays)), scope.dt)


def _check_weights(op: ProjectionOp, weights: np.ndarray, limits: tuple[float, float]) -> None:
    low, high = limits
    infinite = ~np.isfinite(weights)
    if np.any(infinite):
        refuse(op, f"weight is not finite at {_place(infinite)}")
    outside = (weights < low) | (weights > high)
    if np.any(outside):
        weight = weights.flat[int(np.argmax(outside))]
        refuse(op, f"{wrong_sign(op.receptor, weight, low)} at {_place(outside)}")


def _check_source(op: SourceOp, arrays: Arrays) -> None:
    for name, value in op.parameters.data.items():
        if isinstance(value, ArrayHandleAttr):
            array = _get(value, arrays)
            if not np.all(np.isfinite(array)):
                refuse(op, f"parameter '{name}' is not finite")
            if name == "times" and np.any(np.diff(array) < 0):
                refuse(op, "times of a current source must not fall")
