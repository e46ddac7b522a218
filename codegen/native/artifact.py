"""What code generation hands to the drivers of other simulators: models as those know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snnc.ir.text import Document


@dataclass(frozen=True)
class NativeState:
    """A state variable in a simulator.

    Attributes
    ----------
    variable : str or None
        The simulator's name of it; None where the simulator does not show it.
    scale : float
        Simulator units per coherent unit.
    """

    variable: str | None
    scale: float = 1.0


@dataclass(frozen=True)
class NativeReceptor:
    """A receptor in a simulator.

    Attributes
    ----------
    port : int, str or None
        What the simulator selects it by: a receptor number, the name of a variable, or None where
        the model has one input for all spikes.
    scale : float
        Simulator weight per coherent weight; negative where the simulator tells receptors apart by
        the sign of the weight.
    sign : {-1, 0, 1}
        The sign that a simulator weight must have to reach this receptor; 0 where any does.
    """

    port: int | str | None
    scale: float = 1.0
    sign: int = 0


@dataclass(frozen=True)
class NativeCell:
    """A cell model as a simulator knows it.

    Attributes
    ----------
    model : str
        The simulator's name of the model, or the name of the one in `source`.
    constants : str
        Text of a Python module with ``constants(p, dt)``: from a dict of parameters in coherent
        units (floats or arrays of one value per cell) to a dict of the simulator's parameters in
        its own units, and of nothing else.
    states : mapping of str to NativeState
        By the model's own names, hidden states included.
    receptors : mapping of str to NativeReceptor
        By the model's own names.
    current : float
        Simulator units per coherent unit (nA) of injected current; 0 where it takes none.
    source : str or None
        The emitted text (NMODL, Brian2 equations); None for a model that the simulator has.
    solver : str or None
        The simulator's method, as ``solver`` of the ``cpu`` target names it, where it errs more.
    draws : bool
        Whether the simulator draws random numbers of its own.
    notes : tuple of str
        Known differences of convention from the model's own equations, one sentence each.
    """

    model: str
    constants: str
    states: Mapping[str, NativeState]
    receptors: Mapping[str, NativeReceptor]
    current: float = 1.0
    source: str | None = None
    solver: str | None = None
    draws: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NativeSynapse:
    """A synapse model as a simulator knows it.

    Attributes
    ----------
    model : str
        The simulator's name of the model, or the name of the one in `source`.
    constants : str
        As for `NativeCell`; the parameters are those of a projection, and, by the name that the
        model gives it, the time constant of the receptor in ms. Weights among them are in the
        simulator's unit divided by the `scale` of the receptor: multiply those in `weights`.
    states : mapping of str to NativeState
        By the model's own names; the weight is not among them.
    weight : str
        The simulator's name of the weight.
    weights : tuple of str
        The constants that are weights, which the scale of the receptor multiplies.
    postsynaptic : tuple of str
        The constants that are parameters of the postsynaptic cells, not of the synapse.
    own_weights : bool
        Whether weights are given as the simulator's numbers; else a receptor's `scale` makes them.
    source, draws, notes
        As for `NativeCell`.
    """

    model: str
    constants: str
    states: Mapping[str, NativeState] = field(default_factory=dict)
    weight: str = "weight"
    weights: tuple[str, ...] = ()
    postsynaptic: tuple[str, ...] = ()
    own_weights: bool = False
    source: str | None = None
    draws: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NativeArtifact:
    """A network for another simulator.

    Attributes
    ----------
    target : str
        Name of the target.
    document : Document
        The network, canonicalised, with its arrays; the runtime makes connections, values and
        input from it.
    cells, synapses : mapping of str
        The models in use, by their label. Sources that only emit (Poisson, listed times) are not
        among `cells`: their spikes are made once and replayed.
    threads : int
        Threads to run on.
    """

    target: str
    document: Document
    cells: Mapping[str, NativeCell]
    synapses: Mapping[str, NativeSynapse]
    threads: int = 1

    @property
    def solvers(self) -> dict[str, str]:
        """The simulator's method for the cells that it solves in another way, by their label."""
        cells = self.cells.items()
        return {label: cell.solver for label, cell in cells if cell.solver is not None}

    @property
    def draws(self) -> bool:
        """Whether the simulator draws random numbers that are not those of the network."""
        return any(model.draws for model in (*self.cells.values(), *self.synapses.values()))

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: threads, and the simulator's model for each model."""
        models = {**self.cells, **self.synapses}
        return {
            "threads": self.threads,
            "models": {label: model.model for label, model in models.items()},
        }
