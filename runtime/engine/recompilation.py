"""A change between runs that the compiled kernels cannot take."""

from __future__ import annotations

from snnc.ir.diagnostics import SnncError
from snnc.ir.values import Value


class NeedsRecompilation(SnncError):
    """A value that kernels take as one number became different from cell to cell.

    Raised before anything is changed. The frontend compiles the network anew with the value and
    carries the state over.

    Attributes
    ----------
    owner, name : str
        The population or projection, and its parameter.
    value : Value
        The value that was to be set.
    """

    def __init__(self, owner: str, name: str, value: Value) -> None:
        super().__init__(
            f"internal error: '{name}' of '{owner}' is one number in the compiled kernels"
        )
        self.owner = owner
        self.name = name
        self.value = value
