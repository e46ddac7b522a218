"""What the codes of circuits stand for: a table of every population's parameters."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from snnc.codegen.analog_tables import Tables
from snnc.hardware.circuits import CircuitParameter, Circuits, Scaling, circuits_of
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.resources import decode

_MODEL_UNITS = {"time": "ms", "conductance": "uS", "current": "nA"}


def parameters_text(tables: Tables) -> str:
    """Return codes with their values, as JSON: by population and parameter.

    ``value`` is what a code stands for on the chip, ``model_value`` the same for the model, and
    ``model_step`` the distance to the next code there: rounding is by at most half of it.
    """
    circuits = circuits_of(tables.description)
    found = {op.of: _population(tables, op, circuits) for op in tables.of(CellsOp)}
    return json.dumps(found, indent=1)


def _population(tables: Tables, op: CellsOp, circuits: Circuits) -> dict[str, Any]:
    arrays = tables.document.resources
    capacity = decode(op.capacity, arrays)
    assert isinstance(capacity, float | np.ndarray)
    scale = Scaling(op.stretch, op.shift, circuits.speedup, capacity)
    found: dict[str, Any] = {
        "circuit": op.circuit,
        "speedup": circuits.speedup,
        "potential": {"stretch": op.stretch, "shift": op.shift},
        "parameters": {},
    }
    for name, attribute in op.codes.data.items():
        parameter = circuits.parameter(name)
        code = np.asarray(decode(attribute, arrays))
        found["parameters"][name] = _parameter(parameter, code, scale)
    return found


def _parameter(parameter: CircuitParameter, code: np.ndarray, scale: Scaling) -> dict[str, Any]:
    other = np.where(code + 1 < parameter.codes, code + 1, code - 1)
    here, there = (
        np.asarray(scale.to_model(parameter.kind, parameter.value(one))) for one in (code, other)
    )
    return {
        "code": code.tolist(),
        "value": parameter.value(code).tolist(),
        "unit": parameter.unit,
        "model_value": here.tolist(),
        "model_step": np.abs(there - here).tolist(),
        "model_unit": _MODEL_UNITS.get(parameter.kind, "mV"),
    }
