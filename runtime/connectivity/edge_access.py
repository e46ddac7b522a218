"""Reading and changing the values of connections of a built network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.ir.values import Value
from snnc.runtime.connectivity.delays import delay_steps
from snnc.runtime.connectivity.edge_values import evaluate
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.connectivity.locate import Located
from snnc.runtime.connectivity.pairs import Block
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.jit.cache import Kernels


@dataclass(frozen=True)
class Edges:
    """The connections of a projection, sorted by (pre, post, ordinal).

    Attributes
    ----------
    pre, post : ndarray of int64, shape (m,)
        Positions in the projection's own selections of cells.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]


class EdgeAccess:
    """The values of the connections of one projection.

    Parameters
    ----------
    wiring : Wiring
        All connections.
    kernels : Kernels
        For random values.
    name : str
        The projection.
    """

    def __init__(self, wiring: Wiring, kernels: Kernels, name: str) -> None:
        self._wiring = wiring
        self._kernels = kernels
        self._name = name
        self._bundle, self._number = wiring.bundle_of[name]

    @property
    def _one(self) -> ProjectionInstance:
        return self._bundle.instances[self._number]

    @property
    def _located(self) -> Located:
        return self._bundle.locator(self._kernels).edges(self._number)

    @property
    def size(self) -> int:
        """Number of connections."""
        return self._bundle.locator(self._kernels).size(self._number)

    def edges(self) -> Edges:
        """Return the connections."""
        return Edges(self._located.pre, self._located.post)

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a value of each connection in its declared unit: float64 of shape (m,)."""
        self._check(name)
        located, scale = self._located, self._one.scales.get(name, 1.0)
        if name == "delay":
            return np.multiply(located.delay, self._one.dt, dtype=np.float64)
        arrays = self._arrays(name)
        if arrays is not None:
            return located.gather(arrays) / scale
        if name == "weight":
            return np.full(located.pre.size, self._bundle.weight / scale)
        states = self._states(name)
        if states is not None:
            return states / scale
        value = self._one.plan.parameters[name]
        return np.full(located.pre.size, value, np.float64)

    def weights_have_sign(self, sign: int) -> bool:
        """Tell whether no weight in the rows of the projection has the other sign.

        Rows that several projections share are judged together; finding the connections of one
        takes much more memory than the rows. A sign of 0 is had by all.
        """
        arrays = self._arrays("weight")
        if arrays is None:
            return self._bundle.weight * sign >= 0.0
        ends = [(array.min(), array.max()) for array in arrays if array.size]
        return all(min(low * sign, high * sign) >= 0 for low, high in ends)

    def set(self, name: str, value: Value) -> bool:
        """Set a value of all connections.

        Parameters
        ----------
        value : Value
            In the declared unit; an array has the shape [pre, post], or (m,) in the order of
            `edges`.

        Returns
        -------
        bool
            Whether the rows were made anew.

        Raises
        ------
        NeedsRecompilation
            Kernels take the value as one number, and it differs.
        """
        self._check(name)
        if self._bundle.synapse.form.packed:
            with self._wiring.unpacked():
                return self._set(name, value)
        return self._set(name, value)

    def _set(self, name: str, value: Value) -> bool:
        if name == "delay":
            self._set_delays(self._evaluated(name, value))
            return True
        arrays = self._arrays(name)
        if arrays is None:
            self._set_shared(name, value)
            return False
        new = np.multiply(self._evaluated(name, value), self._one.scales.get(name, 1.0))
        self._store(name, arrays, new)
        return False

    def _check(self, name: str) -> None:
        synapse = self._bundle.synapse
        known = ["weight", "delay", *(p.name for p in synapse.parameters)]
        known += [s.name for s in synapse.states if s.axes != ("post",)]
        if name not in known:
            raise UserError(
                f"synapses of '{self._name}' have no value '{name}'{did_you_mean(name, known)}"
            )

    def _arrays(self, name: str) -> list[NDArray[Any]] | None:
        """Return the arrays of a value per connection; None if connections share it."""
        form, parts = self._bundle.synapse.form.weight, self._bundle.parts
        if name == "weight" and form in ("float32", "int16"):
            return [self._wiring.packing.floats(self._bundle, part) for part in parts]
        if name in self._bundle.arrays:
            return [part.rows.arrays[name] for part in parts]
        return None

    def _states(self, name: str) -> NDArray[np.float64] | None:
        """Return a presynaptic state of each connection, in coherent units."""
        if not any(s.name == name and s.axes == ("pre",) for s in self._bundle.synapse.states):
            return None
        located, one = self._located, self._one
        values = np.empty(located.pre.size)
        for number, part in enumerate(self._bundle.parts):
            here = located.place == number
            arrays = self._wiring.states.pre[self._name, part.source].arrays
            values[here] = arrays[name][one.pre.index[located.pre[here]]]
        return values

    def _evaluated(self, name: str, value: Value) -> float | NDArray[np.float64]:
        """Return a value in its declared unit: a number, or one per connection."""
        located = self._located
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.size == located.pre.size:
            return value.astype(np.float64)
        block = Block(located.pre.astype(np.int32), located.post.astype(np.int32), located.ordinal)
        one = replace(self._with(name, value), scales={})
        return evaluate(self._kernels, one, name, block)

    def _with(self, name: str, value: Value) -> ProjectionInstance:
        """Return the projection with another value."""
        plan = self._one.plan
        if name in ("weight", "delay"):
            return replace(self._one, plan=replace(plan, **{name: value}))
        if name in plan.parameters:
            parameters = {**plan.parameters, name: value}
            return replace(self._one, plan=replace(plan, parameters=parameters))
        return replace(self._one, plan=replace(plan, initial={**plan.initial, name: value}))

    def _store(self, name: str, arrays: list[NDArray[Any]], new: Any) -> None:
        """Store values, and have `reset` return to them where they have changed."""
        before = [array.copy() for array in arrays]
        self._located.scatter(arrays, new)
        for part, old, array in zip(self._bundle.parts, before, arrays, strict=True):
            if name in part.baseline:
                changed = old != array
                part.baseline[name][changed] = array[changed]

    def _set_shared(self, name: str, value: Value) -> None:
        """Set a value that all connections share."""
        new = np.unique(self._evaluated(name, value))
        shares = name == "weight" and len(self._bundle.instances) > 1
        if new.size > 1 or shares or self._states(name) is not None:
            raise NeedsRecompilation(self._name, name, value)
        if new.size == 0:
            return
        self._bundle.instances[self._number] = self._with(name, float(new[0]))
        if name == "weight":
            self._bundle.weight = float(new[0]) * self._one.scales.get(name, 1.0)

    # Delays decide on the order of rows, so a bundle is made anew when they change.

    def _set_delays(self, delays: float | NDArray[np.float64]) -> None:
        delay_steps(delays, self._one.dt, self._name)
        one_delay = self._bundle.synapse.form.weight in ("counts", "mask")
        if one_delay and np.unique(delays).size > 1:
            raise NeedsRecompilation(self._name, "delay", np.asarray(delays))
        names = ["delay", *self._bundle.arrays]
        if self._bundle.synapse.form.weight in ("float32", "int16"):
            names.append("weight")
        accesses = [
            EdgeAccess(self._wiring, self._kernels, name) for name in self._bundle.projections
        ]
        values = [{name: access.values(name) for name in names} for access in accesses]
        values[self._number]["delay"] = np.broadcast_to(delays, self._located.pre.shape)
        self._bundle.instances[:] = [
            access._listed(each) for access, each in zip(accesses, values, strict=True)
        ]
        self._wiring.rebuild(self._bundle)

    def _listed(self, values: dict[str, NDArray[np.float64]]) -> ProjectionInstance:
        """Return the projection as a list of its connections with their values."""
        located, plan = self._located, self._one.plan
        parameters = {n: values.get(n, v) for n, v in plan.parameters.items()}
        initial = {n: values.get(n, v) for n, v in plan.initial.items()}
        plan = replace(
            plan,
            connector="from_list",
            options={"pre": located.pre, "post": located.post},
            parameters=parameters,
            initial=initial,
            weight=values.get("weight", plan.weight),
            delay=values["delay"],
        )
        return replace(self._one, plan=plan)
