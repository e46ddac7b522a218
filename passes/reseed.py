"""`reseed`: another network of the same kind, by other random numbers everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, i64
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn
from snnc.ir.dialects.snn_values import ConnectorAttr, RandomAttr
from snnc.ir.values import Random

_PERIOD = 2**63


@dataclass(frozen=True)
class ReseedPass(ModulePass):
    """Add `by` to the seed of every network, and to those that values and connectors have."""

    name = "reseed"

    by: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Change the seeds."""
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                for inner in network.walk():
                    for name, value in inner.properties.items():
                        inner.properties[name] = self._changed(value)
                network.properties["seed"] = self._seed(network.seed)

    def _seed(self, seed: int) -> IntegerAttr:
        return IntegerAttr((seed + self.by) % _PERIOD, i64)

    def _changed(self, value: Attribute) -> Attribute:
        match value:
            case RandomAttr() if value.data.seed is not None:
                one = value.data
                return RandomAttr(
                    Random(one.name, one.params, (value.data.seed + self.by) % _PERIOD)
                )
            case DictionaryAttr():
                return DictionaryAttr({key: self._changed(v) for key, v in value.data.items()})
            case ConnectorAttr():
                options = {key: self._changed(v) for key, v in value.options.data.items()}
                seed = options.get("seed")
                if isinstance(seed, IntegerAttr):
                    options["seed"] = self._seed(seed.value.data)
                return ConnectorAttr(value.connector, DictionaryAttr(options))
        return value
