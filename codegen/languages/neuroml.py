"""NeuroML 2 of models and networks: a LEMS file with the component types of the cells.

Sources of spikes, pulses of current and PyNN's simplest cells are NeuroML's own; other cells are
component types of this file, and connections set the weights of their event ports.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from xml.etree import ElementTree as ET

import numpy as np
from xdsl.ir import Operation

from snnc.codegen.languages.lems_types import (
    START,
    component_type,
    type_name,
    weight_property,
    word,
)
from snnc.codegen.languages.lems_units import Units
from snnc.codegen.languages.network import Cell, Cells, Connections, Current, Network, single
from snnc.codegen.languages.pynn_types import SYNAPSES, cell_element, synapse_element
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import NAMED
from snnc.ir.values import Sequences

INCLUDES = ("Cells.xml", "Networks.xml", "Inputs.xml", "PyNN.xml", "Simulation.xml")
DURATION = "1000ms"
_POISSON = {"rate", "start", "duration"}
_MS, _NA = NAMED["ms"].exponents, NAMED["nA"].exponents


def emit(models: Mapping[str, Operation], network: Network | None) -> str:
    """Return a LEMS file with the cells of a document, and with its network if it has one.

    Parameters
    ----------
    models : mapping of str to Operation
        Cell models by name.
    network : Network or None
        Populations of them and what joins them.

    Raises
    ------
    UnsupportedError
        A construct that LEMS or NeuroML does not have; names it.
    """
    root = _File(models, network).root()
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


class _File:
    def __init__(self, models: Mapping[str, Operation], network: Network | None) -> None:
        self.models = {n: op for n, op in models.items() if isinstance(op, dyn.CellOp)}
        self.network = network
        self.units = Units()
        self.types: list[ET.Element] = []
        self.components: list[ET.Element] = []
        self.ids: dict[str, str] = {}
        self.standard: dict[str, ET.Element] = {}

    def root(self) -> ET.Element:
        root = ET.Element("Lems")
        body: list[ET.Element] = []
        if self.network is None:
            for name in self.models:
                self.component_of(Cells(name, 1, name, {}, {}))
        else:
            ET.SubElement(root, "Target", component="simulation")
            body = [self.body(self.network), self.simulation(self.network)]
        for file in INCLUDES:
            ET.SubElement(root, "Include", file=file)
        root.extend([*self.units.elements(), *self.types, *self.components, *body])
        return root

    # Cells

    def cell_type(self, name: str) -> None:
        element = component_type(self.models[name], self.units)
        if all(element.get("name") != known.get("name") for known in self.types):
            self.types.append(element)

    def component(
        self, name: str, op: dyn.CellOp, parameters: Mapping[str, float],
        initial: Mapping[str, float],
    ) -> str:  # fmt: skip
        """Add a component, or find an equal one; return its id."""
        element = ET.Element(type_name(op.label))
        for inner in op.body.block.ops:
            match inner:
                case dyn.ParamOp(sequence=None):
                    default = None if inner.default is None else inner.default.value.data
                    value = parameters.get(inner.label, default)
                    if value is not None:
                        element.set(word(inner.label), self.quantity(inner, value))
                case dyn.StateOp():
                    value = initial.get(inner.label, inner.initial.value.data)
                    element.set(START.format(word(inner.label)), self.quantity(inner, value))
        return self.added(element, name)

    def quantity(self, op: dyn.Declaration, value: float) -> str:
        return self.units.quantity(value * op.scale, op.type.exponents)

    def added(self, element: ET.Element, name: str) -> str:
        text = ET.tostring(element, "unicode")
        if text not in self.ids:
            taken, n, found = set(self.ids.values()), 2, name
            while found in taken:
                found, n = f"{name}_{n}", n + 1
            self.ids[text] = found
            element.attrib = {"id": found, **element.attrib}
            self.components.append(element)
        return self.ids[text]

    # Populations

    def body(self, network: Network) -> ET.Element:
        body = ET.Element("network", id=word(network.name))
        for cells in network.cells:
            self.population(body, cells)
        for connections in network.connections:
            self.connections(body, connections)
        for current in network.currents:
            self.current(body, current)
        return body

    def population(self, body: ET.Element, cells: Cells) -> None:
        attributes = {"id": word(cells.name), "component": self.component_of(cells)}
        if cells.positions is None:
            ET.SubElement(body, "population", {**attributes, "size": str(cells.size)})
            return
        size = str(cells.size)
        element = ET.SubElement(
            body, "population", {**attributes, "type": "populationList", "size": size}
        )
        for n, where in enumerate(np.asarray(cells.positions).T):
            instance = ET.SubElement(element, "instance", id=str(n))
            axes = {axis: repr(float(x)) for axis, x in zip("xyz", where, strict=True)}
            ET.SubElement(instance, "location", axes)

    def component_of(self, cells: Cells) -> str:
        op = self.models[cells.model]
        inner = list(op.body.block.ops)
        times = next((o.times.data for o in inner if isinstance(o, dyn.ScheduleOp)), None)
        if times is not None:
            return self.listed(cells, times)
        parameters = {name: self.same(cells, name, v) for name, v in cells.parameters.items()}
        if any(isinstance(o, dyn.PoissonOp) for o in inner):
            return self.poisson(cells, op, parameters)
        initial = {name: self.same(cells, name, v) for name, v in cells.initial.items()}
        if self.is_standard(cells.model):
            element = cell_element(op, parameters, initial)
            if element is not None:
                self.standard[cells.name] = element
                return self.added(deepcopy(element), word(cells.model))
        self.cell_type(cells.model)
        return self.component(word(cells.model), op, parameters, initial)

    def is_standard(self, model: str) -> bool:
        """Tell whether NeuroML has a type for a model."""
        return self.network is not None and model in self.network.packaged and model in SYNAPSES

    def same(self, cells: Cells, name: str, values: object) -> float:
        found = None if isinstance(values, Sequences) else single(values)  # type: ignore[arg-type]
        if found is None:
            raise UnsupportedError(
                f"'{name}' differs between the cells of '{cells.name}'; NeuroML has one component "
                "for each population"
            )
        return found

    def listed(self, cells: Cells, name: str) -> str:
        given = cells.parameters.get(name)
        trains = _trains(given)
        if any(not np.array_equal(train, trains[0]) for train in trains):
            raise UnsupportedError(
                f"'{name}' differs between the cells of '{cells.name}'; NeuroML has one component "
                "for each population"
            )
        element = ET.Element("spikeArray")
        for n, time in enumerate(trains[0]):
            text = self.units.quantity(float(time), _MS)
            ET.SubElement(element, "spike", id=str(n), time=text)
        return self.added(element, f"{word(cells.name)}_times")

    def poisson(self, cells: Cells, op: dyn.CellOp, parameters: Mapping[str, float]) -> str:
        declared = {o.label: o for o in op.body.block.ops if isinstance(o, dyn.ParamOp)}
        rate = _named_rate(op)
        if rate is not None:
            param = declared[rate]
            value = parameters.get(rate, param.default.value.data if param.default else 0.0)
            source = ET.Element("spikeGeneratorPoisson", averageRate=self.quantity(param, value))
            return self.added(source, f"{word(cells.name)}_source")
        if declared.keys() != _POISSON:
            raise UnsupportedError(
                f"NeuroML has Poisson sources of constant rate alone; found '{cells.model}'",
                location_of(op),
            )
        element = ET.Element("SpikeSourcePoisson")
        for name, param in declared.items():
            value = parameters.get(name, param.default.value.data if param.default else 0.0)
            element.set(name, self.quantity(param, value))
        return self.added(element, f"{word(cells.name)}_source")

    # What joins cells

    def connections(self, body: ET.Element, given: Connections) -> None:
        if given.synapse != "StaticSynapse":
            raise UnsupportedError(
                f"NeuroML is not given '{given.synapse}', the synapses of '{given.name}'; "
                "expected StaticSynapse"
            )
        groups: dict[tuple[str, str], ET.Element] = {}
        for n, (pre, post) in enumerate(zip(given.pre, given.post, strict=True)):
            weight, delay = float(given.weights[n]), float(given.delays[n])
            if post[0] in self.standard:
                ends = pre[0], post[0]
                if ends not in groups:
                    groups[ends] = self.group(body, given, ends, len(groups))
                self.connected(groups[ends], pre, post, weight, delay)
                continue
            model = self.model_of(post[0])
            ports = (op for op in model.body.block.ops if isinstance(op, dyn.ReceptorOp))
            port = next(op for op in ports if op.label == given.receptor)
            ET.SubElement(
                body,
                self.connection_type(model, port),
                {
                    "from": _path(pre),
                    "to": _path(post),
                    "targetPort": word(given.receptor),
                    "weight": self.quantity(port, weight),
                    "delay": self.units.quantity(delay, _MS),
                },
            )

    def group(
        self, body: ET.Element, given: Connections, ends: tuple[str, str], number: int
    ) -> ET.Element:
        """Add a projection between two populations through NeuroML's synapses."""
        name = f"{word(ends[1])}_{given.receptor}"
        if all(known.get("id") != name for known in self.components):
            synapse = synapse_element(self.standard[ends[1]], given.receptor)
            synapse.attrib = {"id": name, **synapse.attrib}
            self.components.append(synapse)
        return ET.SubElement(
            body, "projection", id=f"{word(given.name)}_{number}", synapse=name,
            presynapticPopulation=word(ends[0]), postsynapticPopulation=word(ends[1]),
        )  # fmt: skip

    def connected(
        self, group: ET.Element, pre: Cell, post: Cell, weight: float, delay: float
    ) -> None:
        ET.SubElement(
            group, "connectionWD", id=str(len(group)), preCellId=f"../{_path(pre)}",
            postCellId=f"../{_path(post)}", weight=repr(weight),
            delay=self.units.quantity(delay, _MS),
        )  # fmt: skip

    def model_of(self, population: str) -> dyn.CellOp:
        assert self.network is not None
        found = next(cells for cells in self.network.cells if cells.name == population)
        return self.models[found.model]

    def connection_type(self, model: dyn.CellOp, port: dyn.ReceptorOp) -> str:
        """Return the type of connections that set a weight of some dimension."""
        name = f"{weight_property(model, port.label)}_connection"
        dimension = self.units.dimension(port.type.exponents)
        name = f"{name}_{dimension}"
        if all(known.get("name") != name for known in self.types):
            self.types.append(_connection_type(name, dimension, weight_property(model, port.label)))
        return name

    def current(self, body: ET.Element, current: Current) -> None:
        if current.kind != "dc":
            raise UnsupportedError(
                f"NeuroML is not given the '{current.kind}' source '{current.name}'; expected dc"
            )
        values = current.parameters
        start, stop = (float(values.get(name, 0.0)) for name in ("start", "stop"))  # type: ignore[arg-type]
        element = ET.Element(
            "pulseGenerator",
            delay=self.units.quantity(start, _MS),
            duration=self.units.quantity(stop - start, _MS),
            amplitude=self.units.quantity(float(values.get("amplitude", 0.0)), _NA),  # type: ignore[arg-type]
        )
        component = self.added(element, word(current.name))
        for target in current.targets:
            attributes = {"target": _path(target), "input": component, "destination": "synapses"}
            ET.SubElement(body, "explicitInput", attributes)

    # Running

    def simulation(self, network: Network) -> ET.Element:
        step = self.units.quantity(network.dt, _MS)
        found = ET.Element(
            "Simulation", id="simulation", length=DURATION, step=step, target=word(network.name)
        )
        traces = [(cell, name) for cell, name in network.recorded if self.shown(cell, name)]
        spikes = [cell for cell, name in network.recorded if name == "spikes"]
        if traces:
            file = ET.SubElement(
                found, "OutputFile", id="traces", fileName=f"{word(network.name)}.dat"
            )
            for n, (cell, name) in enumerate(traces):
                quantity = f"{_path(cell)}/{word(name)}"
                ET.SubElement(file, "OutputColumn", id=f"column_{n}", quantity=quantity)
        if spikes:
            file = ET.SubElement(
                found, "EventOutputFile", id="spikes", format="TIME_ID",
                fileName=f"{word(network.name)}.spikes",
            )  # fmt: skip
            for n, cell in enumerate(spikes):
                ET.SubElement(
                    file, "EventSelection", id=str(n), select=_path(cell), eventPort="spike"
                )
        return found

    def shown(self, cell: Cell, name: str) -> bool:
        """Tell whether a variable has a path; NeuroML's own cells show their potential alone."""
        if name == "spikes":
            return False
        if cell[0] in self.standard and name != "v":
            warnings.warn(
                f"'{name}' of '{cell[0]}' is not recorded: NeuroML's cells do not show it",
                UserWarning,
                stacklevel=2,
            )
            return False
        return True


