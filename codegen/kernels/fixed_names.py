"""Names of the values of a cell in fixed point, in texts."""

from __future__ import annotations

from keyword import iskeyword

from xdsl.ir import SSAValue

from snnc.ir.dialects import fx

_TAKEN = {"n", "i", "k", "p", "dt", "np", "select", "philox", "fired", "first_id", "key0", "key1"}


class Names:
    """Names of values, after those that they have in the text of the IR.

    Parameters
    ----------
    cell : fx.CellOp
        The cell.

    Attributes
    ----------
    constants : dict of str to SSAValue
        What the update reads of what is computed once.
    """

    def __init__(self, cell: fx.CellOp) -> None:
        self._names: dict[SSAValue, str] = {}
        self._used = set(_TAKEN)
        self.constants: dict[str, SSAValue] = {}
        inside = list(cell.update.body.block.ops)
        for op in [*cell.body.block.ops, *inside]:
            for result in op.results:
                self._names[result] = self.fresh(result.name_hint or "value")
        own = {result for op in inside for result in op.results}
        for op in inside:
            for operand in op.operands:
                if operand not in own:
                    self.constants[self.of(operand)] = operand

    def of(self, value: SSAValue) -> str:
        """Return the name of a value."""
        return self._names[value]

    def fresh(self, hint: str) -> str:
        """Return a name that is not in use, and that resembles `hint`."""
        base = f"{hint}_" if iskeyword(hint) else hint
        name, number = base, 1
        while name in self._used:
            name, number = f"{base}_{number}", number + 1
        self._used.add(name)
        return name
