"""Cell and synapse types that are a simulator's own."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from snnc import model_library
from snnc.ir.diagnostics import MissingDependencyError, UserError
from snnc.ir.dialects.infix import float_text
from snnc.ir.registry import TARGETS
from snnc.ir.units import parse_unit
from snnc.pynn.cells.models import StandardCellType, attributes_of
from snnc.pynn.refusals import TypeRefused
from snnc.pynn.wiring.synapses import StandardSynapseType, synapse_attributes
from snnc.runtime.native.templates import Template, register


class NativeCellType(StandardCellType):
    """Base of the cell types that are a simulator's own.

    `native_cell_type` makes those of NEST. Those of NEURON are classes of the script, as PyNN has
    them: `model` is a class that builds sections, and the attributes below say what it takes.

    Attributes
    ----------
    model : class
        Called with the parameters by name; see `snnc.runtime.native.neuron_templates`.
    default_parameters, default_initial_values : dict of str to float
        What `model` takes, and what its `memb_init` sets.
    recordable : list of str
        ``v`` (of the source section), ``m`` (of the source), ``soma(0.5).v``, ``soma(0.5).hh.m``.
    units : dict of str to str
        Of what can be recorded.
    receptor_types : list of str
        Mechanisms of a cell that take spikes, as ``apical.ampa``.
    extra_parameters : dict
        Further arguments of `model`, the same for all cells.
    """

    extra_parameters: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not isinstance(cls.model, str):
            _declare_template(cls)


class NativeSynapseType(StandardSynapseType):
    """Base of the synapse types that are a simulator's own."""


def native_cell_type(model_name: str) -> type[NativeCellType]:
    """Return a cell type that is a neuron model of NEST, for the target ``nest``.

    Parameters, recordables and receptors are those of the installed NEST, with its defaults and in
    its units. Weights of the standard synapses are in uS where the model records conductances
    (``g...``), else in nA: NEST gets a thousand times the number, as from PyNN.

    Parameters
    ----------
    model_name : str
        NEST's name of the model, as ``ht_neuron``.

    Raises
    ------
    MissingDependencyError
        If NEST is not installed.
    ModelError
        If NEST has no such model.
    """
    _require_nest("native_cell_type")
    from snnc.runtime.native.nest_models import cell_text

    name = model_library.register(model_name, cell_text(model_name))
    attributes = attributes_of(model_library.load(name))
    return type(name, (NativeCellType,), {**attributes, "nest_model": name})


def native_synapse_type(model_name: str) -> type[NativeSynapseType]:
    """Return a synapse type that is a model of NEST, for the target ``nest``.

    All parameters are in NEST's units, the weight included. `tau_minus` of plastic synapses is
    set in the postsynaptic cells.

    Parameters
    ----------
    model_name : str
        NEST's name of the model, as ``stdp_synapse``.

    Raises
    ------
    MissingDependencyError
        If NEST is not installed.
    ModelError
        If NEST has no such model.
    """
    _require_nest("native_synapse_type")
    from snnc.runtime.native.nest_models import synapse_text

    text, common = synapse_text(model_name)
    name = model_library.register(model_name, text)
    attributes: dict[str, Any] = synapse_attributes(model_library.load(name))
    attributes["default_parameters"].update(common)
    return type(name, (NativeSynapseType,), {**attributes, "nest_name": name})


def _declare_template(kind: type[NativeCellType]) -> None:
    """Make a class of a script, whose model is a class, a model that NEURON has."""
    name, make = kind.__name__, cast(Any, kind.model)
    states = dict.fromkeys([*kind.recordable, *kind.default_initial_values])
    states.pop("spikes", None)
    lines = [f"param {n} : 1 = {_number(kind, n, x)}" for n, x in kind.default_parameters.items()]
    for state in states:
        start = _number(kind, state, kind.default_initial_values.get(state, 0.0))
        lines.append(f'state "{state}" : {_unit(kind.units.get(state, ""))} = {start}')
    lines += [f"receptor {receptor} : 1" for receptor in kind.receptor_types]
    lines += ["current injected : nA"] if kind.injectable else []
    body = "\n".join(f"  {line}" for line in lines)
    text = f'native.cell @{name} of "neuron" "A template of the script." {{\n{body}\n}}\n'
    info = model_library.load(model_library.register(name, text))
    attributes = attributes_of(info)
    register(
        name,
        Template(make, dict(kind.extra_parameters), tuple(kind.default_initial_values)),
    )
    kind.model, kind.units = info.name, {**attributes["units"], **kind.units}
    kind.recordable = ["spikes", *(n for n in kind.recordable if n != "spikes")]


def _number(kind: type[NativeCellType], name: str, value: Any) -> str:
    if not isinstance(value, int | float):
        raise TypeRefused(
            f"'{name}' of the template {kind.__name__} is a number; found {value!r} "
            "(what is the same of all cells can be one of the extra_parameters)"
        )
    return float_text(float(value))


def _unit(name: str) -> str:
    """Return a unit of the language, or 1 for what only NEURON and Quantities know."""
    try:
        parse_unit(name)
    except UserError:
        return "1"
    return f'"{name}"'


def _require_nest(what: str) -> None:
    reason = TARGETS.get("nest").unavailable()
    if reason is not None:
        raise MissingDependencyError(f"{what} belongs to the target 'nest', which {reason}")
