"""NineML 1.0 of models and networks: classes of cells, populations, and projections.

Cells have event ports of their own, so that the response of a projection only passes spikes on, and
its plasticity is a constant weight. Rules of NineML's library stay rules, others become lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

import numpy as np
from xdsl.ir import Operation

from snnc.codegen.languages.network import Cells, Connections, Network, single
from snnc.codegen.languages.nineml import WEIGHT, NinemlFile, word, write_class
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.text import parse
from snnc.ir.units import DIMENSIONLESS, NAMED, Exponents
from snnc.ir.values import Option

RELAY, EXPLICIT = "PassOn", "Explicit"
_LIBRARY = "http://nineml.net/9ML/1.0/connectionrules/"
_RULES: dict[str, tuple[str, str | None, str | None]] = {
    "all_to_all": ("AllToAll", None, None),
    "one_to_one": ("OneToOne", None, None),
    "fixed_probability": ("Probabilistic", "p_connect", "probability"),
    "fixed_number_pre": ("RandomFanIn", "n", "number"),
    "fixed_number_post": ("RandomFanOut", "n", "number"),
}
"""Rules of the library by connector, with the option that they have and what they call it."""
_DEFAULTS = {"allow_self_connections": True, "with_replacement": False}
_MS = NAMED["ms"].exponents
_ALWAYS = 1e9
"""Ms; a source that lasts longer has no end."""
_POISSON = "dyn.cell @{name} {{ param rate : Hz = {rate!r}  emit poisson rate }}"


def emit(models: Mapping[str, Operation], network: Network | None) -> str:
    """Return a NineML file with the cells of a document, or with its network if it has one.

    Raises
    ------
    UnsupportedError
        A construct that NineML does not have; names it.
    """
    cells = {name: op for name, op in models.items() if isinstance(op, dyn.CellOp)}
    if network is not None:
        return _Network(cells, network).text()
    file = NinemlFile()
    for op in cells.values():
        write_class(file, op)
        element = ET.SubElement(file.root, "Component", name=f"{word(op.label)}_values")
        component(file, element, op, {}, {})
    return file.text()


def component(
    file: NinemlFile,
    element: ET.Element,
    cell: dyn.CellOp,
    parameters: Mapping[str, object],
    initial: Mapping[str, object],
) -> None:
    """Write the values of a cell, which are its defaults where none are given."""
    ET.SubElement(element, "Definition").text = word(cell.label)
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp():
                default = None if op.default is None else op.default.value.data
                value = parameters.get(op.label, default)
                if value is not None:
                    quantity(file, element, "Property", op, value)
            case dyn.StateOp():
                value = initial.get(op.label, op.initial.value.data)
                quantity(file, element, "Initial", op, value)


def quantity(
    file: NinemlFile, element: ET.Element, tag: str, op: dyn.ParamOp | dyn.StateOp, given: object
) -> None:
    """Write a value in the declared unit, one number or one for each cell."""
    units = file.units(op.type.exponents)
    found = ET.SubElement(element, tag, name=word(op.label), units=units)
    numbers(found, np.asarray(given, np.float64) * op.scale)


def numbers(element: ET.Element, values: np.ndarray) -> None:
    """Write numbers in coherent units; those that are all equal as one."""
    same = single(values)
    if same is not None:
        ET.SubElement(element, "SingleValue").text = _text(same)
        return
    rows = ET.SubElement(element, "ArrayValue")
    for index, value in enumerate(values):
        ET.SubElement(rows, "ArrayValueRow", index=str(index)).text = _text(value)


def _text(value: float) -> str:
    return repr(float(f"{value:.15g}"))


class _Network:
    def __init__(self, models: Mapping[str, dyn.CellOp], network: Network) -> None:
        self.models = dict(models)
        self.network = network
        self.file = NinemlFile()
        self.written: set[str] = set()

    def text(self) -> str:
        network = self.network
        if network.currents:
            raise UnsupportedError(
                f"NineML has no sources of current such as '{network.currents[0].name}'"
            )
        for cells in network.cells:
            self.population(cells)
        for one in network.connections:
            self.projections(one)
        return self.file.text()

    # Populations

    def population(self, cells: Cells) -> None:
        op, parameters = self.simplified(cells)
        if op.label not in self.written:
            self.written.add(op.label)
            write_class(self.file, op)
        element = ET.SubElement(self.file.root, "Population", name=word(cells.name))
        ET.SubElement(element, "Size").text = str(cells.size)
        inner = ET.SubElement(ET.SubElement(element, "Cell"), "Component")
        inner.set("name", f"{word(cells.name)}_cell")
        component(self.file, inner, op, parameters, cells.initial)

    def simplified(self, cells: Cells) -> tuple[dyn.CellOp, Mapping[str, object]]:
        """Return a cell, and its values; a Poisson source without bounds has a rate alone."""
        op, values = self.models[cells.model], cells.parameters
        declared = {o.label: o for o in op.body.block.ops if isinstance(o, dyn.ParamOp)}
        poisson = any(isinstance(o, dyn.PoissonOp) for o in op.body.block.ops)
        if not poisson or declared.keys() != {"rate", "start", "duration"}:
            return op, values
        known = {
            name: values.get(name, 0.0 if o.default is None else o.default.value.data)
            for name, o in declared.items()
        }
        if np.any(np.asarray(known["start"])) or np.any(np.asarray(known["duration"]) < _ALWAYS):
            raise UnsupportedError(
                f"NineML has Poisson sources without start and end alone; found '{cells.name}'"
            )
        default = declared["rate"].default
        text = _POISSON.format(name=op.label, rate=1.0 if default is None else default.value.data)
        simple = next(iter(parse(text).module.ops))
        assert isinstance(simple, dyn.CellOp)
        return simple, {"rate": known["rate"]}

    # Projections

    def projections(self, given: Connections) -> None:
        if given.synapse != "StaticSynapse":
            raise UnsupportedError(
                f"NineML is not given '{given.synapse}', the synapses of '{given.name}'; "
                "expected StaticSynapse"
            )
        whole = self.whole(given)
        if whole is not None:
            pre, post, rule, options = whole
            self.projection(given, given.name, (pre, post), rule, options, slice(None))
            return
        groups: dict[tuple[str, str], list[int]] = {}
        for n, (pre_cell, post_cell) in enumerate(zip(given.pre, given.post, strict=True)):
            groups.setdefault((pre_cell[0], post_cell[0]), []).append(n)
        for m, (ends, members) in enumerate(groups.items()):
            lists = {
                "sourceIndices": np.array([given.pre[n][1] for n in members], float),
                "destinationIndices": np.array([given.post[n][1] for n in members], float),
            }
            name = given.name if len(groups) == 1 else f"{given.name}_{m}"
            self.projection(given, name, ends, EXPLICIT, lists, np.array(members))

    def whole(self, given: Connections) -> tuple[str, str, str, dict[str, np.ndarray]] | None:
        """Return the rule of the library that a projection of two populations follows."""
        connector, options = given.rule
        if (
            connector not in _RULES
            or given.populations is None
            or not isinstance(given.weight, float)
        ):
            return None
        if given.delays.size and single(given.delays) is None:
            return None
        rule, option, name = _RULES[connector]
        others = {key: value for key, value in options.items() if key != option}
        if any(_DEFAULTS.get(key) != value for key, value in others.items()):
            return None
        values = {} if option is None or name is None else {name: _number(options[option])}
        if any(value is None for value in values.values()):
            return None
        return *given.populations, rule, values  # type: ignore[return-value]

    def projection(
        self,
        given: Connections,
        name: str,
        ends: tuple[str, str],
        rule: str,
        options: Mapping[str, np.ndarray],
        members: slice | np.ndarray,
    ) -> None:
        post = next(cells for cells in self.network.cells if cells.name == ends[1])
        ops = self.models[post.model].body.block.ops
        port = next(
            op for op in ops if isinstance(op, dyn.ReceptorOp) and op.label == given.receptor
        )
        receptor = word(given.receptor)
        element = ET.SubElement(self.file.root, "Projection", name=word(name))
        source = ET.SubElement(element, "Source")
        ET.SubElement(source, "Reference").text = word(ends[0])
        target = ET.SubElement(element, "Destination")
        ET.SubElement(target, "Reference").text = word(ends[1])
        _port(target, "FromResponse", "spike_out", receptor)
        _port(target, "FromPlasticity", "weight", WEIGHT.format(receptor))
        connectivity = ET.SubElement(element, "Connectivity")
        self.rule(connectivity, rule, options)
        response = ET.SubElement(element, "Response")
        self.part(response, self.relay(), "pass_on")
        _port(response, "FromSource", "spike", "spike")
        plasticity = ET.SubElement(element, "Plasticity")
        constant = self.part(plasticity, self.fixed_weight(port.type.exponents), "strength")
        units = self.file.units(port.type.exponents)
        weight = ET.SubElement(constant, "Property", name="w", units=units)
        weights = given.weights[members] if given.weights.size else np.array([given.weight], float)
        numbers(weight, weights * port.scale)
        delay = ET.SubElement(element, "Delay", units=self.file.units(_MS))
        numbers(delay, given.delays[members] if given.delays.size else np.array([self.network.dt]))

    def part(self, element: ET.Element, definition: str, name: str) -> ET.Element:
        found = ET.SubElement(element, "Component", name=name)
        ET.SubElement(found, "Definition").text = definition
        return found

    def rule(self, element: ET.Element, rule: str, options: Mapping[str, np.ndarray]) -> None:
        if rule not in self.written:
            self.written.add(rule)
            body = ET.SubElement(self.file.root, "ComponentClass", name=rule)
            for name in options:
                ET.SubElement(body, "Parameter", name=name, dimension="dimensionless")
            ET.SubElement(body, "ConnectionRule", standard_library=f"{_LIBRARY}{rule}")
        found = self.part(element, rule, "rule")
        for name, values in options.items():
            units = self.file.units(DIMENSIONLESS)
            value = ET.SubElement(found, "Property", name=name, units=units)
            if rule == EXPLICIT:
                _rows(value, values)
            else:
                numbers(value, values)

    def relay(self) -> str:
        """Declare the response that passes spikes on."""
        if RELAY not in self.written:
            self.written.add(RELAY)
            body = ET.SubElement(self.file.root, "ComponentClass", name=RELAY)
            ET.SubElement(body, "EventReceivePort", name="spike")
            ET.SubElement(body, "EventSendPort", name="spike_out")
            dynamics = ET.SubElement(body, "Dynamics")
            regime = ET.SubElement(dynamics, "Regime", name="sole")
            event = ET.SubElement(regime, "OnEvent", port="spike")
            ET.SubElement(event, "OutputEvent", port="spike_out")
        return RELAY

    def fixed_weight(self, exponents: Exponents) -> str:
        """Declare the plasticity that is a constant of some dimension."""
        name = f"FixedWeight_{self.file.units(exponents)}"
        if name not in self.written:
            self.written.add(name)
            dimension = self.file.dimension(exponents)
            body = ET.SubElement(self.file.root, "ComponentClass", name=name)
            ET.SubElement(body, "Parameter", name="w", dimension=dimension)
            ET.SubElement(body, "AnalogSendPort", name="weight", dimension=dimension)
            dynamics = ET.SubElement(body, "Dynamics")
            alias = ET.SubElement(dynamics, "Alias", name="weight")
            ET.SubElement(alias, "MathInline").text = "w"
            ET.SubElement(dynamics, "Regime", name="sole")
        return name


def _port(element: ET.Element, tag: str, send: str, receive: str) -> None:
    ET.SubElement(element, tag, send_port=send, receive_port=receive)


def _rows(element: ET.Element, values: Iterable[float]) -> None:
    rows = ET.SubElement(element, "ArrayValue")
    for index, value in enumerate(values):
        ET.SubElement(rows, "ArrayValueRow", index=str(index)).text = str(int(value))


def _number(option: Option) -> np.ndarray | None:
    return np.array([float(option)]) if isinstance(option, int | float) else None
