"""Functions of distance that a script wrote in Python, read as expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_BINARY = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "true_divide": "/",
    "power": "**",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
_NAMES = {"absolute": "abs"}


class _NotArithmetic(Exception):
    pass


class Distance:
    """Stands for the distance while a function is called; remembers the arithmetic done to it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Distance:
        if method != "__call__" or options:
            raise _NotArithmetic
        texts = [_text(value) for value in inputs]
        operator = _BINARY.get(ufunc.__name__)
        if operator is not None and len(texts) == 2:
            return Distance(f"({texts[0]} {operator} {texts[1]})")
        if ufunc.__name__ == "negative":
            return Distance(f"(-{texts[0]})")
        return Distance(f"{_NAMES.get(ufunc.__name__, ufunc.__name__)}({', '.join(texts)})")

    def _with(self, operator: str, other: Any, *, swapped: bool = False) -> Distance:
        left, right = self.text, _text(other)
        if swapped:
            left, right = right, left
        return Distance(f"({left} {operator} {right})")

    def __add__(self, other: Any) -> Distance:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Distance:
        return self._with("+", other, swapped=True)

    def __sub__(self, other: Any) -> Distance:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Distance:
        return self._with("-", other, swapped=True)

    def __mul__(self, other: Any) -> Distance:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Distance:
        return self._with("*", other, swapped=True)

    def __truediv__(self, other: Any) -> Distance:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Distance:
        return self._with("/", other, swapped=True)

    def __pow__(self, other: Any) -> Distance:
        return self._with("**", other)

    def __rpow__(self, other: Any) -> Distance:
        return self._with("**", other, swapped=True)

    def __lt__(self, other: Any) -> Distance:
        return self._with("<", other)

    def __le__(self, other: Any) -> Distance:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Distance:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Distance:
        return self._with(">=", other)

    def __neg__(self) -> Distance:
        return Distance(f"(-{self.text})")

    def __abs__(self) -> Distance:
        return Distance(f"abs({self.text})")

    def __bool__(self) -> bool:
        raise _NotArithmetic


def traced(function: Callable[..., Any]) -> str | None:
    """Return the arithmetic of `d` that `function` does, or None if it does anything else."""
    try:
        result = function(Distance("d"))
        return _text(result)
    except Exception:
        return None


def _text(value: Any) -> str:
    if isinstance(value, Distance):
        return value.text
    if isinstance(value, bool | int | float | np.integer | np.floating):
        number = float(value)
        if not np.isfinite(number):
            raise _NotArithmetic
        return repr(number) if number >= 0.0 else f"({number!r})"
    raise _NotArithmetic
