"""What the operations that are a whole model have in common."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from xdsl.dialects.builtin import StringAttr, SymbolNameConstraint
from xdsl.ir import Block, Region
from xdsl.irdl import IRDLOperation, opt_prop_def, prop_def, region_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface


class Model(IRDLOperation):
    """Base of models: a name, documentation, and a body of declarations with a text of its own.

    `TEXT` names the module with ``parse_model`` and ``print_model``, `RULES` the one with
    ``check_model``; they are imported when first needed, since they know the operations.
    """

    TEXT: ClassVar[str]
    RULES: ClassVar[str]

    sym_name = prop_def(SymbolNameConstraint())
    doc = opt_prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), NoTerminator(), IsolatedFromAbove())

    def __init__(
        self,
        label: str,
        body: Region | None = None,
        doc: str | None = None,
        **properties: Any,
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "doc": None if doc is None else StringAttr(doc),
                **properties,
            },
            regions=[body if body is not None else Region(Block())],
        )

    @property
    def label(self) -> str:
        """The name of the model."""
        return self.sym_name.data

    @classmethod
    def parse(cls, parser: Parser) -> Any:
        """Parse the readable form."""
        return import_module(cls.TEXT).parse_model(parser)

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        import_module(self.TEXT).print_model(self, printer)

    def verify_(self) -> None:
        """Check names, units and structure."""
        import_module(self.RULES).check_model(self)
