"""`walk-packets`: send the packets of every slice through the tables; compare where they arrive.

This knows routers and the network, not the trees: at each chip the first entry that matches counts,
and a packet that none matches goes straight on. All keys of a slice are sent at once, so an entry
that matches some of them only is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import Chip
from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import map as mapping
from snnc.ir.locations import location_of
from snnc.passes.spinnaker.reading import mapping_of

Neighbours = Mapping[Chip, Mapping[int, Chip]]


class Table:
    """The entries of a chip, as arrays that are compared with a key at once."""

    def __init__(self, entries: Sequence[mapping.EntryOp]) -> None:
        self._entries = entries
        self._keys = np.array([entry.key for entry in entries], np.int64)
        self._masks = np.array([entry.mask for entry in entries], np.int64)
        self.routes = [(entry.links, entry.cores) for entry in entries]

    def first_match(self, key: mapping.KeyOp) -> int | None:
        """Return the number of the first entry that matches the keys of a slice, if one does."""
        matches = np.flatnonzero(((self._keys ^ key.key) & self._masks & key.mask) == 0)
        if not len(matches):
            return None
        first = int(matches[0])
        if self._masks[first] & ~key.mask:
            _refuse(
                self._entries[first], f"an entry matches some of the keys of '@{key.slice}' only"
            )
        return first


@dataclass(frozen=True)
class WalkPacketsPass(ModulePass):
    """Refuse tables that do not deliver packets to the cores, once each, that need them."""

    name = "walk-packets"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Walk the packets of every slice; nothing is changed."""
        found = mapping_of(op)
        tables = {table.at: Table(table.entries) for table in found.tables}
        targets = found.targets()
        for one in found.senders:
            aims = {found.places[core] for core in targets[one.symbol]}
            key = found.keys.get(one.symbol)
            if key is None:
                arrived = set()
            else:
                source = found.places[one.core][:2]
                arrived = _walk(key, source, tables, found.neighbours)
            _compare(found.op, one.symbol, arrived, aims)


def _compare(
    op: mapping.MappingOp, symbol: str, arrived: set[mapping.Place], aims: set[mapping.Place]
) -> None:
    if missing := aims - arrived:
        _refuse(op, f"packets of '@{symbol}' do not reach core {min(missing)}")
    if extra := arrived - aims:
        _refuse(op, f"packets of '@{symbol}' reach core {min(extra)}, where no synapse is")


def _walk(
    key: mapping.KeyOp, source: Chip, tables: Mapping[Chip, Table], neighbours: Neighbours
) -> set[mapping.Place]:
    """Return the cores that the packets of a slice arrive at."""
    arrived: set[mapping.Place] = set()
    seen: set[Chip] = set()
    todo: list[tuple[Chip, int | None]] = [(source, None)]
    while todo:
        chip, travelled = todo.pop()
        if chip in seen:
            _refuse(key, f"packets of '@{key.slice}' come to chip {chip} twice")
        seen.add(chip)
        table = tables.get(chip)
        match = None if table is None else table.first_match(key)
        if table is not None and match is not None:
            links, cores = table.routes[match]
            arrived |= {(*chip, core) for core in cores}
        elif travelled is not None:
            links = (travelled,)
        else:
            _refuse(key, f"no entry of chip {chip} matches the keys of its own '@{key.slice}'")
        for link in links:
            end = neighbours[chip].get(link)
            if end is None:
                _refuse(key, f"packets of '@{key.slice}' leave the machine at chip {chip}")
            todo.append((end, link))
    return arrived


def _refuse(op: Operation, message: str) -> NoReturn:
    raise ModelError(message, location_of(op))
