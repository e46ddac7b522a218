"""Reading elements of a NineML file: checked attributes, children, units and references."""

from __future__ import annotations

from collections.abc import Iterator

from snnc.importing.expressions import Node, parse_expression
from snnc.importing.quantities import Quantity, scaled, si_unit
from snnc.importing.xml import Element, local_name, place
from snnc.ir.diagnostics import Location, ModelError, UnitError, did_you_mean
from snnc.ir.units import DIMENSIONLESS, Exponents, Unit

_AXES = {
    "m": "mass", "l": "length", "t": "time", "i": "current", "k": "temperature", "n": "amount",
}  # fmt: skip


class Scope:
    """The dimensions and units of a file, and safe access to its elements.

    Parameters
    ----------
    root : Element
        The root of the file.
    file : str
        Its name, for errors.
    """

    def __init__(self, root: Element, file: str) -> None:
        self.file = file
        self.dimensions: dict[str, Unit] = {"dimensionless": Unit(1.0, DIMENSIONLESS)}
        self.units: dict[str, tuple[Unit, float]] = {}
        for element in root:
            if local_name(element) == "Dimension":
                self.dimensions[self.text(element, "name")] = self._dimension(element)
        for element in root:
            if local_name(element) == "Unit":
                self._add_unit(element)

    def place(self, element: Element) -> Location:
        """Return where an element starts."""
        return place(element, self.file)

    def refuse(self, element: Element, what: str) -> ModelError:
        """Return an error at an element."""
        return ModelError(what, self.place(element))

    def text(self, element: Element, name: str) -> str:
        """Return an attribute that must be there."""
        value = element.get(name)
        if value is None:
            raise self.refuse(element, f"<{local_name(element)}> lacks the attribute '{name}'")
        return value

    def number(self, element: Element, text: str | None) -> float:
        """Return a number written in an element."""
        try:
            return float(text or "")
        except ValueError:
            raise self.refuse(element, f"found '{text}', expected a number") from None

    def whole(self, element: Element, text: str | None) -> int:
        """Return an integer written in an element."""
        try:
            return int(text or "")
        except ValueError:
            raise self.refuse(element, f"found '{text}', expected an integer") from None

    def children(self, element: Element, *allowed: str) -> Iterator[tuple[str, Element]]:
        """Yield tags and children; annotations are left out, unknown ones refused."""
        for child in element:
            tag = local_name(child)
            if tag == "Annotations":
                continue
            if tag not in allowed:
                hint = did_you_mean(tag, allowed)
                raise self.refuse(child, f"<{tag}> in <{local_name(element)}> is unknown{hint}")
            yield tag, child

    def child(self, element: Element, *allowed: str) -> tuple[str, Element]:
        """Return the one child."""
        found = list(self.children(element, *allowed))
        if len(found) != 1:
            wanted = " or ".join(f"<{name}>" for name in allowed)
            raise self.refuse(
                element,
                f"<{local_name(element)}> holds {len(found)} elements; expected one {wanted}",
            )
        return found[0]

    def expression(self, element: Element) -> Node:
        """Return the expression in the ``MathInline`` of an element."""
        _, inline = self.child(element, "MathInline")
        return parse_expression(inline.text or "", self.place(inline))

    def dimension(self, element: Element) -> Exponents:
        """Return the dimension that an element names."""
        name = element.get("dimension", "dimensionless")
        if name not in self.dimensions:
            hint = did_you_mean(name, self.dimensions)
            raise UnitError(f"unknown dimension '{name}'{hint}", self.place(element))
        return self.dimensions[name].exponents

    def quantity(self, element: Element, text: str | None, units: str) -> Quantity:
        """Return a number with the unit of this name, in coherent units."""
        if units not in self.units:
            hint = did_you_mean(units, self.units)
            raise UnitError(f"unknown unit '{units}'{hint}", self.place(element))
        unit, offset = self.units[units]
        # Scales are powers of ten: what they leave beyond the fifteenth digit is no information.
        value = (self.number(element, text) + offset) * unit.scale
        return Quantity(float(f"{value:.15g}"), unit.exponents)

    def _dimension(self, element: Element) -> Unit:
        powers = {
            axis: self.whole(element, element.get(letter, "0")) for letter, axis in _AXES.items()
        }
        if element.get("j", "0") != "0":
            raise UnitError("luminous intensity is no dimension of models", self.place(element))
        return si_unit(**powers, at=self.place(element))

    def _add_unit(self, element: Element) -> None:
        name, dimension = self.text(element, "symbol"), self.text(element, "dimension")
        if dimension not in self.dimensions:
            hint = did_you_mean(dimension, self.dimensions)
            raise UnitError(f"unknown dimension '{dimension}'{hint}", self.place(element))
        power = self.whole(element, element.get("power", "0"))
        base = self.dimensions[dimension]
        offset = self.number(element, element.get("offset", "0"))
        scale = scaled(base.scale, 10.0, power, self.place(element))
        self.units[name] = (Unit(scale, base.exponents), offset)
