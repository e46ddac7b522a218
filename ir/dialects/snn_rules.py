"""Rules of the `snn` dialect: each operation against the others, the models and the arrays' shapes.

The verifier of a network declares everything in a `Scope`, then checks each operation; a builder
checks each as it comes.
"""

from __future__ import annotations

import math

from xdsl.dialects.builtin import DictionaryAttr, FloatAttr, ModuleOp
from xdsl.ir import Attribute, Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects.coupling import SIDES
from snnc.ir.dialects.snn import (
    AssemblyOp,
    InjectOp,
    NetworkOp,
    PopulationOp,
    ProjectionOp,
    RecordOp,
    SourceOp,
    ViewOp,
)
from snnc.ir.dialects.snn_scope import Group, Named, Scope
from snnc.ir.dialects.snn_values import (
    ArrayHandleAttr,
    DistanceAttr,
    RandomAttr,
    RangeAttr,
    SequencesAttr,
)
from snnc.ir.locations import refuse
from snnc.ir.model_info import ModelInfo, ParameterInfo, ReceptorInfo, describe_model, is_model
from snnc.ir.registry import CONNECTORS
from snnc.ir.units import parse_unit
from snnc.ir.values import CURRENT_SOURCES


def check_network(network: NetworkOp) -> None:
    """Check a network and everything in it."""
    check_head(network)
    scope = network_scope(network)
    for op in network.body.block.ops:
        check(op, scope)


def network_scope(network: NetworkOp) -> Scope:
    """Return a scope with all that the network declares."""
    scope = Scope(_models(network), network.dt)
    for op in network.body.block.ops:
        if isinstance(op, Named):
            scope.declare(op)
    return scope


def _models(network: NetworkOp) -> dict[str, Operation]:
    module = network.parent_op()
    models: dict[str, Operation] = {}
    for op in module.body.block.ops if isinstance(module, ModuleOp) else ():
        if is_model(op):
            name = describe_model(op).name
            if name in models:
                refuse(op, f"model '@{name}' is defined twice")
            models[name] = op
    return models


def check_head(network: NetworkOp) -> None:
    """Check time step and seed."""
    if not (math.isfinite(network.dt) and network.dt > 0.0):
        refuse(network, f"time step must be positive; found dt = {network.dt:g} ms")
    if network.seed < 0:
        refuse(network, f"seed must not be negative; found {network.seed}")


def check(op: Operation, scope: Scope) -> None:
    """Check one operation against what is declared."""
    match op:
        case PopulationOp():
            _check_population(op, scope)
        case ViewOp():
            _check_view(op, scope)
        case AssemblyOp():
            _check_assembly(op, scope)
        case ProjectionOp():
            _check_projection(op, scope)
        case SourceOp():
            _check_source(op)
        case InjectOp():
            _check_inject(op, scope)
        case RecordOp():
            _check_record(op, scope)
        case _:
            refuse(op, f"'{op.name}' does not belong in a network")


def _check_population(op: PopulationOp, scope: Scope) -> None:
    model = scope.model(op, op.model, "cell")
    for name, value in op.parameters.data.items():
        info = model.parameters.get(name)
        if info is None:
            hint = did_you_mean(name, model.parameters)
            refuse(op, f"model '{model.name}' has no parameter '{name}'{hint}")
        _check_cell_value(op, f"parameter '{name}'", value, info)
    _check_complete(op, op.parameters, model)
    for name, value in op.initial.data.items():
        if name not in model.states:
            hint = did_you_mean(name, model.states)
            refuse(op, f"model '{model.name}' has no state variable '{name}'{hint}")
        _check_cell_value(op, f"initial value '{name}'", value, None)
    if op.positions is not None:
        _check_shape(op, "positions", op.positions, (3, op.size))
    if op.stands_for is not None:
        _check_stand_in(op, op.stands_for, scope)


