"""XML read safely: nothing external is opened and nothing is expanded."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from snnc.ir.diagnostics import Location, MissingDependencyError, ModelError

Element: TypeAlias = Any
"""An element of lxml, whose types are not published."""

MAX_BYTES = 64_000_000
MAX_DEPTH = 200


def read_xml(path: str | Path) -> Element:
    """Return the root of an XML file.

    Parameters
    ----------
    path : path
        The file; document types and entities in it are refused.

    Raises
    ------
    ModelError
        If the file cannot be read, is too large, is not well formed, nests too deeply, or declares
        a document type; with its place.
    MissingDependencyError
        If lxml is not installed.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {error.strerror or error}") from None
    return parse_xml(content, str(path))


def parse_xml(content: bytes, file: str) -> Element:
    """Return the root of XML that was read from `file`; see `read_xml`."""
    etree = _etree()
    if len(content) > MAX_BYTES:
        raise ModelError(f"file too large; found {len(content)} bytes, limit {MAX_BYTES}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position if error.position else (1, 0)
        reason = (error.msg or "not XML").split(", line ")[0].strip()
        raise ModelError(f"malformed XML: {reason}", Location(file, line or 1, column)) from None
    if root.getroottree().docinfo.doctype:
        raise ModelError("document types and entities are not allowed", Location(file, 1))
    _check_depth(root, file)
    return root


def is_file(path: Path) -> bool:
    """Tell whether there is a file of a name, which may be one that no system allows."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _etree() -> Any:
    try:
        return import_module("lxml.etree")
    except ImportError:
        raise MissingDependencyError(
            "reading XML needs lxml; install it with: pip install 'snnc[xml]'"
        ) from None


def _check_depth(root: Element, file: str) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ModelError(f"more than {MAX_DEPTH} levels of elements", place(level[0], file))
        level = [child for element in level for child in element]


def place(element: Element, file: str) -> Location:
    """Return where an element starts."""
    return Location(file, element.sourceline or 1)


def local_name(element: Element) -> str:
    """Return the tag of an element without its namespace."""
    return element.tag.rpartition("}")[2]
