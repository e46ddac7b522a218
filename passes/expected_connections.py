"""About how many connections a projection has, from the options of its connector."""

from __future__ import annotations

from xdsl.dialects.builtin import DictionaryAttr, FloatAttr, IntegerAttr

from snnc.ir.dialects import snn


def expected_connections(projection: snn.ProjectionOp, n_pre: int, n_post: int) -> float:
    """Return the expected number of connections, or 0 where the options do not tell.

    Parameters
    ----------
    projection : snn.ProjectionOp
        The projection.
    n_pre, n_post : int
        Numbers of cells on its sides.
    """
    options = projection.connector.options
    match projection.connector.connector.data:
        case "all_to_all":
            return float(n_pre * n_post)
        case "fixed_probability":
            return _number(options, "p_connect") * n_pre * n_post
        case "fixed_number_pre":
            return _number(options, "n") * n_post
        case "fixed_number_post":
            return _number(options, "n") * n_pre
        case "fixed_total_number":
            return _number(options, "n")
    return 0.0


def _number(options: DictionaryAttr, name: str) -> float:
    value = options.data.get(name)
    return float(value.value.data) if isinstance(value, FloatAttr | IntegerAttr) else 0.0
