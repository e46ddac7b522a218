"""A mapping as plain Python: what the passes after the partition read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects.builtin import ModuleOp

from snnc.hardware.spinnaker import Chip
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_delays import Sender, senders_of
from snnc.ir.dialects.map_weights import CurrentUnitOp
from snnc.ir.links import LINKS
from snnc.passes.one_network import network_of
from snnc.passes.spinnaker.connections import Span, reaches_of


@dataclass(frozen=True)
class Mapping:
    """What has been decided so far; lists of operations are read when first asked for."""

    op: mapping.MappingOp
    network: snn.NetworkOp

    @cached_property
    def machine(self) -> mapping.MachineOp:
        """The machine."""
        return self.op.decided(mapping.MachineOp, "partition-cores")[0]

    @cached_property
    def slices(self) -> list[mapping.SliceOp]:
        """The slices."""
        return self.op.decided(mapping.SliceOp, "partition-cores")

    @cached_property
    def extensions(self) -> list[mapping.ExtensionOp]:
        """The cores that send packets again; none where delays are short."""
        return self.op.parts(mapping.ExtensionOp)

    @cached_property
    def senders(self) -> list[Sender]:
        """The slices, and the extensions."""
        return list(senders_of(self.slices, self.extensions).values())

    @cached_property
    def cores(self) -> list[mapping.CoreOp]:
        """The cores."""
        return self.op.decided(mapping.CoreOp, "partition-cores")

    @cached_property
    def places(self) -> dict[str, mapping.Place]:
        """Where each core is."""
        return {op.core: op.at for op in self.op.decided(mapping.PlaceOp, "place-cores")}

    @cached_property
    def trees(self) -> list[mapping.TreeOp]:
        """The trees; none where all packets stay unheard."""
        return self.op.parts(mapping.TreeOp)

    @cached_property
    def _sender_cores(self) -> dict[str, str]:
        return {one.symbol: one.core for one in self.senders}

    def home(self, tree: mapping.TreeOp) -> Chip:
        """Return the chip that the packets of a tree come from."""
        return self.places[self._sender_cores[tree.slices[0]]][:2]

    @property
    def current_bits(self) -> dict[str, int]:
        """The bits of the populations whose currents do not count in nA."""
        return {op.population: op.bits for op in self.op.parts(CurrentUnitOp)}

    @cached_property
    def keys(self) -> dict[str, mapping.KeyOp]:
        """The key of each slice that sends packets."""
        return {op.slice: op for op in self.op.parts(mapping.KeyOp)}

    @cached_property
    def tables(self) -> list[mapping.TableOp]:
        """The routing tables."""
        return self.op.parts(mapping.TableOp)

    @cached_property
    def neighbours(self) -> dict[Chip, dict[int, Chip]]:
        """The chip at the other end of each link of each chip."""
        chips = self.machine.chips
        ends = {
            (x, y): {link: (x + dx, y + dy) for link, (dx, dy) in enumerate(LINKS)}
            for x, y in chips
        }
        return {
            chip: {link: end for link, end in links.items() if end in chips}
            for chip, links in ends.items()
        }

    def targets(self) -> dict[str, frozenset[str]]:
        """Return the cores that the packets of each slice and extension must reach."""
        pieces: dict[str, list[mapping.SliceOp]] = {}
        for one in self.slices:
            pieces.setdefault(one.population, []).append(one)
        found: dict[str, set[str]] = {one.symbol: set() for one in self.senders}
        later: dict[tuple[str, str], str] = {}
        for one in self.extensions:
            found[one.slice].add(one.core)
            later.update({(one.slice, name): one.symbol for name in one.projections})
        cores: dict[Span, set[str]] = {}
        for reach in reaches_of(self.network):
            for source in pieces[reach.pre.population]:
                if reach.pre.overlaps(source.first, source.last):
                    post = reach.targets(source.first, source.last)
                    if post not in cores:
                        cores[post] = _cores(pieces[post.population], post)
                    found[source.symbol] |= cores[post]
                    if late := later.get((source.symbol, reach.projection.symbol)):
                        found[late] |= cores[post]
        shared: dict[frozenset[str], frozenset[str]] = {}
        return {
            symbol: shared.setdefault(frozenset(aims), frozenset(aims))
            for symbol, aims in found.items()
        }


def _cores(slices: Sequence[mapping.SliceOp], span: Span) -> set[str]:
    return {one.core for one in slices if span.overlaps(one.first, one.last)}


def mapping_of(module: ModuleOp) -> Mapping:
    """Return the mapping of a module.

    Raises
    ------
    OptionError
        If there is none.
    """
    found = [op for op in module.body.block.ops if isinstance(op, mapping.MappingOp)]
    if len(found) != 1:
        raise OptionError(
            f"expected one mapping; found {len(found)}; pass 'partition-cores' makes it"
        )
    return Mapping(found[0], network_of(module))
