"""Models by name: the packaged folder, and folders of the user's own.

A folder of ``NAME.mlir`` files is the registry: a model is added by adding its file. Folders are
searched in order: those added by `add_directory`, those of the environment variable
``SNNC_MODEL_PATH``, then the packaged one; so a user's model replaces a packaged one of its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from snnc.ir.diagnostics import ModelError, did_you_mean

if TYPE_CHECKING:
    from snnc.ir.model_info import ModelInfo

PACKAGED = Path(__file__).parent / "models"
VARIABLE = "SNNC_MODEL_PATH"
SUFFIX = ".mlir"

_added: list[Path] = []
_unfiled: dict[str, str] = {}


def add_directory(directory: str | os.PathLike[str]) -> None:
    """Search `directory` for models, before all others.

    Parameters
    ----------
    directory : path
        A folder of ``NAME.mlir`` files.

    Raises
    ------
    ModelError
        If there is no such folder.
    """
    path = Path(directory).absolute()
    if not path.is_dir():
        raise ModelError(f"no folder of models at '{path}'")
    if path in _added:
        _added.remove(path)
    _added.insert(0, path)


def model_path() -> tuple[Path, ...]:
    """Return the folders that are searched, in order; those that do not exist are left out."""
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    folders = dict.fromkeys(path.absolute() for path in (*_added, *named, PACKAGED))
    return tuple(path for path in folders if path.is_dir())


def names() -> tuple[str, ...]:
    """Return the names of all models, sorted."""
    return tuple(sorted({file.stem for folder in model_path() for file in _models_in(folder)}))


def _models_in(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.suffix == SUFFIX]


def find(name: str) -> Path:
    """Return the file of the model `name`.

    Raises
    ------
    ModelError
        If no folder has it; the message offers the nearest name.
    """
    for folder in model_path():
        file = folder / f"{name}{SUFFIX}"
        if file.is_file():
            return file
    raise ModelError(f"unknown model '{name}'{did_you_mean(name, names())}")


def source(name: str) -> tuple[str, str]:
    """Return the text of the model `name`, and the name of its file."""
    if name in _unfiled:
        return _unfiled[name], f"<{name}>"
    file = find(name)
    return file.read_text(encoding="utf-8"), str(file)


def text(name: str) -> str:
    """Return the text of the model `name`."""
    return source(name)[0]


def compose(body: str, responses: Mapping[str, str]) -> str:
    """Return the name of the cell composed of a body and a response for each receptor.

    Parameters
    ----------
    body : str
        A cell without receptors, as ``LIF``.
    responses : mapping of str to str
        Post-synaptic responses by the names of the receptors.

    Raises
    ------
    ModelError
        If there are no such models, or they do not fit together.
    """
    parts = [f"{receptor}_{responses[receptor]}" for receptor in sorted(responses)]
    name = "_".join([body, *parts])
    from snnc.ir.compose import compose_cell

    pieces = {receptor: source(responses[receptor]) for receptor in sorted(responses)}
    return register(name, compose_cell(name, source(body), pieces))


def register(name: str, text: str) -> str:
    """Add a model that stands in no file of the library, composed or imported; return its name.

    It replaces another of its name.
    """
    _unfiled[name] = text
    return name


def load(name: str) -> ModelInfo:
    """Return what the model `name` declares; a file is read again only when it has changed.

    Raises
    ------
    ModelError
        If there is no such model, or its text does not parse or verify.
    """
    if name in _unfiled:
        return _load_text(name, _unfiled[name])
    file = find(name)
    return _load(file, file.stat().st_mtime_ns)


@cache
def _load_text(name: str, text: str) -> ModelInfo:
    from snnc.ir.read_model import read_model

    return read_model(text, f"<{name}>")


@cache
def _load(file: Path, _changed: int) -> ModelInfo:
    from snnc.ir.read_model import read_model

    info = read_model(file.read_text(encoding="utf-8"), str(file))
    if info.name != file.stem:
        raise ModelError(
            f"'{file}' holds the wrong model; found '{info.name}', expected '{file.stem}'"
        )
    return info
