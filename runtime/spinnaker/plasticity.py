"""Plastic synapses as SpiNNaker's programs have them: one rule for all of a population.

The region of a core holds whether delays are dendritic for spikes that go back, a table of the
decay of each trace, and for each receptor the limits of weights and the amounts of changes
(sPyNNaker 7.4.1, ``synapse_dynamics_stdp.py``, ``plasticity/stdp/common.py`` and
``weight_dependence_*.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Artifact
from snnc.codegen.spinnaker import Ring, SpiNNakerArtifact
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.engine.cells import constants_of

ONE = 1 << 11
"""What a trace is after a single spike."""
POINT = 15
"""Bits behind the point of limits and amounts."""
_DENDRITIC = 1
_IN_WEIGHTS = {"stdp_mad_pair_additive": True, "stdp_mad_pair_multiplicative": False}
"""Of each program, whether its amounts are weights, or factors of them."""


@dataclass(frozen=True)
class Plasticity:
    """The rule of the plastic synapses onto a population.

    Attributes
    ----------
    program : str
        The rule, as sPyNNaker's programs are named after it.
    tau_plus, tau_minus : float
        Time constants of the traces in ms.
    limits : tuple of float
        The least and the largest weight, as cores have weights.
    amounts : tuple of float
        Of potentiation and depression: weights if the rule is additive, else factors.
    """

    program: str
    tau_plus: float
    tau_minus: float
    limits: tuple[float, float]
    amounts: tuple[float, float]

    @property
    def error(self) -> float:
        """The largest relative error of the amounts, which are multiples of 2^-15."""
        given = np.array(self.amounts)
        kept = np.rint(given * 2.0**POINT) / 2.0**POINT
        return float(np.max(np.abs(kept - given) / np.where(given == 0.0, 1.0, np.abs(given))))

    def __str__(self) -> str:
        limits, amounts = ("{:g} and {:g}".format(*pair) for pair in (self.limits, self.amounts))
        return (
            f"{self.program} with time constants of {self.tau_plus:g} and {self.tau_minus:g} ms, "
            f"limits {limits}, amounts {amounts}"
        )

    def words(self, receptors: int, dt: float) -> NDArray[np.uint32]:
        """Return the region of a core: the same limits and amounts for each receptor."""
        numbers = np.rint(np.array([*self.limits, *self.amounts]) * 2.0**POINT).astype(np.int64)
        return np.concatenate(
            [
                np.array([_DENDRITIC], np.uint32),
                decay_table(self.tau_plus, dt),
                decay_table(self.tau_minus, dt),
                np.tile(numbers.astype(np.uint32), receptors),
            ]
        )


def decay_table(tau: float, dt: float) -> NDArray[np.uint32]:
    """Return what is left of a trace after 0, 1, ... steps, until nothing is, as words.

    Parameters
    ----------
    tau : float
        Time constant in ms.
    dt : float
        Step in ms.

    Returns
    -------
    ndarray of uint32
        Number of steps (16 bits) and a shift of 0, then two steps a word.
    """
    steps = 2 * ceil(tau / dt * log(ONE) / 2)
    left = np.floor(np.exp(-np.arange(steps) * dt / tau) * ONE)
    return np.concatenate([[steps, 0], left]).astype("<u2").view("<u4").astype(np.uint32)


def rules_of(
    artifact: SpiNNakerArtifact, plans: Artifact, instances: list[ProjectionInstance]
) -> dict[str, Plasticity]:
    """Return the rule of each population that plastic synapses end on.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    plans, instances
        The network as the cpu has it, and its projections.

    Raises
    ------
    UnsupportedError
        If parameters differ within a projection, limits are no limits on the machine, or a
        population has two rules.
    """
    found: dict[str, tuple[str, Plasticity]] = {}
    for one in instances:
        if not plans.synapses[one.plan.synapse].plastic:
            continue
        for population in dict.fromkeys(name for name, _ in one.plan.post.members):
            ring = artifact.rings[population, one.plan.receptor]
            rule = _rule(artifact, plans, one, ring)
            first, known = found.setdefault(population, (one.plan.name, rule))
            if known != rule:
                raise UnsupportedError(
                    f"the plastic synapses of '{one.plan.name}' onto '{population}' change by "
                    f"{rule}, those of '{first}' by {known}; on SpiNNaker all of a population "
                    "change by one rule: expected the same model and parameters"
                )
    return {population: rule for population, (_, rule) in found.items()}


def _rule(
    artifact: SpiNNakerArtifact, plans: Artifact, one: ProjectionInstance, ring: Ring
) -> Plasticity:
    plan, model = one.plan, plans.synapses[one.plan.synapse]
    given: dict[str, float] = {}
    for parameter in model.parameters:
        value = plan.parameters[parameter.name]
        if not isinstance(value, int | float):
            raise UnsupportedError(
                f"'{parameter.name}' of the plastic synapses of '{plan.name}' differs from synapse "
                "to synapse; on SpiNNaker it is one number"
            )
        given[parameter.name] = value * parameter.scale
    native = artifact.synapses[model.model]
    constants = constants_of(native.constants)(given, one.dt)
    weight = ring.factor * 2.0 ** (ring.shift - POINT)
    least, largest = (float(constants[name]) * weight for name in ("w_min", "w_max"))
    if not 0.0 <= least <= largest < 2.0 ** (31 - POINT):
        raise UnsupportedError(
            f"weights of '{plan.name}' change between {least:g} and {largest:g} on SpiNNaker; "
            "expected limits of one sign, w_min nearer to 0 than w_max"
        )
    scale = largest if _IN_WEIGHTS[native.model] else 1.0
    return Plasticity(
        native.model,
        float(constants["tau_plus"]),
        float(constants["tau_minus"]),
        (least, largest),
        (float(constants["A_plus"]) * scale, float(constants["A_minus"]) * scale),
    )


def region_of(
    rules: Mapping[str, Plasticity], artifact: SpiNNakerArtifact, populations: list[str]
) -> NDArray[np.uint32] | None:
    """Return the region of a core with cells of some populations, which share their rule."""
    rule = next((rules[name] for name in populations if name in rules), None)
    if rule is None:
        return None
    return rule.words(artifact.receptors[populations[0]], artifact.dt)
