"""Networks and models as text: parsing, verifying, printing, and files.

A network in a file is ``NAME.mlir`` with its arrays in ``NAME.npz`` beside it.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import IO

import numpy as np
from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError

from snnc.ir.array_rules import check_arrays
from snnc.ir.context import context
from snnc.ir.diagnostics import Location, ModelError, SnncError, did_you_mean
from snnc.ir.dialects.snn import NetworkOp
from snnc.ir.locations import (
    OperationError,
    from_diagnostic,
    from_parse_error,
    location_of,
    parser_location,
)
from snnc.ir.resources import handles_of


@dataclass(repr=False)
class Document:
    """A module with the arrays that its attributes refer to.

    Parameters
    ----------
    module : ModuleOp
        Models and, usually, one network.
    resources : dict of str to ndarray
        Arrays by name.
    filename : str
        Where the text came from.
    seconds : dict of str to float
        Processor time of each pass that has rewritten the module.
    """

    module: ModuleOp
    resources: dict[str, np.ndarray] = field(default_factory=dict)
    filename: str = "<memory>"
    seconds: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Document({self.filename!r}, {len(self.resources)} arrays)"

    @property
    def network(self) -> NetworkOp:
        """The network.

        Raises
        ------
        ModelError
            If there is none or more than one.
        """
        found = [op for op in self.module.body.block.ops if isinstance(op, NetworkOp)]
        if len(found) != 1:
            raise ModelError(
                f"expected one network; found {len(found)}", Location(self.filename, 1)
            )
        return found[0]


class _Parser(Parser):
    """A parser that gives every operation the place of its first character.

    It also takes text with escapes for text, where xDSL takes it for bytes: xDSL does not read
    back the text that it prints unless it is ASCII.
    """

    _start = 0

    def parse_operation(self) -> Operation:
        start = self._start = self.pos
        op = super().parse_operation()
        if isinstance(op.location, UnknownLoc):
            op.location = parser_location(self, start)
        return op

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if found is None:
            known = [op.name for op in self.ctx.loaded_ops]
            self.raise_error(f"unknown operation '{name}'{did_you_mean(name, known)}", self._start)
        return found

    def parse_optional_str_literal(self) -> str | None:
        text, start = super().parse_optional_str_literal(), self.pos
        if text is None and (data := self.parse_optional_bytes_literal()) is not None:
            try:
                return data.decode()
            except UnicodeDecodeError:
                self.raise_error("text is not in UTF-8", start)
        return text


def parse(text: str, filename: str = "<text>") -> Document:
    """Parse a module; arrays and rules are left to `verify`.

    Raises
    ------
    ModelError
        If the text is malformed; with the place.
    """
    _check_strings(text, filename)
    try:
        parser = _Parser(context(), text, filename)
    except ParseError as error:
        raise from_parse_error(error) from None
    try:
        return Document(parser.parse_module(), {}, filename)
    except ParseError as error:
        raise from_parse_error(error) from None
    except SnncError:
        raise
    except RecursionError:
        raise ModelError("nested too deeply", _here(parser)) from None
    except Exception as error:
        # xDSL checks attributes while it parses them, and raises what Python raises.
        raise ModelError(_innermost(error), _here(parser)) from error


_STRING = r'"(?:[^"\\\n\v\f]|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"'
_SCRAP = re.compile(rf'{_STRING}|//[^\n]*|(?P<open>")')


def _check_strings(text: str, filename: str) -> None:
    """Refuse a string that is not closed in its line; xDSL's lexer would look for its end forever.

    The expression that xDSL matches strings with takes exponential time where it fails.
    """
    for scrap in _SCRAP.finditer(text):
        if scrap["open"]:
            line = text.count("\n", 0, scrap.start()) + 1
            column = scrap.start() - text.rfind("\n", 0, scrap.start())
            what = "string without an end in its line, or with an unknown escape"
            raise ModelError(what, Location(filename, line, column))


def _here(parser: Parser) -> Location:
    place = parser_location(parser)
    return Location(place.filename.data, place.line.data, place.column.data)


def _innermost(error: BaseException) -> str:
    cause = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


def verify(document: Document) -> None:
    """Check the module, and the arrays against it.

    Raises
    ------
    ModelError
        At the first rule that is broken; with the place.
    """
    with located(document.module):
        document.module.verify()
        check_arrays(document.module, document.resources)


@contextmanager
def located(root: Operation) -> Iterator[None]:
    """Turn a verifier's refusal of `root` or of something in it into a located `ModelError`."""
    try:
        yield
    except DiagnosticException as error:
        raise _located(error, root) from None


def _located(error: DiagnosticException, root: Operation) -> SnncError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OperationError):
            return from_diagnostic(error, root)
        cause = cause.__cause__ or cause.__context__
    # A rule of xDSL itself: it tells neither the operation nor its place.
    for op in reversed(list(root.walk())):
        try:
            op.verify(verify_nested_ops=False)
        except DiagnosticException as found:
            return ModelError(f"'{op.name}': {_innermost(found)}", location_of(op))
    return ModelError(_innermost(error), location_of(root))


def print_text(document: Document, generic: bool = False) -> str:
    """Return the module as text, in the readable or in MLIR's generic form."""
    stream = StringIO()
    Printer(stream=stream, print_generic_format=generic).print_op(document.module)
    return stream.getvalue() + "\n"


def save(document: Document, path: str | Path) -> None:
    """Write ``NAME.mlir`` and, if there are arrays, ``NAME.npz``; each replaces the old at once.

    Raises
    ------
    ModelError
        If a file cannot be written.
    """
    path = Path(path)
    try:
        if document.resources:
            with _replacing(_arrays_of(path)) as stream:
                _write_arrays(stream, document.resources)
        with _replacing(path) as stream:
            stream.write(print_text(document).encode())
    except OSError as error:
        raise ModelError(f"cannot write '{path}': {error.strerror or error}") from error


def _arrays_of(path: Path) -> Path:
    return path.with_suffix(".npz")


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _write_arrays(stream: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    # Not np.savez: it stamps the time, and cannot hold an array called "file".
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in sorted(arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load(path: str | Path) -> Document:
    """Read and verify a document.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the text or an array breaks a rule.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise ModelError(f"'{path}' is not text in UTF-8") from None
    document = parse(text, str(path))
    names = {handle.name for _, handle in handles_of(document.module)}
    if names:
        document.resources.update(_read_arrays(_arrays_of(path), names))
    verify(document)
    return document


def _read_arrays(path: Path, names: set[str]) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in sorted(names) if name in archive}
    except FileNotFoundError:
        raise ModelError(f"'{path}' is missing; the network's arrays are kept there") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{path}' is damaged: {error}") from error
    for array in arrays.values():
        array.flags.writeable = False
    return arrays
