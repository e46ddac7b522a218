"""Declarations of NEST's models, from what the installed NEST says of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from snnc.ir.diagnostics import ModelError, UnsupportedError, did_you_mean
from snnc.ir.dialects.infix import float_text
from snnc.runtime.native.nest_kernel import quiet_nest

_UNITS = {"V_": "mV", "E_": "mV", "theta": "mV", "tau_": "ms", "t_": "ms", "I_syn_": "pA"}
"""What NEST measures values in whose names begin so; of others it does not say."""
_STDP = "tau_plus"
"""Synapses with this parameter leave its counterpart `tau_minus` to the postsynaptic cell."""


def cell_text(name: str) -> str:
    """Return the ``native.cell`` of a model of NEST.

    Weights of its receptors are in uS where a conductance can be recorded, else in nA: NEST gets
    a thousand times the number. Parameters that are lists are left out.

    Raises
    ------
    ModelError
        If NEST has no neuron of that name.
    UnsupportedError
        A device, whose spikes or currents are made here.
    """
    defaults = _defaults(name, "node_models", "neuron model")
    if defaults["element_type"] != "neuron":
        raise UnsupportedError(
            f"NEST's '{name}' is a {defaults['element_type']}; expected a neuron: spikes and "
            "currents come from the source populations and current sources, which all targets have"
        )
    recordables = [str(variable) for variable in defaults.get("recordables", ())]
    unit = "uS" if any(variable.startswith("g") for variable in recordables) else "nA"
    lines = [*_parameters(defaults, "parrot_neuron", recordables)]
    lines += [f"state {v} : {_unit(v)} = {_number(defaults.get(v, 0.0))}" for v in recordables]
    lines += _receptors(defaults, unit)
    if "V_m" in defaults:
        lines.append("current injected : nA")
    return _text("cell", name, lines)


def synapse_text(name: str) -> tuple[str, dict[str, float]]:
    """Return the ``native.synapse`` of a model of NEST, and its default weight and delay.

    Raises
    ------
    ModelError
        If NEST has no synapse of that name.
    """
    defaults = _defaults(name, "synapse_models", "synapse model")
    lines = [*_parameters(defaults, "static_synapse", ())]
    if _STDP in defaults:
        tau = quiet_nest().GetDefaults("parrot_neuron", "tau_minus")
        lines += [f"param tau_minus : ms = {_number(tau)}", "postsynaptic tau_minus"]
    return _text("synapse", name, lines), {n: defaults[n] for n in ("weight", "delay")}


def _defaults(name: str, kind: str, what: str) -> Mapping[str, Any]:
    nest = quiet_nest()
    known = getattr(nest, kind)
    if name not in known:
        raise ModelError(f"NEST has no {what} '{name}'{did_you_mean(name, known)}")
    return nest.GetDefaults(name)


def _parameters(defaults: Mapping[str, Any], plain: str, but: Iterable[str]) -> Iterator[str]:
    """Yield what a model has over a plain one, in which all is NEST's bookkeeping."""
    ignored = {*quiet_nest().GetDefaults(plain), *but}
    for name, value in defaults.items():
        if name not in ignored and not name.startswith("__") and isinstance(value, int | float):
            yield f"param {name} : {_unit(name)} = {_number(value)}"


def _receptors(defaults: Mapping[str, Any], unit: str) -> list[str]:
    named = defaults.get("receptor_types")
    if named is not None:
        return [f"receptor {name} : {unit}" for name in named]
    lines = [f"receptor {name} : {unit}" for name in ("excitatory", "inhibitory")]
    return [*lines, "port excitatory as positive", "port inhibitory as negative"]


def _unit(name: str) -> str:
    return next((unit for start, unit in _UNITS.items() if name.startswith(start)), "1")


def _number(value: float) -> str:
    """Return a number as text; the greatest there is stands for infinity."""
    largest = sys.float_info.max
    return float_text(max(-largest, min(largest, float(value))))


def _text(kind: str, name: str, lines: list[str]) -> str:
    head = f'native.{kind} @{name} of "nest" "{name} of NEST, with its names and units." {{'
    return "\n".join([head, *(f"  {line}" for line in lines), "}", ""])
