"""NESTML files through the parser and the checks of the package ``nestml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from snnc.ir.diagnostics import Location, MissingDependencyError, ModelError

Ast: TypeAlias = Any
"""A node of PyNESTML, whose types are not published."""

MAX_BYTES = 1_000_000
MAX_NESTING = 60


def parse_file(path: str | Path) -> list[Ast]:
    """Return the models in a NESTML file, checked.

    Parameters
    ----------
    path : path
        A NESTML file.

    Raises
    ------
    ModelError
        If the file cannot be read, is too large, or PyNESTML finds an error; with its place.
    MissingDependencyError
        If the package ``nestml`` is not installed.
    """
    file = str(path)
    _check_size(Path(path))
    parser, checks, logger, level = _pynestml()
    try:
        unit = parser.parse_file(file)
    except (Exception, SystemExit) as error:
        # Some malformed texts are beyond PyNESTML's own checks.
        _refuse_errors(file, logger, level)
        raise ModelError(f"PyNESTML: {error}", Location(file, 1)) from None
    _refuse_errors(file, logger, level)
    if unit is None:
        raise ModelError("no NESTML model", Location(file, 1))
    models = unit.get_model_list()
    for model in models:
        try:
            checks.check_cocos(model)
        except (Exception, SystemExit) as error:
            _refuse_errors(file, logger, level)
            raise ModelError(f"PyNESTML: {error}", place(model, file)) from None
        _refuse_errors(file, logger, level)
    if not models:
        raise ModelError("no NESTML model", Location(file, 1))
    return models


def _check_size(path: Path) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise ModelError(f"file too large; found {len(content)} bytes, limit {MAX_BYTES}")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ModelError("not a text in UTF-8", Location(str(path), 1)) from None
    depth, line = 0, 1
    for character in text:
        line += character == "\n"
        depth += (character == "(") - (character == ")")
        if depth > MAX_NESTING:
            raise ModelError(
                f"more than {MAX_NESTING} levels of parentheses", Location(str(path), line)
            )


def _pynestml() -> tuple[Any, Any, Any, Any]:
    try:
        from pynestml.cocos.co_cos_manager import CoCosManager
        from pynestml.symbol_table.symbol_table import SymbolTable
        from pynestml.symbols.predefined_functions import PredefinedFunctions
        from pynestml.symbols.predefined_types import PredefinedTypes
        from pynestml.symbols.predefined_units import PredefinedUnits
        from pynestml.symbols.predefined_variables import PredefinedVariables
        from pynestml.utils.ast_source_location import ASTSourceLocation
        from pynestml.utils.logger import Logger, LoggingLevel
        from pynestml.utils.model_parser import ModelParser
    except ImportError:
        raise MissingDependencyError(
            "reading NESTML needs nestml 9; install it with: pip install 'snnc[nestml]'"
        ) from None
    SymbolTable.initialize_symbol_table(ASTSourceLocation(0, 0, 0, 0))
    PredefinedUnits.register_units()
    PredefinedTypes.register_types()
    PredefinedFunctions.register_functions()
    PredefinedVariables.register_variables()
    Logger.init_logger(LoggingLevel.NO)
    return ModelParser, CoCosManager, Logger, LoggingLevel.ERROR


def _refuse_errors(file: str, logger: Any, level: Any) -> None:
    for _, _, found, _, position, message in logger.get_log().values():
        if found is level:
            raise ModelError(f"PyNESTML: {message}", _location(file, position))


def _location(file: str, position: Ast | None) -> Location:
    if position is None or position.start_line < 1:
        return Location(file, 1)
    return Location(file, position.start_line, position.start_column + 1)


def place(node: Ast, file: str) -> Location:
    """Return where a node of the parser stands."""
    return _location(file, node.get_source_position())