def _check_stand_in(op: PopulationOp, symbol: str, scope: Scope) -> None:
    other = scope.find(op, symbol, PopulationOp)
    assert isinstance(other, PopulationOp)
    if other.stands_for is not None:
        refuse(op, f"'@{symbol}' stands for '@{other.stands_for}' itself; name that one")
    for what, found, expected in (
        ("size", op.size, other.size),
        ("first_id", op.first_id, other.first_id),
    ):
        if found != expected:
            refuse(op, f"{what} of '@{op.symbol}' is {found}; expected {expected} as '@{symbol}'")


def _check_complete(op: Operation, given: DictionaryAttr, model: ModelInfo) -> None:
    for name, info in model.parameters.items():
        if info.default is None and not info.sequence and name not in given.data:
            refuse(op, f"parameter '{name}' of model '{model.name}' has no default; give a value")


def _check_cell_value(
    op: PopulationOp, what: str, value: Attribute, info: ParameterInfo | None
) -> None:
    if info is not None and info.sequence:
        _check_sequences(op, what, value)
        return
    _check_kind(op, what, value, FloatAttr, ArrayHandleAttr, RandomAttr)
    if isinstance(value, ArrayHandleAttr):
        _check_shape(op, what, value, (op.size,))


def _check_sequences(op: PopulationOp, what: str, value: Attribute) -> None:
    match value:
        case SequencesAttr():
            expected = (op.size + 1,)
            _check_shape(op, f"offsets of {what}", value.offsets, expected, "int64")
        case ArrayHandleAttr() if len(value.data.shape) == 1:
            _check_shape(op, what, value, value.data.shape)
        case _:
            refuse(op, f"{what} is {value}; expected sequences of numbers")


def _check_kind(op: Operation, what: str, value: Attribute, *kinds: type[Attribute]) -> None:
    if not isinstance(value, kinds):
        refuse(op, f"{what} cannot be {value}")
    if isinstance(value, FloatAttr) and math.isnan(value.value.data):
        refuse(op, f"{what} is NaN")


def _check_shape(
    op: Operation,
    what: str,
    value: ArrayHandleAttr,
    expected: tuple[int, ...],
    dtype: str = "float64",
) -> None:
    if value.data.dtype != dtype:
        refuse(op, f"{what} is an array of {value.data.dtype}; expected {dtype}")
    if value.data.shape != expected:
        refuse(op, f"{what} has shape {list(value.data.shape)}; expected {list(expected)}")


def _check_view(op: ViewOp, scope: Scope) -> None:
    scope.find(op, op.of, PopulationOp, ViewOp)
    parent = scope.group(op, op.of)
    indices = op.indices
    if isinstance(indices, ArrayHandleAttr):
        if indices.data.dtype != "int64" or len(indices.data.shape) != 1:
            refuse(op, f"indices of '@{op.symbol}' must be a list of integers")
        return
    assert isinstance(indices, RangeAttr)
    for index in (indices.data[0], indices.data[-1]) if indices.data else ():
        if not 0 <= index < parent.size:
            refuse(
                op, f"index {index} of '@{op.symbol}' is not in '@{op.of}' of {parent.size} cells"
            )


def _check_assembly(op: AssemblyOp, scope: Scope) -> None:
    if len(set(op.members)) != len(op.members):
        refuse(op, f"assembly '@{op.symbol}' has a member twice")
    for member in op.members:
        scope.find(op, member, PopulationOp, ViewOp)
        scope.group(op, member)


