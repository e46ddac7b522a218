"""From PyNESTML's expressions, units and types to ours."""

from __future__ import annotations

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.diagnostics import Location, UnitError, UnsupportedError, did_you_mean
from snnc.ir.units import Unit
from snnc.nestml.elements import Type
from snnc.nestml.parsing import Ast, place
from snnc.nestml.units import UNITS, unit_named

_ARITHMETIC = {
    "is_times_op": "*", "is_div_op": "/", "is_plus_op": "+", "is_minus_op": "-", "is_pow_op": "^",
}  # fmt: skip
_COMPARE = {
    "is_lt": "<", "is_le": "<=", "is_eq": "==", "is_ne": "!=", "is_ne2": "!=", "is_ge": ">=",
    "is_gt": ">",
}  # fmt: skip
_LOGIC = {"is_logical_and": "and", "is_logical_or": "or"}
_COMPOUND = {
    "is_compound_sum": "+", "is_compound_minus": "-", "is_compound_product": "*",
    "is_compound_quotient": "/",
}  # fmt: skip
INFINITY = 1e300
"""What stands for ``inf``: the IR's numbers are finite."""
TRUE = Operation("==", (Number(0.0), Number(0.0)))
FALSE = Operation("!=", (Number(0.0), Number(0.0)))


def full_name(variable: Ast) -> str:
    """Return the name of a variable with its primes."""
    return variable.get_complete_name()


def expression(tree: Ast, file: str) -> Node:
    """Return an expression of PyNESTML as ours; ``'``-names are names.

    Raises
    ------
    UnsupportedError
        For operators on bits, strings, vectors and delayed variables.
    """
    if hasattr(tree, "is_boolean_true"):
        return _simple(tree, file)
    at = place(tree, file)
    if tree.is_ternary_operator():
        parts = (tree.get_condition(), tree.get_if_true(), tree.get_if_not())
        return Call("select", tuple(expression(part, file) for part in parts))
    if tree.is_compound_expression():
        sides = expression(tree.get_lhs(), file), expression(tree.get_rhs(), file)
        return Operation(_sign(tree.get_binary_operator(), at), sides)
    inner = expression(tree.get_expression(), file)
    if tree.is_logical_not:
        return Operation("not", (inner,))
    operator = tree.get_unary_operator()
    if operator is not None and operator.is_unary_tilde:
        raise UnsupportedError("the operator '~'", at)
    return Operation("-", (inner,)) if operator is not None and operator.is_unary_minus else inner


def _sign(operator: Ast, at: Location) -> str:
    for table in (_ARITHMETIC, _COMPARE, _LOGIC):
        for flag, sign in table.items():
            if getattr(operator, flag, False):
                return sign
    raise UnsupportedError(f"the operator '{operator}'", at)


def _simple(tree: Ast, file: str) -> Node:
    at = place(tree, file)
    if tree.is_function_call():
        call = tree.get_function_call()
        arguments = tuple(expression(a, file) for a in call.get_args())
        return Call(call.get_name(), arguments)
    if tree.get_has_delay():
        raise UnsupportedError("a delayed variable", at)
    if tree.is_inf_literal:
        return Number(INFINITY)
    if tree.is_boolean_true or tree.is_boolean_false:
        return TRUE if tree.is_boolean_true else FALSE
    variable = tree.get_variable()
    if variable is not None and variable.get_vector_parameter() is not None:
        raise UnsupportedError("an element of a vector", at)
    if tree.get_numeric_literal() is not None:
        unit = None if tree.unitType is None else unit_text(tree.unitType, file)
        return Number(float(tree.get_numeric_literal()), unit)
    if variable is None:
        raise UnsupportedError("a string", at)
    return Name(full_name(variable))


def updated(tree: Ast, name: str, value: Node, at: Location) -> Node:
    """Return what an assignment, perhaps a compound one, assigns to `name`."""
    if tree.is_direct_assignment:
        return value
    for flag, sign in _COMPOUND.items():
        if getattr(tree, flag):
            return Operation(sign, (Name(name), value))
    raise UnsupportedError("an integer division", at)


def type_of(tree: Ast, file: str) -> Type:
    """Return a declared type."""
    if tree.is_unit_type():
        return Type(unit_of(tree.get_unit_type(), file))
    if tree.is_boolean:
        return Type(truth=True)
    if tree.is_string or tree.is_void:
        raise UnsupportedError("a string or void", place(tree, file))
    return Type()


def unit_of(tree: Ast, file: str) -> Unit:
    """Return a unit such as ``nS/ms`` or ``uS**2/ms``."""
    return unit_named(unit_text(tree, file))


def unit_text(tree: Ast, file: str) -> str:
    """Return a unit as names with powers, ``nS^1*ms^-1``."""
    powers: dict[str, int] = {}
    _collect(tree, 1, powers, file)
    return "*".join(f"{name}^{power}" for name, power in powers.items() if power)


def _collect(tree: Ast, power: int, powers: dict[str, int], file: str) -> None:
    if tree == 1:
        return
    at = place(tree, file)
    if tree.is_encapsulated:
        _collect(tree.compound_unit, power, powers, file)
    elif tree.is_pow:
        if tree.exponent is None or not float(tree.exponent).is_integer():
            raise UnsupportedError("a broken power of a unit", at)
        _collect(tree.base, power * int(tree.exponent), powers, file)
    elif tree.is_times or tree.is_div:
        _collect(tree.lhs, power, powers, file)
        _collect(tree.rhs, power if tree.is_times else -power, powers, file)
    elif tree.unit not in UNITS:
        raise UnitError(f"unknown unit '{tree.unit}'{did_you_mean(tree.unit, UNITS)}", at)
    else:
        powers[tree.unit] = powers.get(tree.unit, 0) + power
