"""Lists of spikes, filled into a network."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import DictionaryAttr

from snnc.ir.diagnostics import UserError
from snnc.ir.dialects.snn import PopulationOp
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.resources import ResourceTable, encode
from snnc.ir.text import Document
from snnc.ir.values import Sequences


def empty_lists(document: Document) -> dict[str, str]:
    """Return the populations of listed spikes without a list, and which cells each replays.

    Returns
    -------
    dict of str to str
        By the symbol of the population: that of the population it stands for, or its own.
    """
    models = models_of(document.module)
    found = {}
    for op in document.network.symbols().values():
        if isinstance(op, PopulationOp):
            times = describe_model(models[op.model]).times
            if times is not None and times not in op.parameters.data:
                found[op.symbol] = op.stands_for or op.symbol
    return found


def fill_lists(document: Document, trains: Mapping[str, Sequences]) -> None:
    """Give populations of listed spikes their lists.

    Parameters
    ----------
    document : Document
        A network; changed in place.
    trains : mapping of str to Sequences
        By the symbol of the population: the times in ms of each of its cells.

    Raises
    ------
    UserError
        A population that is not one of listed spikes, or has another number of cells.
    """
    models, symbols = models_of(document.module), document.network.symbols()
    table = ResourceTable(document.resources)
    for symbol, sequences in trains.items():
        op = symbols.get(symbol)
        times = describe_model(models[op.model]).times if isinstance(op, PopulationOp) else None
        if not isinstance(op, PopulationOp) or times is None:
            raise UserError(f"'@{symbol}' is no population of listed spikes")
        if len(sequences) != op.size:
            raise UserError(f"{len(sequences)} lists for the {op.size} cells of '@{symbol}'")
        value = encode(sequences, table, f"{symbol}.{times}")
        op.properties["parameters"] = DictionaryAttr({**op.parameters.data, times: value})