def _check_projection(op: ProjectionOp, scope: Scope) -> None:
    pre, post = scope.group(op, op.pre), scope.group(op, op.post)
    model = scope.model(op, op.synapse, "synapse")
    receptors = receptors_of(op, scope)
    if model.decay and any(receptor.decay is None for receptor in receptors):
        refuse(
            op,
            f"synapse model '{model.name}' needs a receptor with a time constant; "
            f"'{op.receptor}' has none",
        )
    explicit = _check_connector(op, pre, post)
    values: dict[str, Attribute] = {"weight": op.weight, "delay": op.delay}
    for name, value in op.parameters.data.items():
        if name not in model.parameters:
            hint = did_you_mean(name, model.parameters)
            refuse(op, f"model '{model.name}' has no parameter '{name}'{hint}")
        values[f"parameter '{name}'"] = value
    _check_complete(op, op.parameters, model)
    for name, value in op.initial.data.items():
        if name not in model.states:
            hint = did_you_mean(name, model.states)
            refuse(op, f"model '{model.name}' has no state variable '{name}'{hint}")
        values[f"initial value '{name}'"] = value
    for what, value in values.items():
        _check_edge_value(op, what, value, (pre.size, post.size), explicit)
    if isinstance(op.weight, FloatAttr):
        _check_weight(op, op.weight.value.data, receptors)
    if isinstance(op.delay, FloatAttr):
        check_delay(op, op.delay.value.data, scope.dt)


def receptors_of(op: ProjectionOp, scope: Scope) -> list[ReceptorInfo]:
    """Return the receptor that a projection acts on, for each postsynaptic population."""
    pre, post = scope.group(op, op.pre), scope.group(op, op.post)
    synapse = scope.model(op, op.synapse, "synapse")
    if synapse.couples:
        return _coupled_ports(op, synapse, (pre, post), scope)
    found = []
    for population in post.populations:
        known = scope.model(population, population.model, "cell").receptors
        if op.receptor not in known:
            hint = did_you_mean(op.receptor, known) or "; it has none"
            refuse(op, f"model '{population.model}' has no receptor '{op.receptor}'{hint}")
        found.append(known[op.receptor])
    return found


def _coupled_ports(
    op: ProjectionOp, model: ModelInfo, sides: tuple[Group, Group], scope: Scope
) -> list[ReceptorInfo]:
    """Check that cells on both sides have the port and the states that a coupling needs."""
    pairs = zip(SIDES, sides, strict=True)
    for side, population in ((name, p) for name, group in pairs for p in group.populations):
        cell = scope.model(population, population.model, "cell")
        if cell.port != op.receptor and (side == "post" or not model.one_way):
            found = f"its port is '{cell.port}'" if cell.port else "it takes no current"
            refuse(
                op,
                f"'{model.name}' couples through the port '{op.receptor}', which model "
                f"'{cell.name}' does not have; {found}",
            )
        for name, (unit, read_on) in model.reads.items():
            if side not in read_on:
                continue
            state = cell.states.get(name)
            if state is None:
                hint = did_you_mean(name, cell.states)
                refuse(op, f"'{model.name}' reads '{name}', which '{cell.name}' lacks{hint}")
            if parse_unit(state.unit).exponents != parse_unit(unit).exponents:
                refuse(
                    op,
                    f"'{model.name}' reads '{name}' in {unit}; '{cell.name}' has it in "
                    f"{state.unit}",
                )
    return [ReceptorInfo(op.receptor, "uS", None)]


def _check_connector(op: ProjectionOp, pre: Group, post: Group) -> int | None:
    """Check the options; return the number of connections of an explicit list."""
    connector, options = op.connector.connector.data, op.connector.options.data
    if connector not in CONNECTORS:
        refuse(op, f"unknown connector '{connector}'{did_you_mean(connector, CONNECTORS.names())}")
    for name, value in options.items():
        if isinstance(value, FloatAttr) and math.isnan(value.value.data):
            refuse(op, f"option '{name}' of connector '{connector}' is NaN")
        if isinstance(value, ArrayHandleAttr) and value.data.dtype == "bool":
            _check_shape(op, f"option '{name}'", value, (pre.size, post.size), "bool")
    lists = [options.get(side) for side in ("pre", "post")]
    sizes = [v.data.shape for v in lists if isinstance(v, ArrayHandleAttr)]
    if not sizes:
        return None
    if len(sizes) != 2 or sizes[0] != sizes[1] or len(sizes[0]) != 1:
        refuse(op, "options 'pre' and 'post' must be lists of the same length")
    return sizes[0][0]


