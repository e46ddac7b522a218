"""Cells composed of NineML components that stand in files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from snnc.importing.expressions import Name, Node, Operation
from snnc.importing.model_text import ModelText
from snnc.ir.diagnostics import ModelError, UserError, did_you_mean
from snnc.nineml.cell import write_cell
from snnc.nineml.elements import Component, Dynamics, Port
from snnc.nineml.names import word
from snnc.nineml.part import Part
from snnc.nineml.read_file import read_file
from snnc.nineml.values import numbers_of


def compose_cell(name: str, body: str | Path, responses: Mapping[str, str | Path]) -> str:
    """Return the text of the cell that a neuron and its responses make.

    A response receives the neuron's analog port of the same name, or else the only one of the
    same dimension; what it sends is added to the neuron's reduce port of that dimension.

    Parameters
    ----------
    name : str
        Name of the cell.
    body : path
        File of the neuron; ``FILE#NAME`` chooses one of several component classes. Its parameters
        are called ``CLASS.PARAMETER`` in the cell.
    responses : mapping of str to path
        Files of the responses by receptor, after which their parameters are called, too.

    Raises
    ------
    ModelError
        If a file is wrong, or ports do not fit together.
    """
    model = ModelText(str(body))
    dynamics, values = _dynamics(body)
    parts = [Part(dynamics.name if responses else "", dynamics, {}, values)]
    for receptor, path in responses.items():
        response, values = _dynamics(path)
        part = Part(word(receptor), response, {}, values)
        _join(parts[0], part)
        parts.append(part)
    write_cell(model, word(name), parts)
    model.document()
    return model.text


def _dynamics(path: str | Path) -> tuple[Dynamics, dict[str, float]]:
    file, _, wanted = str(path).partition("#")
    library = read_file(file)
    found = {n: c for n, c in library.classes.items() if isinstance(c, Dynamics)}
    if wanted and wanted not in found:
        raise UserError(f"'{file}' has no dynamics '{wanted}'{did_you_mean(wanted, found)}")
    if not wanted and len(found) != 1:
        raise UserError(
            f"'{file}' has {len(found)} component classes with dynamics; "
            f"expected one, or its name as in '{file}#{next(iter(found), 'NAME')}'"
        )
    dynamics = found[wanted] if wanted else next(iter(found.values()))
    for component in library.components.values():
        if component.definition == dynamics:
            return dynamics, numbers_of(component)
    return dynamics, numbers_of(Component(dynamics.name, dynamics, {}, {}, dynamics.place))


def _join(neuron: Part, response: Part) -> None:
    weights = response.weights().values()
    for port in response.dynamics.ports.values():
        if port.kind == "AnalogReceivePort" and port.name not in weights:
            response.inputs[port.name] = Name(neuron.full(_sender(neuron, port).name))
    sent = [p for p in response.dynamics.ports.values() if p.kind == "AnalogSendPort"]
    joined = False
    for port in neuron.dynamics.ports.values():
        fitting = [p for p in sent if p.exponents == port.exponents]
        if port.kind != "AnalogReducePort" or not fitting:
            continue
        if len(fitting) > 1:
            fitting = [p for p in fitting if p.name not in response.dynamics.states] or fitting[:1]
        total: Node = Name(response.full(fitting[0].name))
        before = neuron.inputs.get(port.name)
        neuron.inputs[port.name] = total if before is None else Operation("+", (before, total))
        joined = True
    if not joined:
        raise ModelError(
            f"'{response.dynamics.name}' sends nothing that '{neuron.dynamics.name}' sums; "
            "expected an AnalogSendPort of the dimension of an AnalogReducePort",
            response.dynamics.place,
        )


def _sender(neuron: Part, port: Port) -> Port:
    sends = [p for p in neuron.dynamics.ports.values() if p.kind == "AnalogSendPort"]
    same = [p for p in sends if p.name.lower() == port.name.lower()]
    fitting = same or [p for p in sends if p.exponents == port.exponents]
    if len(fitting) != 1:
        raise ModelError(
            f"port '{port.name}' fits {len(fitting)} ports of '{neuron.dynamics.name}'; "
            "expected one of its name or dimension",
            port.place,
        )
    return fitting[0]
