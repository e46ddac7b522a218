"""Names of NineML as symbols of the IR."""

import re


def word(name: str) -> str:
    """Return a name as a symbol of the IR."""
    text = re.sub(r"\W", "_", name)
    return f"_{text}" if not text or text[0].isdigit() else text
