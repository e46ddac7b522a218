"""Names of LEMS as symbols of the IR."""

import re

from snnc.ir.dialects.infix import RESERVED


def word(name: str) -> str:
    """Return a name as a symbol of the IR."""
    text = re.sub(r"\W", "_", name)
    return f"_{text}" if not text or text[0].isdigit() else text


def full_name(path: str, name: str) -> str:
    """Return the name in a cell of something of the part at a path."""
    if path:
        return ".".join(word(step) for step in [*path.split("."), name])
    return f"{name}_" if name in RESERVED else word(name)
