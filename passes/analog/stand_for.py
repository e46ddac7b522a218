"""The equations of circuits under the names that a user's cell model has for them."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import native
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.text import parse
from snnc.passes.native.references import reference_text

FAMILY = "analog"
"""Under which the equations of circuits are kept, as those of simulators are."""
_NAMING = ("sym_name", "state", "receptor", "variable")
"""Properties that hold the name of a state, a receptor or a current."""


class CircuitModels:
    """Cell models of circuits, added to a module when they are first asked for.

    Parameters
    ----------
    module : ModuleOp
        The module, with the ``native.match`` of each model that is a circuit.
    """

    def __init__(self, module: ModuleOp) -> None:
        self.module = module
        self._matches = {
            op.label: op for op in module.body.block.ops if isinstance(op, native.MatchOp)
        }
        self._made: dict[str, str] = {}

    def symbol(self, model: str, cells: CellsOp) -> str:
        """Return the model of circuits that stand for cells of another one.

        Raises
        ------
        UnsupportedError
            If states of the two are measured in other units.
        """
        if model not in self._made:
            self._made[model] = self._add(model, cells.circuit)
        return self._made[model]

    def _add(self, model: str, circuit: str) -> str:
        (op,) = models_of(parse(reference_text(FAMILY, circuit)).module).values()
        op.detach()
        names = _names(self._matches[model])
        for inner in op.walk():
            if inner is not op:
                _rename(inner, names)
        known = models_of(self.module)
        _check_units(model, known[model], op)
        symbol, count = f"{model}_circuit", 1
        while symbol in known:
            symbol, count = f"{model}_circuit_{count}", count + 1
        op.properties["sym_name"] = StringAttr(symbol)
        self.module.body.block.insert_op_after(op, known[model])
        return symbol


def _names(match: native.MatchOp) -> dict[str, str]:
    """Return the model's name of each state, receptor and current of the circuit."""
    names = {}
    for op in match.body.block.ops:
        if isinstance(op, native.StateOp | native.ReceptorOp):
            names[op.sym_name.data] = op.of.data
    return names


def _rename(op: Operation, names: dict[str, str]) -> None:
    for key in _NAMING:
        value = op.properties.get(key)
        if isinstance(value, StringAttr) and value.data in names:
            op.properties[key] = StringAttr(names[value.data])


def _check_units(label: str, model: Operation, circuit: Operation) -> None:
    theirs = describe_model(circuit).states
    for name, state in describe_model(model).states.items():
        if state.unit != theirs[name].unit:
            raise UnsupportedError(
                f"'{name}' of '{label}' is in {state.unit}; the emulation of circuits has it in "
                f"{theirs[name].unit}"
            )
