"""Connection rules of NineML's standard library as connectors."""

from __future__ import annotations

import numpy as np

from snnc.importing.quantities import Quantity
from snnc.ir.build import Configured
from snnc.ir.diagnostics import ModelError, UnsupportedError, did_you_mean
from snnc.ir.values import Value
from snnc.nineml.elements import Component, Rule

STANDARD_RULES: dict[str, tuple[str, dict[str, str]]] = {
    "AllToAll": ("all_to_all", {}),
    "OneToOne": ("one_to_one", {}),
    "Probabilistic": ("fixed_probability", {"probability": "p_connect"}),
    "Explicit": ("from_list", {"sourceIndices": "pre", "destinationIndices": "post"}),
    "RandomFanIn": ("fixed_number_pre", {"number": "n"}),
    "RandomFanOut": ("fixed_number_post", {"number": "n"}),
}
"""Connection rules: connector, and its options by the names of the rule's parameters."""


def connector(component: Component) -> Configured:
    """Return the connector of a connection rule with its values.

    Raises
    ------
    ModelError
        If the component is no connection rule, or lacks a value.
    UnsupportedError
        For a rule that is not in the standard library.
    """
    rule = component.definition
    if not isinstance(rule, Rule) or rule.kind != "ConnectionRule":
        raise ModelError(f"'{component.name}' is no connection rule", component.place)
    if rule.library not in STANDARD_RULES:
        hint = did_you_mean(rule.library, STANDARD_RULES)
        raise UnsupportedError(f"unknown connection rule '{rule.library}'{hint}", rule.place)
    name, names = STANDARD_RULES[rule.library]
    options: dict[str, Value | int] = {}
    for parameter, option in names.items():
        found = component.properties.get(parameter)
        if found is None:
            raise ModelError(f"'{component.name}' lacks '{parameter}'", component.place)
        if isinstance(found.value, tuple):
            options[option] = np.array([q.value for q in found.value]).astype(np.int64)
        elif isinstance(found.value, Quantity):
            number = found.value.value
            options[option] = int(number) if option == "n" else number
        else:
            options[option] = found.value
    return name, options
