"""Verifier rules of the `map` dialect: a mapping against the machine it names and the network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_delays import Sender, senders_of
from snnc.ir.dialects.map_delays_rules import check_extensions
from snnc.ir.dialects.map_weights_rules import check_rings, check_units, check_weights
from snnc.ir.links import LINKS
from snnc.ir.locations import refuse
from snnc.ir.model_info import MODELS, ModelInfo, describe_model

Chip = tuple[int, int]
Op = TypeVar("Op", bound=Operation)


@dataclass
class Scope:
    """What is known of a mapping while it is checked."""

    machine: mapping.MachineOp
    network: snn.NetworkOp
    models: dict[str, ModelInfo]
    chips: dict[Chip, int]
    cores: dict[str, mapping.CoreOp] = field(default_factory=dict)
    slices: dict[str, mapping.SliceOp] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    places: dict[str, mapping.Place] = field(default_factory=dict)


def check_mapping(op: mapping.MappingOp) -> None:
    """Refuse the first operation that breaks a rule."""
    ops = list(op.body.block.ops)
    scope = _scope(op, ops)
    for core in _of(ops, mapping.CoreOp):
        _declare(core, core.symbol, scope.cores)
        _check_dtcm(core, scope)
        _check_index(core, scope)
    for one in _of(ops, mapping.SliceOp):
        _declare(one, one.symbol, scope.slices)
        _check_slice(one, scope)
    _check_cover(op, scope)
    _check_sharing(scope)
    _check_counting(ops, scope)
    extensions = _of(ops, mapping.ExtensionOp)
    check_extensions(extensions, scope.cores, scope.slices, scope.network.symbols())
    scope.senders = senders_of(list(scope.slices.values()), extensions)
    _check_places(_of(ops, mapping.PlaceOp), scope)
    _check_keys(_of(ops, mapping.KeyOp), scope)
    for tree in _of(ops, mapping.TreeOp):
        _check_tree(tree, scope)
    _check_tables(_of(ops, mapping.TableOp), scope)


def _of(ops: Iterable[Operation], kind: type[Op]) -> list[Op]:
    return [op for op in ops if isinstance(op, kind)]


def _scope(op: mapping.MappingOp, ops: list[Operation]) -> Scope:
    """Return the machine and the network, which stands beside the mapping."""
    machines = _of(ops, mapping.MachineOp)
    if len(machines) != 1:
        refuse(op, f"a mapping is onto one machine; found {len(machines)}")
    module = op.parent_op()
    around = [] if module is None else [o for r in module.regions for b in r.blocks for o in b.ops]
    networks = {network.symbol: network for network in _of(around, snn.NetworkOp)}
    if op.network not in networks:
        refuse(op, f"unknown network '@{op.network}'{did_you_mean(op.network, networks)}")
    models = {one.label: describe_model(one) for one in around if isinstance(one, MODELS)}
    return Scope(machines[0], networks[op.network], models, machines[0].chips)


def _declare(op: Op, symbol: str, known: dict[str, Op]) -> None:
    if symbol in known:
        refuse(op, f"symbol '@{symbol}' is defined twice")
    known[symbol] = op


def _check_dtcm(core: mapping.CoreOp, scope: Scope) -> None:
    needed, there = core.dtcm.value.data, scope.machine.dtcm.value.data
    if needed > there:
        refuse(core, f"'@{core.symbol}' needs {needed} bytes of DTCM; a core has {there}")


def _check_index(core: mapping.CoreOp, scope: Scope) -> None:
    bits = scope.machine.ring_buffer_bits.value.data
    if len(core.index) not in (0, 3) or any(number < 0 for number in core.index):
        refuse(
            core,
            "an index has bits of a cell, a receptor and a delay slot, or none; found "
            f"{len(core.index)} numbers",
        )
    if sum(core.index) > bits:
        refuse(
            core, f"the index of '@{core.symbol}' has {sum(core.index)} bits; at most {bits} fit"
        )


def _check_slice(op: mapping.SliceOp, scope: Scope) -> None:
    population = scope.network.symbols().get(op.population)
    if not isinstance(population, snn.PopulationOp):
        refuse(op, f"unknown population '@{op.population}'")
    if not 0 <= op.first < op.last <= population.size:
        refuse(
            op,
            f"cells {op.first} to {op.last} are not in '@{op.population}', of {population.size}",
        )
    if op.core not in scope.cores:
        refuse(op, f"unknown core '@{op.core}'{did_you_mean(op.core, scope.cores)}")


def _check_cover(op: mapping.MappingOp, scope: Scope) -> None:
    """Every cell is in one slice."""
    ends: dict[str, int] = defaultdict(int)
    for one in sorted(scope.slices.values(), key=lambda one: one.first):
        if one.first != ends[one.population]:
            refuse(
                one,
                f"slices of '@{one.population}' must follow each other; found cell {one.first}, "
                f"expected {ends[one.population]}",
            )
        ends[one.population] = one.last
    for symbol, population in scope.network.symbols().items():
        if isinstance(population, snn.PopulationOp) and ends[symbol] != population.size:
            refuse(op, f"cells of '@{symbol}' from {ends[symbol]} on are on no core")


def _check_sharing(scope: Scope) -> None:
    """A core runs one program, on as many cells as it can hold."""
    symbols = scope.network.symbols()
    models: dict[str, str] = {}
    cells: dict[str, int] = defaultdict(int)
    limit = max(
        scope.machine.neurons_per_core.value.data, scope.machine.poisson_per_core.value.data
    )
    for one in scope.slices.values():
        population = symbols[one.population]
        assert isinstance(population, snn.PopulationOp)
        model = models.setdefault(one.core, population.model)
        if model != population.model:
            refuse(
                one,
                f"'@{one.core}' has cells of '@{model}'; found some of '@{population.model}': "
                "a core runs one model",
            )
        cells[one.core] += one.size
        if cells[one.core] > limit:
            refuse(one, f"'@{one.core}' has {cells[one.core]} cells; at most {limit} fit")
        index = scope.cores[one.core].index
        if index and cells[one.core] > 1 << index[0]:
            refuse(
                one,
                f"'@{one.core}' has {cells[one.core]} cells; its index of {index[0]} bits tells "
                f"{1 << index[0]} apart",
            )


def _check_counting(ops: list[Operation], scope: Scope) -> None:
    symbols = scope.network.symbols()
    check_units(_of(ops, mapping.CurrentUnitOp), symbols)
    rings = check_rings(
        _of(ops, mapping.RingOp), symbols, scope.models, list(scope.slices.values())
    )
    check_weights(_of(ops, mapping.WeightsOp), symbols, rings)


def _check_places(ops: list[mapping.PlaceOp], scope: Scope) -> None:
    taken: dict[mapping.Place, str] = {}
    sdram: dict[Chip, int] = defaultdict(int)
    there = scope.machine.sdram.value.data
    for op in ops:
        if op.core not in scope.cores:
            refuse(op, f"unknown core '@{op.core}'{did_you_mean(op.core, scope.cores)}")
        if op.core in scope.places:
            refuse(op, f"'@{op.core}' is placed twice")
        if len(op.at_.data) != 3:
            refuse(op, f"a place is x, y and core; found {len(op.at_.data)} numbers")
        _check_core(op, op.at, scope)
        if op.at in taken:
            refuse(op, f"core {op.at} is that of '@{taken[op.at]}'")
        taken[op.at] = op.core
        scope.places[op.core] = op.at
        sdram[op.at[:2]] += scope.cores[op.core].sdram.value.data
        if sdram[op.at[:2]] > there:
            refuse(op, f"chip {op.at[:2]} needs {sdram[op.at[:2]]} bytes of SDRAM; it has {there}")


def _check_core(op: Operation, at: mapping.Place, scope: Scope) -> None:
    x, y, p = at
    if (x, y) not in scope.chips:
        refuse(op, f"there is no chip ({x}, {y})")
    if not 1 <= p <= scope.chips[x, y]:
        refuse(op, f"there is no core {p} on chip ({x}, {y}); expected 1 to {scope.chips[x, y]}")


def _check_keys(ops: list[mapping.KeyOp], scope: Scope) -> None:
    bits, colours = scope.machine.key_bits.value.data, scope.machine.colour_bits.value.data
    all_ones = (1 << bits) - 1
    blocks: list[tuple[int, int, mapping.KeyOp]] = []
    for op in ops:
        if op.slice not in scope.senders:
            refuse(op, f"unknown slice '@{op.slice}'")
        free = ~op.mask & all_ones
        if op.mask > all_ones or op.key > all_ones:
            refuse(op, f"a key has {bits} bits; found {op.key:#x}, mask {op.mask:#x}")
        if free & (free + 1):
            refuse(op, f"the keys of a slice follow each other; found mask {op.mask:#010x}")
        if op.key & free:
            refuse(op, f"key {op.key:#010x} has ones where mask {op.mask:#010x} has none")
        needed = scope.senders[op.slice].size << colours
        if free + 1 < needed:
            refuse(op, f"'@{op.slice}' needs {needed} keys, {colours} colour bits among them; "
                   f"found {free + 1}")  # fmt: skip
        blocks.append((op.key, op.key + free, op))
    blocks.sort(key=lambda block: block[0])
    for (_, last, before), (first, _, op) in pairwise(blocks):
        if first <= last:
            refuse(op, f"keys of '@{op.slice}' are among those of '@{before.slice}'")


def _check_tree(op: mapping.TreeOp, scope: Scope) -> None:
    for symbol in op.slices:
        if symbol not in scope.senders:
            refuse(op, f"unknown slice '@{symbol}'")
    unplaced = [symbol for symbol in op.slices if scope.senders[symbol].core not in scope.places]
    if unplaced:
        refuse(op, f"'@{unplaced[0]}' is on a core that has no place")
    sources = {scope.places[scope.senders[symbol].core][:2] for symbol in op.slices}
    if len(sources) != 1:
        refuse(op, f"the slices of a tree are on one chip; found {len(sources)}")
    inside = _walked(op, sources, scope)
    for core in op.cores:
        _check_core(op, core, scope)
        if core[:2] not in inside:
            refuse(op, f"core {core} is not on the tree")


def _walked(op: mapping.TreeOp, sources: set[Chip], scope: Scope) -> set[Chip]:
    """Return the chips of a tree, each reached once."""
    below: dict[Chip, list[Chip]] = defaultdict(list)
    for x, y, link in op.links:
        _check_link(op, (x, y), link, scope)
        below[x, y].append((x + LINKS[link][0], y + LINKS[link][1]))
    inside, todo = set(sources), list(sources)
    while todo:
        for chip in below.pop(todo.pop(), ()):
            if chip in inside:
                refuse(op, f"the tree reaches chip {chip} twice")
            inside.add(chip)
            todo.append(chip)
    if below:
        refuse(op, f"the tree does not reach chip {min(below)}, whose links it has")
    return inside


def _check_link(op: Operation, chip: Chip, link: int, scope: Scope) -> None:
    if chip not in scope.chips:
        refuse(op, f"there is no chip {chip}")
    if not 0 <= link < len(LINKS):
        refuse(op, f"there is no link {link}; expected 0 to {len(LINKS) - 1}")
    if (chip[0] + LINKS[link][0], chip[1] + LINKS[link][1]) not in scope.chips:
        refuse(op, f"link {link} of chip {chip} leads nowhere")


def _check_tables(ops: list[mapping.TableOp], scope: Scope) -> None:
    limit = scope.machine.router_entries.value.data
    seen: set[Chip] = set()
    for op in ops:
        if op.at_.data not in scope.chips:
            refuse(op, f"there is no chip {op.at_.data}")
        if op.at in seen:
            refuse(op, f"chip {op.at} has two tables")
        seen.add(op.at)
        if len(op.entries) > limit:
            refuse(op, f"table of chip {op.at} has {len(op.entries)} entries; at most {limit} fit")
        for entry in op.entries:
            _check_entry(entry, op.at, scope)


def _check_entry(op: mapping.EntryOp, chip: Chip, scope: Scope) -> None:
    if op.key & ~op.mask:
        refuse(op, f"key {op.key:#010x} has ones where mask {op.mask:#010x} has none")
    for link in op.links:
        _check_link(op, chip, link, scope)
    for core in op.cores:
        _check_core(op, (*chip, core), scope)
