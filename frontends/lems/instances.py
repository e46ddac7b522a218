"""Cells that are instances of a component type, each with its own values of properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from snnc.importing.expressions import Node, parse_expression
from snnc.importing.quantities import Quantity
from snnc.importing.xml import Element, local_name
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.lems.arithmetic import value_of
from snnc.lems.library import Library, Written
from snnc.lems.part import Builder, Part
from snnc.lems.start import Start

INDEX = "index"
"""What expressions call the number of an instance."""


@dataclass(frozen=True)
class Instances:
    """``MultiInstantiate`` of a component type by a part, with what is assigned to each instance.

    `values` are expressions in the names of the part and of `INDEX`, by property.
    """

    kind: str
    maker: Part
    values: Mapping[str, Node]

    def part(self, library: Library, builder: Builder, network: Part | None) -> Part:
        """Return an instance, as a cell; its properties are parameters, as they differ."""
        if self.kind not in library.types:
            hint = did_you_mean(self.kind, library.types.elements)
            raise ModelError(f"unknown component type '{self.kind}'{hint}", self.maker.place)
        element, file = library.types.elements[self.kind]
        # An instance without attributes, which stands where its type does.
        empty = element.makeelement(self.kind)
        empty.sourceline = element.sourceline
        root = builder.part(Written(empty, file), network)
        root.is_cell = True
        for name in self.values:
            if name not in root.type.properties:
                hint = did_you_mean(name, root.type.properties)
                raise ModelError(f"'{self.kind}' has no property '{name}'{hint}", self.maker.place)
            declared = root.type.properties[name]
            dimension = library.dimension(declared.dimension, declared.place)
            root.values[name] = Quantity(0.0, dimension.exponents)
        return root

    def numbers(
        self, library: Library, uniform: Callable[[], float], size: int
    ) -> dict[str, np.ndarray]:
        """Return the values of each property in coherent units, of shape (size,)."""
        start, at = Start(library, uniform), self.maker.place

        def value(node: Node, index: int) -> float:
            return value_of(
                node,
                lambda name: float(index) if name == INDEX else start.of(self.maker, name, at),
                at,
                {"random": lambda limit: limit * uniform()},
            )

        return {
            name: np.array([value(node, index) for index in range(size)])
            for name, node in self.values.items()
        }


def instances_of(part: Part, step: Element) -> Instances | None:
    """Return the instances that ``MultiInstantiate`` of a part makes, None if of a component."""
    kind = step.get("componentType")
    if kind is None:
        return None
    values = {
        inner.get("property", ""): parse_expression(inner.get("value", ""), part.place)
        for inner in step
        if local_name(inner) == "Assign"
    }
    return Instances(kind, part, values)
