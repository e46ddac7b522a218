"""What passes get beside the module: its arrays, and the means to make synapses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol

import numpy as np
from xdsl.context import Context

from snnc.ir.context import register_dialects
from snnc.ir.diagnostics import OptionError
from snnc.ir.resources import ResourceTable
from snnc.ir.text import Document


class Synapses(Protocol):
    """The synapses of a projection, sorted by (pre, post, ordinal)."""

    @property
    def pre(self) -> np.ndarray:
        """Positions of presynaptic cells in the projection's own selection, shape (m,)."""
        ...

    @property
    def post(self) -> np.ndarray:
        """Positions of postsynaptic cells in the projection's own selection, shape (m,)."""
        ...

    @property
    def values(self) -> Mapping[str, np.ndarray]:
        """Weight, delay (ms) and parameters, each of shape (m,), in declared units."""
        ...


Connect = Callable[[Document], Mapping[str, Synapses]]
"""Makes the synapses of all projections of a network, by their symbols."""


def cannot_connect(document: Document) -> NoReturn:
    """Refuse to make synapses."""
    raise OptionError(f"nothing here makes the synapses of '{document.filename}'")


class PassContext(Context):
    """The context of passes that snnc runs.

    Parameters
    ----------
    document : Document
        What is rewritten; passes may add to its arrays.
    connect : callable
        Makes the synapses of a network.
    """

    def __init__(self, document: Document, connect: Connect = cannot_connect) -> None:
        super().__init__()
        register_dialects(self)
        self.document = document
        self.arrays = ResourceTable(document.resources)
        self.connect = connect


def pass_context(ctx: Context) -> PassContext:
    """Return the context as a pass needs it that reads or adds arrays.

    Raises
    ------
    OptionError
        If the pass is run by something that has no arrays.
    """
    if not isinstance(ctx, PassContext):
        raise OptionError("this pass needs the arrays of the network; run it with 'snnc opt'")
    return ctx


def arrays_of(ctx: Context) -> Mapping[str, np.ndarray]:
    """Return the arrays beside the module by name; none where a tool of xDSL's runs the passes."""
    return ctx.document.resources if isinstance(ctx, PassContext) else {}
