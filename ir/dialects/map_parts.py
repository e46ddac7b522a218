"""What operations of the `map` dialect have in common: a name, what they are about, keys."""

from __future__ import annotations

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, SymbolNameConstraint
from xdsl.irdl import IRDLOperation, prop_def

from snnc.ir.dialects.map_values import WordAttr


class Named(IRDLOperation):
    """Base of the operations that others refer to by name."""

    sym_name = prop_def(SymbolNameConstraint())

    @property
    def symbol(self) -> str:
        """The name by which others refer to this operation."""
        return self.sym_name.data


class OfPopulation(IRDLOperation):
    """Base of the operations that are about a population."""

    population_ = prop_def(FlatSymbolRefAttrConstr, prop_name="population")

    @property
    def population(self) -> str:
        """Symbol of the population."""
        return self.population_.root_reference.data


class OfSlice(IRDLOperation):
    """Base of the operations that are about a slice."""

    slice_ = prop_def(FlatSymbolRefAttrConstr, prop_name="slice")

    @property
    def slice(self) -> str:
        """Symbol of the slice."""
        return self.slice_.root_reference.data


class OnCore(IRDLOperation):
    """Base of the operations that are about a core."""

    core_ = prop_def(FlatSymbolRefAttrConstr, prop_name="core")

    @property
    def core(self) -> str:
        """Symbol of the core."""
        return self.core_.root_reference.data


class KeyBlock(IRDLOperation):
    """Base of the operations that are about keys that equal `key` where `mask` has ones."""

    key_ = prop_def(WordAttr, prop_name="key")
    mask_ = prop_def(WordAttr, prop_name="mask")

    @property
    def key(self) -> int:
        """What keys equal where `mask` has ones."""
        return self.key_.data

    @property
    def mask(self) -> int:
        """Ones where keys are compared."""
        return self.mask_.data
