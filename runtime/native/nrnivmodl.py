"""Mechanisms for NEURON, compiled once per machine and kept in the user's cache directory."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from snnc.ir.diagnostics import CompilationError, MissingDependencyError
from snnc.runtime.jit.cache import cache_directory

_COMPILERS = ("c++", "g++", "clang++")
_loaded: set[str] = set()


def load_mechanism(name: str, source: str) -> None:
    """Make a mechanism known to NEURON, compiling it unless the cache has it.

    Parameters
    ----------
    name : str
        Name of the mechanism, which no other one has.
    source : str
        Its NMODL.

    Raises
    ------
    MissingDependencyError
        It has to be compiled, and there is no C++ compiler.
    CompilationError
        NEURON refuses the text.
    """
    if name in _loaded:
        return
    from snnc.runtime.native.neuron_kernel import h

    key = hashlib.sha256("\0".join([_environment(), source]).encode()).hexdigest()[:20]
    folder = cache_directory() / "nmodl" / f"{name}-{key}"
    if not folder.exists():
        _compile(name, source, folder)
    library = next(folder.glob("*/libnrnmech.*"))
    h.nrn_load_dll(str(library))
    _loaded.add(name)


def _environment() -> str:
    return f"{importlib.metadata.version('neuron')} {platform.machine()} {platform.libc_ver()}"


def _compile(name: str, source: str, folder: Path) -> None:
    """Compile in a folder of its own, which takes its final name when it is complete."""
    if not os.environ.get("CXX") and not any(map(shutil.which, _COMPILERS)):
        raise MissingDependencyError(
            f"NEURON compiles '{name}' when it is first used, which needs a C++ compiler; found "
            "none, expected c++, g++ or clang++ (Debian: apt install g++)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = Path(temporary) / name
        work.mkdir()
        (work / f"{name}.mod").write_text(source)
        done = subprocess.run(
            [str(_nrnivmodl()), "."], cwd=work, capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not list(work.glob("*/libnrnmech.*")):
            raise CompilationError(f"nrnivmodl refuses '{name}':\n{done.stdout}{done.stderr}")
        try:
            work.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise


def _nrnivmodl() -> Path:
    """Return the program as the installed package has it."""
    for file in importlib.metadata.files("neuron") or []:
        if file.name == "nrnivmodl" and file.parent.name == "bin" and ".data" not in file.parts:
            return Path(str(file.locate()))
    found = shutil.which("nrnivmodl")
    if found is None:
        raise MissingDependencyError("the installed NEURON has no nrnivmodl")
    return Path(found)
