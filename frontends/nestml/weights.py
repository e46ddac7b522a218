"""The unit of the weights that a port takes.

NESTML's spikes carry pure numbers, which a model multiplies by a unit ("unit_psc pA = 1 pA"). That
unit is the unit of the weights.
"""

from __future__ import annotations

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.units import BASE, Unit
from snnc.nestml.elements import NUMBER, Model
from snnc.nestml.nodes import in_bodies, in_equations, parts, rebuilt
from snnc.nestml.units import UNITS, unit_named

_TIME = BASE.index("ms")


def weight_units(model: Model) -> dict[str, Unit]:
    """Return the unit of the weights of each port for spikes, 1 where it is not one unit."""
    found: dict[str, set[Unit]] = {port.name: set() for port in model.ports.values() if port.spikes}

    def internal(node: Node) -> Node | None:
        if isinstance(node, Name) and node.name in model.internals:
            value = model.internals[node.name].value
            return None if value is None else rebuilt(value, internal)
        return None

    for node in (*in_equations(model), *in_bodies(model)):
        _search(rebuilt(node, internal), (), found, model)
    return {name: units.pop() if len(units) == 1 else NUMBER for name, units in found.items()}


def _search(node: Node, units: tuple[Unit, ...], found: dict[str, set[Unit]], model: Model) -> None:
    match node:
        case Call(function="convolve", arguments=(_, Name(name=port))) if port in found:
            found[port].add(_only(units))
        case Name(name=port) if port in found:
            found[port].add(_only(units))
        case Operation(sign="*", operands=(left, right)):
            _search(left, (*units, *_units_in(right, model)), found, model)
            _search(right, (*units, *_units_in(left, model)), found, model)
        case Operation(sign="/", operands=(left, right)):
            _search(left, units, found, model)
            _search(right, (), found, model)
        case Operation(sign="+" | "-", operands=operands):
            for operand in operands:
                _search(operand, units, found, model)
        case _:
            for part in parts(node):
                _search(part, (), found, model)


def _only(units: tuple[Unit, ...]) -> Unit:
    return units[0] if len(units) == 1 else NUMBER


def _units_in(node: Node, model: Model) -> tuple[Unit, ...]:
    """Return the units of literals among the factors of a product; times are left out."""
    match node:
        case Number(unit=text) if text is not None:
            return _kept(unit_named(text))
        case Name(name=name) if name in UNITS and name not in model.variables:
            return _kept(UNITS[name])
        case Operation(sign="*", operands=(left, right)):
            return (*_units_in(left, model), *_units_in(right, model))
        case Operation(sign="/", operands=(left, _)):
            return _units_in(left, model)
        case Operation(sign="-", operands=(operand,)):
            return _units_in(operand, model)
    return ()


def _kept(unit: Unit) -> tuple[Unit, ...]:
    only_time = all(e == 0 for i, e in enumerate(unit.exponents) if i != _TIME)
    return () if only_time else (unit,)