def _check_edge_value(
    op: ProjectionOp, what: str, value: Attribute, shape: tuple[int, int], explicit: int | None
) -> None:
    _check_kind(op, what, value, FloatAttr, ArrayHandleAttr, RandomAttr, DistanceAttr)
    if isinstance(value, ArrayHandleAttr):
        listed = explicit is not None and len(value.data.shape) == 1
        expected = (explicit,) if listed and explicit is not None else shape
        _check_shape(op, what, value, expected)


def _check_weight(op: ProjectionOp, weight: float, receptors: list[ReceptorInfo]) -> None:
    if not math.isfinite(weight):
        refuse(op, f"weight is not finite; found {weight:g}")
    low, high = weight_limits(receptors)
    if not low <= weight <= high:
        refuse(op, wrong_sign(op.receptor, weight, low))


def weight_limits(receptors: list[ReceptorInfo]) -> tuple[float, float]:
    """Return the lowest and the highest weight that fits receptors of one name.

    A conductance is never negative; currents and voltage steps excite above and inhibit below 0.
    """
    low, high = -math.inf, math.inf
    for receptor in receptors:
        if receptor.is_conductance or receptor.name == "excitatory":
            low = 0.0
        elif receptor.name == "inhibitory":
            high = 0.0
    return low, high


def wrong_sign(receptor: str, weight: float, low: float) -> str:
    """Return the message about a weight outside `weight_limits`."""
    expected = "0 or above" if low == 0.0 else "0 or below"
    what = f"weight has the wrong sign for receptor '{receptor}'"
    return f"{what}; found {weight:g}, expected {expected}"


def check_delay(op: ProjectionOp, delay: float, dt: float) -> None:
    """Refuse a delay that does not round to at least one step."""
    if math.isnan(delay) or math.isinf(delay):
        refuse(op, f"delay is not finite; found {delay:g}")
    if delay <= 0.0:
        refuse(op, f"delay must be positive; found {delay:g} ms")
    if delay < 0.5 * dt:
        refuse(op, f"delay is shorter than a step; found {delay:g} ms, time step {dt:g} ms")


def _check_source(op: SourceOp) -> None:
    known = CURRENT_SOURCES.get(op.kind)
    if known is None:
        refuse(
            op,
            f"unknown kind of current source '{op.kind}'{did_you_mean(op.kind, CURRENT_SOURCES)}",
        )
    for name, value in op.parameters.data.items():
        if name not in known:
            refuse(
                op,
                f"current source '{op.kind}' has no parameter '{name}'{did_you_mean(name, known)}",
            )
        array = known[name] is None
        _check_kind(op, f"parameter '{name}'", value, ArrayHandleAttr if array else FloatAttr)
    arrays = [op.parameters.data.get(name) for name, default in known.items() if default is None]
    sizes = [v.data.shape for v in arrays if isinstance(v, ArrayHandleAttr)]
    if arrays and (len(sizes) != len(arrays) or len(set(sizes)) > 1 or len(sizes[0]) != 1):
        refuse(op, "'times' and 'amplitudes' must be lists of the same length")


def _check_inject(op: InjectOp, scope: Scope) -> None:
    scope.find(op, op.source, SourceOp)
    for population in scope.group(op, op.target).populations:
        if not scope.model(population, population.model, "cell").injectable:
            refuse(op, f"cells of model '{population.model}' take no current")


def _check_record(op: RecordOp, scope: Scope) -> None:
    scope.find(op, op.target, PopulationOp, ViewOp)
    for population in scope.group(op, op.target).populations:
        known = scope.model(population, population.model, "cell").recordables
        for variable in op.variables:
            if variable not in known:
                hint = did_you_mean(variable, known)
                refuse(op, f"model '{population.model}' has no variable '{variable}'{hint}")
    steps = op.sampling_interval / scope.dt
    if not (math.isfinite(steps) and steps > 0.5 and abs(steps - round(steps)) < 1e-6 * steps):
        refuse(
            op,
            f"sampling interval must be a multiple of the time step; "
            f"found {op.sampling_interval:g} ms, time step {scope.dt:g} ms",
        )
