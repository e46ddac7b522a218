"""`quantise-weights`: each weight becomes a whole number of the steps that a chip has.

A step is the same for all synapses that share a scale on the chip: those onto one input of the
cells of a population, or those of a projection, as the chip's figure ``weight_scale`` says. Where
weights of a scale differ so much that one synapse would be too coarse, the largest take several
synapses in parallel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.descriptions import described
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import analog
from snnc.passes.analog.reading import AnalogMapping, Ints, Wiring, analog_mapping_of

SCALES = ("receptor", "projection")
_INPUTS = 2


@dataclass(frozen=True)
class QuantiseWeightsPass(ModulePass):
    """Give each synapse a line (excitatory or inhibitory input) and a code.

    Attributes
    ----------
    parallel : int
        The most synapses that a weight may take.
    tolerance : float
        The relative error (root of the mean square over the synapses of a scale) that is good
        enough; more synapses are taken where it is not reached.
    """

    name = "quantise-weights"

    parallel: int = 4
    tolerance: float = 0.05

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add `analog.codes` of each projection.

        Raises
        ------
        UnsupportedError
            If a synapse changes, or a cell has more than two receptors.
        """
        if self.parallel < 1 or self.tolerance < 0:
            raise OptionError("parallel of 'quantise-weights' is at least 1, tolerance at least 0")
        mapping = analog_mapping_of(ctx, op)
        description = described(**mapping.chip.described())
        shared = description.text("weight_scale")
        if shared not in SCALES:
            raise OptionError(
                f"unknown weight_scale '{shared}' of {description.label}; expected one of "
                f"{', '.join(SCALES)}"
            )
        wiring = mapping.wiring
        line = lines_of(mapping, wiring)
        group = _groups(mapping, wiring, line, shared)
        largest = (1 << description.count("weight_bits")) - 1
        step = np.ones(wiring.weight.size)
        for number in np.unique(group):
            members = group == number
            step[members] = self._step(np.abs(wiring.weight[members]), largest)
        code = codes(wiring.weight, step)
        scale = np.where(wiring.weight < 0, -step, step)
        for number, projection in enumerate(mapping.projections):
            mine = wiring.projection == number
            name, rows = projection.symbol, np.stack([line[mine], code[mine]], axis=1)
            mapping.op.add(
                [
                    analog.CodesOp(
                        name,
                        mapping.handle(rows, f"{analog.CodesOp.name}.{name}"),
                        mapping.handle(scale[mine], f"analog.scale.{name}"),
                    )
                ]
            )

    def _step(self, weights: NDArray[np.float64], largest: int) -> float:
        """Return the step of weights that share one."""
        top = float(weights.max(initial=0.0))
        if top == 0.0:
            return 1.0
        steps = [top / (number * largest) for number in range(1, self.parallel + 1)]
        errors = [_error(weights, step) for step in steps]
        good = (step for step, e in zip(steps, errors, strict=True) if e <= self.tolerance)
        return next(good, steps[int(np.argmin(errors))])


def codes(weight: NDArray[np.float64], step: NDArray[np.float64] | float) -> Ints:
    """Return weights in steps; only a weight of 0 has the code 0."""
    magnitude = np.abs(weight)
    found = np.maximum(1, np.rint(magnitude / step)).astype(np.int64)
    return np.where(magnitude > 0, found, 0)


def _error(weights: NDArray[np.float64], step: float) -> float:
    some = weights[weights > 0]
    return float(np.sqrt(np.mean((codes(some, step) * step / some - 1.0) ** 2)))


def lines_of(mapping: AnalogMapping, wiring: Wiring) -> Ints:
    """Return the input of the postsynaptic circuit that each synapse needs.

    The second receptor of a model is its inhibitory one; of models with one receptor, weights below
    0 are inhibitory.
    """
    line = np.zeros(wiring.pre.size, np.int64)
    for number, projection in enumerate(mapping.projections):
        synapse = mapping.models[projection.synapse]
        if synapse.states or synapse.plastic or synapse.reads:
            raise UnsupportedError(
                f"'{projection.label}' has synapses of '{projection.synapse}', which change; "
                "synapses of analog chips keep their weights here"
            )
        mine = np.flatnonzero(wiring.projection == number)
        for population in mapping.populations:
            first = mapping.first[population.symbol]
            post = wiring.post[mine]
            onto = mine[(post >= first) & (post < first + population.size)]
            if onto.size:
                receptors = list(mapping.models[population.model].receptors)
                if len(receptors) > _INPUTS:
                    raise UnsupportedError(
                        f"'{population.label}' has receptors {', '.join(receptors)}; a circuit of "
                        f"analog chips has {_INPUTS} inputs"
                    )
                inhibitory = wiring.weight[onto] < 0 if len(receptors) == 1 else False
                line[onto] = inhibitory | (receptors.index(projection.receptor) == 1)
    return line


def _groups(mapping: AnalogMapping, wiring: Wiring, line: Ints, shared: str) -> Ints:
    """Number what shares a scale."""
    if shared == "projection":
        return _INPUTS * wiring.projection + line
    ends = np.cumsum([op.size for op in mapping.populations])
    return _INPUTS * np.searchsorted(ends, wiring.post, side="right") + line
