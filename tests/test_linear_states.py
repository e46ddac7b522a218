"""Every state with a linear equation is solved exactly, in packaged models and in imported ones."""

from pathlib import Path

import pytest
from linear_states import systems

from snnc import model_library
from snnc.ir.dialects import dyn
from snnc.ir.text import parse
from snnc.nineml.network import read_network

DATA = Path(__file__).parent / "data"
WRITTEN = """
dyn.cell @cell {
  param tau : ms = 10.0
  param n : 1 = 2.0
  param e : mV = -65.0
  state v : mV = -65.0
  state u : mV/ms = 0.0
  state q : mV = 0.0
  current i : nA
  du/dt = -(v - e) / pow(tau, 2.0) - n * u / tau
  dv/dt = u + i / (tau * 1.0 [uS]) - (1.0 - exp(-n)) * (v - e) / tau
  dq/dt = (v * q / 1.0 [mV] - q) / tau
}
"""


def cells_of(document):
    return [op for op in document.module.body.block.ops if isinstance(op, dyn.CellOp)]


def names(cell):
    """Return the linear states by polynomials and by `solve`, in all regimes."""
    found = list(systems(cell))
    return [linear for _, linear in found], [set(system.linear) for system, _ in found]


@pytest.mark.parametrize("model", model_library.names())
def test_linear_states_of_packaged_models_are_solved_exactly(model):
    for cell in cells_of(parse(model_library.text(model))):
        by_polynomials, by_solve = names(cell)
        assert by_polynomials == by_solve


def test_linear_states_of_an_imported_network_are_solved_exactly():
    for cell in cells_of(read_network(DATA / "nineml" / "brunel.xml")):
        by_polynomials, by_solve = names(cell)
        assert by_polynomials == by_solve


def test_functions_of_parameters_are_coefficients():
    (cell,) = cells_of(parse(WRITTEN))
    assert names(cell) == ([{"u", "v"}], [{"u", "v"}])
