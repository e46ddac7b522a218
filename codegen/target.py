"""What a target is: a pipeline, a code generator, and what executes its artifacts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.text import Document

ALL_CHANGES = frozenset(
    {"parameters", "states", "weights", "delays and parameters of synapses", "objects"}
)


def always_available() -> str | None:
    """Return no reason against a target."""
    return None


@dataclass(frozen=True)
class Text:
    """Source that a target generates.

    Attributes
    ----------
    file : str
        Name of the file that ``snnc compile`` writes it to.
    of : callable
        From a lowered network to the text.
    """

    file: str
    of: Callable[[Document], str]


@dataclass(frozen=True)
class Target:
    """A way to run networks.

    Attributes
    ----------
    name : str
        Name in the registry, and of its pipeline.
    generate : callable
        From a lowered document to an artifact.
    executor : str or None
        Place of what runs an artifact, as ``module:class``, imported when needed; None for targets
        that networks are compiled for only.
    texts : mapping of str to Text
        Generated source, by the name of its stage.
    files : mapping of str to str
        Places of what writes an artifact into a file, or refuses with a warning and writes none, by
        the name of the file; ``snnc compile`` writes them in this order.
    unavailable : callable
        Returns why the target cannot be used here, or None.
    changes : frozenset of str
        What can be changed after the first run, of `ALL_CHANGES`.
    ranks : bool
        Whether a network can be distributed over MPI processes.
    emulation : str or None
        Name of the target that computes here what this one would compute elsewhere.
    no_ranks : str
        Where it cannot, why, and what there is instead.
    """

    name: str
    generate: Callable[[Document], Any]
    executor: str | None
    texts: Mapping[str, Text] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    unavailable: Callable[[], str | None] = always_available
    changes: frozenset[str] = ALL_CHANGES
    ranks: bool = False
    emulation: str | None = None
    no_ranks: str = ""

    def execute(self, artifact: Any) -> Any:
        """Return the simulation of an artifact.

        Raises
        ------
        UnsupportedError
            If nothing runs what is compiled for this target.
        """
        return self._executor()(artifact)

    def refuse_to_run(self) -> None:
        """Raise `UnsupportedError` if nothing runs what is compiled for this target."""
        self._executor()

    def write(self, artifact: Any, folder: Path, without: Collection[str] = ()) -> list[Path]:
        """Write the files of an artifact into a folder, but for some; return those there are."""
        chosen = [file for file in self.files if file not in without]
        for file in chosen:
            _at(self.files[file])(artifact, folder / file)
        return [folder / file for file in chosen if (folder / file).exists()]

    def _executor(self) -> Any:
        if self.executor is None:
            emulated = (
                "; 'snnc run FILE --emulate' and compile(..., emulate=True) compute what it would"
                if self.emulation
                else ""
            )
            raise UnsupportedError(
                f"target '{self.name}' maps networks and cannot run them; 'snnc compile FILE "
                f"--target {self.name} -o FOLDER' writes what it makes of one{emulated}"
            )
        return _at(self.executor)


def _at(place: str) -> Any:
    module, attribute = place.split(":")
    return getattr(import_module(module), attribute)
