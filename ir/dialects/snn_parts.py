"""What operations of the `snn` dialect have in common: their readable form, and a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from xdsl.dialects.builtin import StringAttr, SymbolNameConstraint
from xdsl.ir import Attribute, Region
from xdsl.irdl import IRDLOperation, opt_prop_def, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnc.ir.dialects.snn_text import Clause


class Readable(IRDLOperation):
    """Base of the operations of this dialect; properties that are None are left out.

    `FORM` lists the clauses of the readable form in their order.
    """

    FORM: ClassVar[tuple[Clause, ...]]

    def __init__(self, regions: Sequence[Region] = (), **properties: Attribute | None) -> None:
        given = {key: value for key, value in properties.items() if value is not None}
        super().__init__(properties=given, regions=regions)

    @classmethod
    def parse(cls, parser: Parser) -> Any:
        """Parse the readable form."""
        properties: dict[str, Attribute] = {}
        for clause in cls.FORM:
            clause.read(parser, properties)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(cls._parse_regions(parser), **properties)
        if attributes is not None:
            op.attributes.update(attributes.data)
        return op

    @classmethod
    def _parse_regions(cls, parser: Parser) -> list[Region]:
        return []

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        for clause in self.FORM:
            clause.write(printer, self.properties)
        printer.print_op_attributes(self.attributes, print_keyword=True)


class NamedOperation(Readable):
    """Base of the operations that others refer to by name."""

    sym_name = prop_def(SymbolNameConstraint())
    label_ = opt_prop_def(StringAttr, prop_name="label")

    @property
    def symbol(self) -> str:
        """The name by which others refer to this operation."""
        return self.sym_name.data

    @property
    def label(self) -> str:
        """The user's name for it; the symbol if there is none."""
        return self.symbol if self.label_ is None else self.label_.data
