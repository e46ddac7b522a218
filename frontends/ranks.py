"""Several processes for one network: the command runs itself again under ``mpiexec``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from snnc.ir.diagnostics import MissingDependencyError, UnsupportedError, UserError
from snnc.ir.registry import TARGETS

_MARK = "SNNC_RANKS"
_NUMBERS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def this_rank() -> int:
    """Return the number of this process; 0 where there is only one."""
    found = [os.environ[name] for name in _NUMBERS if name in os.environ]
    return int(found[0]) if _MARK in os.environ and found else 0


def all_ranks() -> int:
    """Return the number of processes."""
    return int(os.environ.get(_MARK, 1))


def distribute(ranks: int, target: str) -> None:
    """Run the present command in several processes, and exit as they do.

    In each of them this returns, and what all but the first write to standard output is lost.

    Raises
    ------
    UnsupportedError
        The target runs in one process only.
    MissingDependencyError
        There is no ``mpiexec``.
    UserError
        A number that makes no sense.
    """
    if ranks < 1:
        raise UserError(f"wrong number of ranks; found {ranks}, expected at least 1")
    able = [name for name in TARGETS.names() if TARGETS.get(name).ranks]
    if target not in able:
        why = f" ({TARGETS.get(target).no_ranks})" if TARGETS.get(target).no_ranks else ""
        others = f"targets that have ranks: {', '.join(able)}"
        raise UnsupportedError(f"the target {target} runs in one process{why}; {others}")
    if _MARK in os.environ:
        if this_rank() > 0:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return
    launcher = shutil.which("mpiexec")
    if launcher is None:
        raise MissingDependencyError(
            "several ranks need MPI; found no mpiexec (Debian: apt install openmpi-bin)"
        )
    environment = {**os.environ, **_ROOT, _MARK: str(ranks), "OMP_NUM_THREADS": "1"}
    environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    command = [launcher, "-n", str(ranks), sys.executable, "-m", "snnc.cli", *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def finish() -> None:
    """End this process, and with it all others, where there are several."""
    if _MARK in os.environ:
        from snnc.runtime.native.neuron_kernel import leave

        sys.stdout.flush()
        leave()
