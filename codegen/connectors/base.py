"""What a connector is: its options as PyNN has them, and how its pairs are found.

A connector is one file: a `Connector` subclass whose docstring is the user's documentation, and,
where pairs are drawn, the text of a compiled kernel that lists them. The runtime calls `prepare`
once per projection; the result says which kernel lists the pairs, or gives them as arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, Literal

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.options import Parameter, checked
from snnc.ir.diagnostics import OptionError, UserError, did_you_mean
from snnc.ir.registry import CONNECTORS
from snnc.ir.values import Random, Space

# How pairs of a cell with itself are treated; the `rule` word of pair kernels.
_RULES: Final[dict[Any, int]] = {True: 0, False: 1, "NoMutual": 2}


@dataclass(frozen=True, eq=False)
class Sides:
    """What a connector may know of the cells on both sides of a projection.

    Attributes
    ----------
    label : str
        Name of the projection, for messages.
    pre_gid, post_gid : ndarray of int64, shape (n_pre,), (n_post,)
        Network-wide indices.
    pre_position, post_position : ndarray of float64, shape (3, n)
        In um.
    space : Space
        How distances are measured.
    draw : callable
        ``draw(random, gids)``: a number for each cell.
    split : callable
        ``split(number, choices, replace)``: how many of `number` draws from all choices fall into
        each of some cells with `choices` (int32), with or without replacement; int32.
    """

    label: str
    pre_gid: np.ndarray
    post_gid: np.ndarray
    pre_position: np.ndarray
    post_position: np.ndarray
    space: Space
    draw: Callable[[Random, np.ndarray], np.ndarray]
    split: Callable[[int, np.ndarray, bool], np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of pre- and postsynaptic cells."""
        return self.pre_gid.size, self.post_gid.size


@dataclass(frozen=True, eq=False)
class PairKernel:
    """Pairs listed by a compiled kernel, row by row; see `snnc.codegen.connectors.pairs`.

    Attributes
    ----------
    source : KernelSource
        The kernel.
    rows : {"pre", "post"}
        The side whose cells are the rows.
    rule : int
        0: all pairs; 1: no cell with itself; 2: only from a higher to a lower index.
    words : tuple of int, float or KernelSource
        The kernel's own scalars, and kernels that it calls by their addresses.
    arrays : tuple of ndarray
        The kernel's own arrays, shared by all threads.
    scratch : tuple of int
        Sizes, in 8-byte words, of buffers that each thread gets, zero at first.
    ordinals : bool
        Whether the kernel writes ordinals; otherwise all are 0.
    """

    source: KernelSource
    rows: Literal["pre", "post"]
    rule: int = 0
    words: tuple[int | float | KernelSource, ...] = ()
    arrays: tuple[np.ndarray, ...] = ()
    scratch: tuple[int, ...] = ()
    ordinals: bool = False


@dataclass(frozen=True, eq=False)
class PairList:
    """Pairs by position, sorted by (pre, post, ordinal).

    Attributes
    ----------
    pre, post : ndarray of int32, shape (m,)
        Positions in the two sides.
    ordinal : ndarray of int32, shape (m,)
        Number of the pair among its equals.
    entry : ndarray of int64, shape (m,)
        Place in the user's list.
    """

    pre: np.ndarray
    post: np.ndarray
    ordinal: np.ndarray
    entry: np.ndarray


class Connector(ABC):
    """A rule by which the cells of two selections are connected."""

    name: ClassVar[str]
    pynn_name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    random: ClassVar[bool] = False

    def check(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return all options, checked, with defaults for those not given.

        Raises
        ------
        UserError
            An unknown or missing option, or a value that the option cannot have.
        """
        known = [p.name for p in self.parameters] + (["seed"] if self.random else [])
        for name in options:
            if name not in known:
                hint = did_you_mean(name, known)
                raise OptionError(f"connector '{self.name}' has no option '{name}'{hint}")
        result = {p.name: checked(self.name, p, options) for p in self.parameters}
        if "seed" in options:
            result["seed"] = int(options["seed"])
        return result

    @abstractmethod
    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel | PairList:
        """Return how to list the pairs of a projection; `options` come from `check`."""

    @abstractmethod
    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return about how many pairs there will be; cheap, for estimates of memory."""


@cache
def find_connector(name: str) -> Connector:
    """Return the connector of the IR name `name`.

    Raises
    ------
    OptionError
        If there is none.
    """
    return CONNECTORS.get(name)()


def rule_of(allowed: bool | str, sides: Sides) -> int:
    """Return the `rule` word for a value of ``allow_self_connections``.

    Raises
    ------
    UserError
        'NoMutual' between different selections of cells.
    """
    if allowed == "NoMutual" and not np.array_equal(sides.pre_gid, sides.post_gid):
        raise UserError(
            f"projection '{sides.label}': allow_self_connections='NoMutual' between different "
            "cells; expected the same population on both sides"
        )
    return _RULES[allowed]
