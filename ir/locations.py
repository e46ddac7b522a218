"""Locations of operations, and the translation of xDSL's errors into snnc's."""

from __future__ import annotations

from typing import NoReturn

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException
from xdsl.utils.lexer import Position, Span

from snnc.ir.diagnostics import Location, ModelError, SnncError


class OperationError(VerifyException):
    """A verifier's refusal that remembers the operation, so that a location can be given."""

    def __init__(self, op: Operation, message: str) -> None:
        self.op = op
        self.message = message
        super().__init__(message)


def refuse(op: Operation, message: str) -> NoReturn:
    """Raise a verifier's error about `op`."""
    raise OperationError(op, message)


def location_of(op: Operation) -> Location | None:
    """Return the place in the text that `op` or the nearest enclosing operation came from."""
    current: Operation | None = op
    while current is not None:
        loc = current.location
        if isinstance(loc, FileLineColLoc):
            return Location(loc.filename.data, loc.line.data, loc.column.data)
        current = current.parent_op()
    return None


def location_attribute(location: Location) -> FileLineColLoc:
    """Return `location` as the attribute that operations carry."""
    return FileLineColLoc(
        StringAttr(location.file), IntAttr(location.line), IntAttr(location.column)
    )


def parser_location(parser: Parser, position: Position | None = None) -> FileLineColLoc:
    """Return the parser's current (or the given) position as a location attribute."""
    position = parser.pos if position is None else position
    at = Span(position, position, parser.lexer.input).get_location()
    return FileLineColLoc(StringAttr(at.file), IntAttr(at.line), IntAttr(at.col))


def from_parse_error(error: ParseError) -> ModelError:
    """Translate xDSL's parse error into a located `ModelError`."""
    at = error.span.get_location()
    return ModelError(error.msg, Location(at.file, at.line, at.col))


def from_diagnostic(error: DiagnosticException, op: Operation) -> SnncError:
    """Translate a refusal somewhere below `op` into a located `ModelError`."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OperationError):
            return ModelError(cause.message, location_of(cause.op))
        cause = cause.__cause__ or cause.__context__
    lines = str(error).strip().splitlines()
    return ModelError(lines[-1] if lines else type(error).__name__, location_of(op))
