"""What the command ``verify`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snnc.ir.diagnostics import OptionError
from snnc.running import progress_bar
from snnc.verifying.variants import variants_of
from snnc.verifying.verification import Verification
from snnc.verifying.verifier import verify


def verify_file(
    path: Path, arguments: Sequence[str], targets: str, ms: float, open_loop: bool
) -> Verification:
    """Compare what targets do with a saved network, or with that of a script.

    Raises
    ------
    UserError
        The network or an option is wrong.
    """
    variants = variants_of(targets)
    net: Any = path
    if path.suffix == ".py":
        from snnc.pynn.scripts import capture_network

        net = capture_network(path, arguments)
    elif arguments:
        raise OptionError(f"a saved network takes no arguments; found {' '.join(arguments)}")
    with progress_bar() as show:
        progress = None if show is None else lambda _label, t: show(t)
        return verify(net, variants, ms=ms, open_loop=open_loop, progress=progress)