def _path(cell: tuple[str, int]) -> str:
    return f"{word(cell[0])}[{cell[1]}]"


def _connection_type(name: str, dimension: str, weight: str) -> ET.Element:
    found = ET.Element("ComponentType", name=name, extends="explicitConnection")
    ET.SubElement(found, "Parameter", name="weight", dimension=dimension)
    ET.SubElement(found, "Parameter", name="delay", dimension="time")
    ET.SubElement(found, "Path", name="from")
    ET.SubElement(found, "Path", name="to")
    ET.SubElement(found, "Text", name="targetPort")
    structure = ET.SubElement(found, "Structure")
    ET.SubElement(structure, "With", {"instance": "from", "as": "a"})
    ET.SubElement(structure, "With", {"instance": "to", "as": "b"})
    joined = {"from": "a", "to": "b", "targetPort": "targetPort", "delay": "delay"}
    event = ET.SubElement(structure, "EventConnection", joined)
    ET.SubElement(event, "Assign", {"property": weight, "value": "weight"})
    return found


def _named_rate(cell: dyn.CellOp) -> str | None:
    """Return the parameter that is the rate of a Poisson source, if it is one."""
    for op in cell.body.block.ops:
        if isinstance(op, dyn.PoissonOp) and isinstance(op.value.owner, ex.GetOp):
            return op.value.owner.variable.data
    return None


def _trains(given: object) -> list[np.ndarray]:
    if not isinstance(given, Sequences):
        return [np.empty(0)]
    return np.split(given.values, given.offsets[1:-1])
