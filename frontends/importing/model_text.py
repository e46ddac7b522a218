"""Writing a model as text of the IR, each line with the place that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.diagnostics import Location, ModelError, did_you_mean

if TYPE_CHECKING:
    from snnc.ir.text import Document

_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _UNARY, _ATOM = range(8)
_STRENGTH = {
    "or": _OR, "and": _AND, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE,
    "==": _COMPARE, "+": _SUM, "-": _SUM, "*": _TERM, "/": _TERM,
}  # fmt: skip

_TEMPLATES: dict[str, tuple[int, str]] = {
    "exp": (1, "exp({0})"),
    "ln": (1, "log({0})"),
    "log": (1, "log({0})"),
    "log10": (1, "(log({0}) / 2.302585092994046)"),
    "sqrt": (1, "sqrt({0})"),
    "sin": (1, "sin({0})"),
    "cos": (1, "cos({0})"),
    "tan": (1, "(sin({0}) / cos({0}))"),
    "sinh": (1, "(0.5 * (exp({0}) - exp(-({0}))))"),
    "cosh": (1, "(0.5 * (exp({0}) + exp(-({0}))))"),
    "tanh": (1, "tanh({0})"),
    "floor": (1, "floor({0})"),
    "ceil": (1, "(-floor(-({0})))"),
    "round": (1, "floor({0} + 0.5)"),
    "previous": (1, "previous({0})"),
    "abs": (1, "abs({0})"),
    "exprel": (1, "exprel({0})"),
    "min": (2, "min({0}, {1})"),
    "max": (2, "max({0}, {1})"),
    "pow": (2, "pow({0}, {1})"),
    "select": (3, "select({0}, {1}, {2})"),
    "uniform": (1, "uniform({0})"),
    "standard_gamma": (2, "standard_gamma({0}, {1})"),
}
"""Functions by name: number of arguments, and how the IR writes them; each binds as a call does."""


def number_text(value: float, unit: str | None = None) -> str:
    """Return a literal as the IR's lexer reads it."""
    text = repr(float(value))
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    if unit in (None, "1"):
        return text
    bare = all(c.isalpha() or c in "/*1" for c in unit or "")
    return f"{text} [{unit}]" if bare else f'{text} ["{unit}"]'


def infix(
    node: Node,
    spell: Callable[[str], str] = str,
    templates: Mapping[str, tuple[int, str]] = _TEMPLATES,
    at: Location | None = None,
) -> str:
    """Return an expression as the IR writes it.

    Parameters
    ----------
    node : Node
        The expression.
    spell : callable
        From the name of a variable to its name in the model.
    templates : mapping
        Functions that may be called: number of arguments and text.
    at : Location, optional
        Where the expression stands, for errors.

    Raises
    ------
    ModelError
        For a function that is not known, or takes another number of arguments.
    """
    return _Infix(spell, templates, at).text(node)


class _Infix:
    def __init__(
        self,
        spell: Callable[[str], str],
        templates: Mapping[str, tuple[int, str]],
        at: Location | None,
    ) -> None:
        self.spell = spell
        self.templates = templates
        self.location = at

    def text(self, node: Node, outer: int = _OR) -> str:
        text, strength = self._parts(node)
        return f"({text})" if strength < outer else text

    def _parts(self, node: Node) -> tuple[str, int]:
        match node:
            case Number():
                return number_text(node.value, node.unit), _ATOM if node.value >= 0 else _UNARY
            case Name():
                return self.spell(node.name), _ATOM
            case Call():
                return self._call(node)
            case Operation(operands=(operand,)):
                return self._signed(node.sign, operand)
            case Operation(sign="^", operands=(base, exponent)):
                return f"pow({self.text(base)}, {self.text(exponent)})", _ATOM
            case Operation(sign="!=", operands=(left, right)):
                return self._signed("not", Operation("==", (left, right)))
            case Operation(operands=(left, right)):
                strength = _STRENGTH[node.sign]
                return (
                    f"{self.text(left, _side(strength))} {node.sign} "
                    f"{self.text(right, _side(strength) + (strength != _COMPARE))}",
                    strength,
                )
        raise AssertionError(node)

    def _signed(self, sign: str, operand: Node) -> tuple[str, int]:
        if sign == "not":
            return f"not {self.text(operand, _NOT)}", _NOT
        return f"-{self.text(operand, _ATOM)}", _UNARY

    def _call(self, node: Call) -> tuple[str, int]:
        if node.function not in self.templates:
            raise ModelError(
                f"unknown function '{node.function}'{did_you_mean(node.function, self.templates)}",
                self.location,
            )
        takes, template = self.templates[node.function]
        if len(node.arguments) != takes:
            raise ModelError(
                f"wrong number of arguments of '{node.function}'; "
                f"found {len(node.arguments)}, expected {takes}",
                self.location,
            )
        return template.format(*(self.text(argument) for argument in node.arguments)), _ATOM


def _side(strength: int) -> int:
    """Return how tightly a side of an operation must bind to stand without parentheses."""
    return _SUM if strength == _COMPARE else strength


class ModelText:
    """The text of models under construction.

    A fault that the IR finds is reported at the place in the source that the line came from.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: list[str] = []
        self._places: list[Location | None] = []
        self._depth = 0

    def line(self, text: str, at: Location | None = None) -> None:
        """Append a line that came from `at`."""
        self._lines.append("  " * self._depth + text)
        self._places.append(at)

    @contextmanager
    def block(self, head: str, at: Location | None = None) -> Iterator[None]:
        """Append ``head {``, what the caller adds, and ``}``."""
        self.line(head + " {", at)
        self._depth += 1
        yield
        self._depth -= 1
        self.line("}", at)

    @property
    def text(self) -> str:
        """The text so far."""
        return "\n".join(self._lines) + "\n"

    def document(self) -> Document:
        """Return the verified module.

        Raises
        ------
        ModelError
            If a rule of the IR is broken; with the place in the source.
        """
        from snnc.ir.text import parse, verify

        with self.at_their_places():
            document = parse(self.text, self.file)
            verify(document)
        return document

    @contextmanager
    def at_their_places(self) -> Iterator[None]:
        """Give errors in this text the place that their line came from."""
        try:
            yield
        except ModelError as error:
            place = None if error.location is None else self._places[error.location.line - 1]
            raise type(error)(error.message, place or Location(self.file, 1)) from None
