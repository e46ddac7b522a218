"""What a benchmark network is, in plain values that every simulator can be set up from.

Models, parameters, units and rules are PyNN's. A description travels to the process that runs it as
JSON, so that a peer needs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Draw:
    """Numbers drawn from one of PyNN's distributions."""

    name: str
    params: Mapping[str, float]


Value: TypeAlias = float | Draw


@dataclass(frozen=True)
class Drive:
    """Poisson input, independent for each cell of a population.

    Attributes
    ----------
    rate : float
        In Hz, of all inputs of a cell together.
    weight : float
        In the unit of the excitatory receptor.
    delay : float
        In ms.
    """

    rate: float
    weight: float
    delay: float


@dataclass(frozen=True)
class Population:
    """Cells of one model.

    Attributes
    ----------
    name, model : str
        Symbol, and PyNN's name of the model.
    size : int
        Number of cells.
    parameters, initial : mapping
        In PyNN's units; what is absent has PyNN's default.
    drive : Drive, optional
        External input.
    grid : float, optional
        Distance in um between neighbours of a square grid, on which the cells lie row by row.
    """

    name: str
    size: int
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Value] = field(default_factory=dict)
    drive: Drive | None = None
    grid: float | None = None


@dataclass(frozen=True)
class Projection:
    """Synapses from one population to others.

    Attributes
    ----------
    pre : str
        The presynaptic population.
    post : tuple of str
        The postsynaptic populations.
    rule : str
        Name of a connector of snnc.
    options : mapping
        Its options.
    receptor : str
        ``"excitatory"`` or ``"inhibitory"``.
    weight, delay : Value
        In the receptor's unit, with PyNN's sign, and in ms.
    synapse : str
        ``"static"``, ``"stdp"`` (pairs, additive) or ``"tsodyks_markram"``.
    parameters : mapping of str to float
        Of the synapse.
    """

    pre: str
    post: tuple[str, ...]
    rule: str
    options: Mapping[str, Any]
    receptor: str
    weight: Value
    delay: Value
    synapse: str = "static"
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Symbol of the projection."""
        return "_".join((self.pre, "to", *self.post))


@dataclass(frozen=True)
class Network:
    """A network to be timed.

    Attributes
    ----------
    name, title : str
        Symbol, and what it is.
    scale : float
        Size, 1 for the original.
    populations, projections
        What it consists of.
    warm_up, settle, duration : float
        In ms: what runs before the clock starts; how much of the timed part is left out of the
        statistics; the timed part by default.
    spread : float
        Relative standard deviation of the mean rate over seeds, where too few runs tell it.
    published : mapping of str to float
        Rates of populations in Hz, from the literature.
    note : str
        What is to be said beside its results.
    dt : float
        In ms.
    peers : tuple of str
        Who can run it.
    record_v : str, optional
        Population whose membrane potentials are wanted.
    solver : str
        How snnc solves its equations, where not by default.
    """

    name: str
    title: str
    scale: float
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    warm_up: float = 100.0
    settle: float = 0.0
    duration: float = 1000.0
    spread: float = 0.02
    published: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    dt: float = 0.1
    peers: tuple[str, ...] = ("nest", "brian2")
    record_v: str | None = None
    solver: str = "auto"

    @property
    def cells(self) -> tuple[Population, ...]:
        """The populations that are no sources of spikes."""
        return tuple(p for p in self.populations if not p.model.startswith("SpikeSource"))

    @property
    def size(self) -> int:
        """Number of cells."""
        return sum(population.size for population in self.cells)

    def plain(self) -> dict[str, Any]:
        """Return the description as what JSON can hold."""
        return asdict(self)

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Network:
        """Return the description that `plain` has made plain."""
        fields = dict(plain)
        fields["populations"] = tuple(_population(one) for one in plain["populations"])
        fields["projections"] = tuple(_projection(one) for one in plain["projections"])
        fields["peers"] = tuple(plain["peers"])
        return Network(**fields)


def _population(plain: Mapping[str, Any]) -> Population:
    fields = dict(plain)
    fields["initial"] = {key: _value(value) for key, value in plain["initial"].items()}
    fields["drive"] = Drive(**plain["drive"]) if plain["drive"] else None
    return Population(**fields)


def _projection(plain: Mapping[str, Any]) -> Projection:
    fields = dict(plain)
    fields["post"] = tuple(plain["post"])
    fields["weight"], fields["delay"] = _value(plain["weight"]), _value(plain["delay"])
    return Projection(**fields)


def _value(plain: Any) -> Value:
    return Draw(**plain) if isinstance(plain, Mapping) else float(plain)
