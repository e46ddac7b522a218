"""Cells that NEURON knows and snnc has no equations of: artificial cells, and users' templates.

A template is a class as PyNN's ``NativeCellType`` has it: called with the parameters of a cell, it
builds sections and synapses. Of the object it makes, `source` is the pointer or mechanism that
spikes come from (of a pointer in `source_section`), parameters are attributes, and receptors are
found by their names, as ``apical.ampa``. `memb_init` sets what is in `initial_values`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UnsupportedError, UserError
from snnc.runtime.native.network import Numbers
from snnc.runtime.native.neuron_cells import NeuronCells
from snnc.runtime.native.neuron_kernel import h, parallel
from snnc.runtime.native.templates import TEMPLATES

_PATH = re.compile(r"(?:(?P<owner>[\w.]+?)(?:\((?P<at>[0-9.]+)\))?\.)?(?P<rest>[\w.]+)")


def own_cells(
    name: str, model: str, first: int, stop: int, size: int, parameters: Mapping[str, Numbers]
) -> NeuronCells:
    """Return the cells of a model of NEURON, or of a template; see `NeuronCells`.

    Raises
    ------
    UserError
        There is neither.
    """
    if model not in TEMPLATES and not hasattr(h, model):
        raise UserError(
            f"NEURON has no cell '{model}' in this process; a template is a class of the script "
            "that builds the network: run that"
        )
    kind = TemplateCells if model in TEMPLATES else ArtificialCells
    return kind(name, model, first, stop, size, parameters)


class OwnCells(NeuronCells):
    """Cells that are made with their parameters.

    Parameters
    ----------
    name, model, first, stop, size
        As for `NeuronCells`.
    parameters : mapping of str to Numbers
        Of the whole population.
    """

    wait = 1.0

    def __init__(
        self,
        name: str,
        model: str,
        first: int,
        stop: int,
        size: int,
        parameters: Mapping[str, Numbers],
    ) -> None:
        self._parameters = parameters
        super().__init__(name, model, first, stop, size)

    def _made(self) -> list[Any]:
        cells = range(self.first, self.stop)
        columns = {n: np.broadcast_to(v, self.size).tolist() for n, v in self._parameters.items()}
        return [self._one({name: column[i] for name, column in columns.items()}) for i in cells]

    def _one(self, parameters: Mapping[str, float]) -> Any:
        raise NotImplementedError


class ArtificialCells(OwnCells):
    """Artificial cells of NEURON: they live in no section, and get spikes themselves."""

    def _one(self, parameters: Mapping[str, float]) -> Any:
        cell = getattr(h, self.model)()
        for name, value in parameters.items():
            setattr(cell, name, value)
        return cell

    def start(
        self, parameters: Mapping[str, Numbers], initial: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Set what does not begin at 0: the cells work out the beginning of others themselves."""
        self._write_all({name: values for name, values in initial.items() if values.any()})


class TemplateCells(OwnCells):
    """Cells made by a template; see `OwnCells`.

    Raises
    ------
    UnsupportedError
        There are several processes.
    UserError
        The class does not take the parameters, or its cells lack what is needed of them.
    """

    wait = 1.0

    def __init__(
        self,
        name: str,
        model: str,
        first: int,
        stop: int,
        size: int,
        parameters: Mapping[str, Numbers],
    ) -> None:
        if parallel.nhost() > 1:
            raise UnsupportedError(f"cells of the template '{model}' live in one process")
        self._template = TEMPLATES[model]
        self._electrodes: dict[int, Any] = {}
        super().__init__(name, model, first, stop, size, parameters)

    def _one(self, parameters: Mapping[str, float]) -> Any:
        try:
            cell = self._template.make(**parameters, **self._template.extra)
        except TypeError as error:
            raise UserError(f"the template '{self.model}' cannot make a cell: {error}") from error
        if not hasattr(cell, "source"):
            raise UserError(
                f"a cell of the template '{self.model}' has no 'source', from which its spikes come"
            )
        return cell

    def prepare(self, initial: Mapping[str, NDArray[np.float64]]) -> None:
        """Let each cell begin at its initial values: of potentials, mechanisms begin there, too."""
        for cell, index in zip(self.instances, range(self.first, self.stop), strict=True):
            cell.initial_values = {
                name: float(initial[name][index]) for name in self._template.initial
            }
        self._begin()

    def start(
        self, parameters: Mapping[str, Numbers], initial: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Begin again where the beginning of mechanisms has changed what is theirs."""
        self._begin()

    def _begin(self) -> None:
        for cell in self.instances:
            if hasattr(cell, "memb_init"):
                cell.memb_init()

    def netcon(self, cell: int, target: Any) -> Any:
        """Return a NetCon from the spikes of a cell."""
        own = self.instances[cell - self.first]
        section = getattr(own, "source_section", None)
        if hasattr(own.source, "loc") or section is None:
            return h.NetCon(own.source, target)
        return h.NetCon(own.source, target, sec=section)

    def targets(self, port: int | str | None) -> tuple[str, list[Any]]:
        """Return the mechanism of a receptor, and those of all cells."""
        found = [self._owner(cell, str(port)) for cell in self.instances]
        if any(not hasattr(target, "get_segment") for target in found):
            raise UserError(
                f"'{port}' of a cell of the template '{self.model}' takes no spikes; expected a "
                "point process"
            )
        kinds = {target.hname().partition("[")[0] for target in found}
        if len(kinds) > 1:
            raise UserError(
                f"receptor '{port}' of '{self.model}' is not the same mechanism in all cells; "
                f"found {', '.join(sorted(kinds))}"
            )
        if found and h.NetCon(None, found[0]).wcnt() > 1:
            raise UnsupportedError(
                f"receptor '{port}' of '{self.model}' keeps values for each connection; expected "
                "a mechanism with a weight alone"
            )
        return next(iter(kinds), ""), found

    def _owner(self, cell: Any, path: str) -> Any:
        try:
            return reduce(getattr, path.split("."), cell)
        except AttributeError:
            raise UserError(f"a cell of the template '{self.model}' has no '{path}'") from None

    def _reference(self, instance: Any, variable: str) -> Any:
        if variable == "injected":
            return self._electrode(instance)._ref_amp
        given = getattr(instance, "recordable", {})
        if variable in given:
            return given[variable]
        if variable == "v":
            return instance.source_section(0.5)._ref_v
        found = _PATH.fullmatch(variable)
        owner, at, rest = found.groups() if found else (None, None, variable)
        place = instance.source if owner is None else self._owner(instance, owner)
        if hasattr(place, "nseg"):
            place = place(0.5 if at is None else float(at))
        *mechanism, last = rest.split(".")
        return getattr(reduce(getattr, mechanism, place), f"_ref_{last}")

    def _electrode(self, cell: Any) -> Any:
        """Return the electrode in the source section of a cell, which is made when it is needed."""
        if id(cell) not in self._electrodes:
            electrode = h.IClamp(cell.source_section(0.5))
            electrode.delay, electrode.dur = 0.0, 1e12
            self._electrodes[id(cell)] = electrode
        return self._electrodes[id(cell)]

    def write(self, variable: str, values: Numbers, cells: NDArray[np.int64]) -> None:
        """Set a parameter, which is an attribute, or a variable of some cells."""
        if variable not in self._parameters:
            super().write(variable, values, cells)
            return
        own = np.broadcast_to(values, cells.size).tolist()
        for cell, value in zip((cells - self.first).tolist(), own, strict=True):
            setattr(self.instances[cell], variable, value)
