"""Model files with changes, and that a reader refuses them where they are wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from snnc.ir.diagnostics import SnncError


def altered(source: Path, folder: Path, changes: Sequence[tuple[str, str]]) -> Path:
    """Copy `source` and the files beside it to `folder`; change the first of each text in it."""
    for file in source.parent.iterdir():
        (folder / file.name).write_text(file.read_text())
    text = source.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    copy = folder / source.name
    copy.write_text(text)
    return copy


def refuses(
    read: Callable[[Path], object], file: Path, message: str, error: type[SnncError] = SnncError
) -> None:
    """Assert that reading `file` fails with `message`, at a line of a file beside it."""
    with pytest.raises(error, match=message) as refused:
        read(file)
    place = refused.value.location
    assert place is not None
    assert Path(place.file).suffix == file.suffix
