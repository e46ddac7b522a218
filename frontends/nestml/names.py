"""Names of NESTML as names of the IR."""

from __future__ import annotations

_RESERVED = {
    "abs", "sqrt", "exp", "log", "sin", "cos", "tanh", "exprel", "min", "max", "pow", "uniform",
    "log_gamma_sf", "standard_gamma", "binomial", "select", "previous", "piecewise", "and", "or",
    "not", "let", "yield", "t", "dt", "emit", "goto", "deliver", "param", "state", "receptor",
    "current", "on", "regime", "when", "after", "decay", "weight", "true", "false", "loc",
}  # fmt: skip


class Names:
    """Distinct names for what a model declares."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._taken = set(_RESERVED)

    def __getitem__(self, name: str) -> str:
        """Return the name in the IR of a variable: primes and signs are written out."""
        if name not in self._words:
            self._words[name] = self.fresh(name)
        return self._words[name]

    def fresh(self, wanted: str) -> str:
        """Return a name like `wanted` that nothing has yet."""
        text = wanted.replace("'", "_d").replace("$", "_aux")
        word, n = text, 2
        while word in self._taken:
            word, n = f"{text}_{n}", n + 1
        self._taken.add(word)
        return word
