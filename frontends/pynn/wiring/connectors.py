"""Connectors: PyNN classes derived from the descriptions in `snnc.codegen.connectors`.

The classes only hold options. Pairs of cells are found by compiled code, when the network is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from inspect import Parameter as Argument
from inspect import Signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN import descriptions
from pyNN.random import AbstractRNG, NativeRNG, RandomDistribution

from snnc.codegen.connectors.base import Connector as Description
from snnc.codegen.connectors.base import find_connector
from snnc.codegen.connectors.options import REQUIRED
from snnc.ir.diagnostics import UserError
from snnc.ir.registry import CONNECTORS
from snnc.ir.values import DistanceExpression, Option
from snnc.pynn import script
from snnc.pynn.cells.parameters import expression, random
from snnc.pynn.refusals import ConnectionRefused, NotYet, TypeRefused, ValueRefused
from snnc.pynn.wiring.symbols_of_distance import traced

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection

Rule = tuple[str, Mapping[str, Option]]


class Connector:
    """Base of all connectors; subclass it to write your own.

    A subclass defines `connect`, which calls ``projection._convergent_connect(presynaptic_indices,
    postsynaptic_index, **attributes)`` for each postsynaptic cell. It is called when the projection
    is made.

    Parameters
    ----------
    location_selector
        Of no use to cells without compartments.
    safe : bool
        Whether the signs of weights are checked.
    callback : callable, optional
        Called with the fraction of cells that have been connected.
    """

    parameter_names: tuple[str, ...] = ()
    weights: Any = None
    delays: Any = None

    def __init__(
        self,
        location_selector: Any = None,
        safe: bool = True,
        callback: Any = None,
        **old: Any,
    ) -> None:
        if callback is not None and not callable(callback):
            raise TypeRefused(f"callback must be callable; found {callback!r}")
        if location_selector is not None:
            raise NotYet("location_selector= is for cells with compartments")
        self.location_selector = None
        self.safe = safe
        self.callback = callback
        self._take_old(old)

    def _take_old(self, old: Mapping[str, Any]) -> None:
        for name, value in old.items():
            if name not in ("weights", "delays"):
                raise TypeRefused(f"{type(self).__name__} has no argument '{name}'")
            script.deprecated(f"{name}= of a connector", f"{name[:-1]}= of the synapse type")
            setattr(self, name, value)

    def connect(self, projection: Projection) -> None:
        """Make the connections of a projection; to be defined by a user's own connector."""
        raise NotImplementedError

    def get_parameters(self) -> dict[str, Any]:
        """Return the parameters."""
        return {name: getattr(self, name) for name in self.parameter_names}

    def describe(
        self, template: str | None = "connector_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {"name": type(self).__name__, "parameters": self.get_parameters()}
        if template == "connector_default.txt":
            parameters = ", ".join(f"{k}={v!r}" for k, v in context["parameters"].items())
            return f"{context['name']}({parameters})"
        return descriptions.render(engine, template, context)

    def __repr__(self) -> str:
        return self.describe()


class RuleConnector(Connector):
    """Base of the connectors that compiled code carries out."""

    description: ClassVar[str]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        old = {name: keywords.pop(name) for name in ("weights", "delays") if name in keywords}
        try:
            given = self.signature().bind(*arguments, **keywords)
        except TypeError as error:
            raise TypeRefused(f"{type(self).__name__}: {error}") from None
        given.apply_defaults()
        values = given.arguments
        super().__init__(values["location_selector"], values["safe"], values["callback"], **old)
        described = find_connector(self.description)
        self.parameter_names = tuple(p.name for p in described.parameters)
        for name in self.parameter_names:
            setattr(self, name, values[name])
        self.rng = values.get("rng")
        if not (self.rng is None or isinstance(self.rng, AbstractRNG)):
            raise TypeRefused(f"rng must be a generator of pyNN.random; found {self.rng!r}")
        self._options = self._checked(described)

    @classmethod
    def signature(cls) -> Signature:
        """Return the arguments, in PyNN's order."""
        described = find_connector(cls.description)
        arguments = [
            Argument(
                p.name,
                Argument.POSITIONAL_OR_KEYWORD,
                default=Argument.empty if p.default is REQUIRED else p.default,
            )
            for p in described.parameters
        ]
        others = {"location_selector": None, "rng": None, "safe": True, "callback": None}
        if not described.random:
            del others["rng"]
        return Signature(
            arguments
            + [
                Argument(name, Argument.POSITIONAL_OR_KEYWORD, default=default)
                for name, default in others.items()
            ]
        )

    def _checked(self, described: Description) -> dict[str, Any]:
        options = {
            p.name: option_value(getattr(self, p.name), p.name, p.kind)
            for p in described.parameters
        }
        if self.rng is not None and self.rng.seed is not None:
            options["seed"] = int(self.rng.seed) % 2**63
        try:
            if not any(callable(value) for value in options.values()):
                return described.check(options)
        except UserError as error:
            raise ValueRefused(error.message) from None
        return options

    def rule(self, projection: Projection) -> Rule:
        """Return the connector's name in the IR and its options."""
        from snnc.pynn.wiring.maps import drawn_pairs

        expression = self._options.get("d_expression")
        if callable(expression):
            return drawn_pairs(projection, expression(projection.distances()), self._options)
        return self.description, self._options


def option_value(raw: Any, name: str, kind: str) -> Any:
    """Return an option of a connector as the IR has it; a callable one stays as it is."""
    if isinstance(raw, RandomDistribution):
        return random(raw, name)
    if kind == "distance":
        return _distance(raw, name)
    if kind == "self" and raw == "NoMutual":
        return raw
    if isinstance(raw, np.bool_ | bool):
        return bool(raw)
    if isinstance(raw, np.ndarray | list | tuple):
        return np.asarray(raw)
    return raw


def _distance(raw: Any, name: str) -> Any:
    if callable(raw):
        text = traced(raw)
        return raw if text is None else expression(text, name)
    value = expression(raw if isinstance(raw, str) else repr(raw), name)
    _check_probability(value)
    return value


def _check_probability(value: DistanceExpression) -> None:
    lowest = value.arithmetic.evaluate(d=np.array([0.0, 1e12]))
    if (lowest < 0.0).any():
        raise ValueRefused(f"a probability is not negative; found '{value.text}'")


@cache
def connector_class(pynn_name: str) -> type[RuleConnector] | None:
    """Return the class of PyNN's name for a connector, or None."""
    described = _described().get(pynn_name)
    if described is None:
        return None
    return type(
        pynn_name,
        (RuleConnector,),
        {
            "__module__": "snnc.pynn",
            "__doc__": described.__doc__,
            "description": described.name,
            "__signature__": None,
        },
    )


def connector_names() -> list[str]:
    """Return PyNN's names of the connectors that compiled code carries out."""
    return list(_described())


@cache
def _described() -> dict[str, Description]:
    return {
        described.pynn_name: described
        for described in map(find_connector, CONNECTORS.names())
        if described.name not in ("from_list",)
    }


def seed_of(rng: Any) -> int | None:
    """Return the seed of a script's generator, if it has one."""
    if rng is None or (isinstance(rng, NativeRNG) and rng.seed is None):
        return None
    return rng.seed


def index_range(indices: np.ndarray, size: int, side: str) -> None:
    """Refuse indices outside of a population.

    Raises
    ------
    ConnectionRefused
    """
    if indices.size and not (indices.min() >= 0 and indices.max() < size):
        bad = indices[(indices < 0) | (indices >= size)][0]
        raise ConnectionRefused(f"{side} index out of range; found {bad}, expected 0 to {size - 1}")
