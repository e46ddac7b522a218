"""The table of coverage in docs/pynn.md, from PyNN's code and ours.

``python tests/pynn_coverage.py`` writes it anew.
"""

import inspect
from pathlib import Path

import numpy as np
from pyNN import connectors
from pyNN.standardmodels import cells, electrodes, ion_channels, receptors, synapses
from pyNN.standardmodels.base import StandardModelType

import snnc.pynn as sim

PAGE = Path(__file__).parent.parent / "docs" / "pynn.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
FUNCTIONS = [
    "setup", "run", "run_for", "run_until", "reset", "end", "get_current_time", "get_time_step",
    "get_min_delay", "get_max_delay", "num_processes", "rank", "list_standard_models", "create",
    "connect", "set", "initialize", "record", "record_v", "record_gsyn",
]  # fmt: skip
CLASSES = [
    "Population", "PopulationView", "Assembly", "Projection", "Network", "Space", "ID",
    "NumpyRNG", "GSLRNG", "NativeRNG", "RandomDistribution",
]  # fmt: skip


def models(module):
    """Return the model classes that a module of PyNN defines, by name."""
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind)
        and issubclass(kind, StandardModelType)
        and kind.__module__ == module.__name__
    }


def connector_classes():
    """Return PyNN's connectors by name."""
    found = inspect.getmembers(connectors, inspect.isclass)
    return {
        name: kind
        for name, kind in found
        if issubclass(kind, connectors.Connector) and name != "FixedNumberConnector"
    }


def ours(name):
    """Return what our module has under a name, or None."""
    try:
        return getattr(sim, name)
    except AttributeError:
        return None


def same(a, b):
    """Tell whether two defaults are one."""
    if a is None or b is None:
        return True
    a, b = getattr(a, "value", a), getattr(b, "value", b)
    return np.shape(a) == np.shape(b) and np.allclose(a, b)


def note(kind, own):
    """Return what the table says of a model."""
    if own is None:
        return "no"
    defaults = getattr(kind, "default_parameters", None)
    own_defaults = getattr(own, "default_parameters", {})
    if not isinstance(defaults, dict):
        return "yes"
    other = [
        n for n, v in defaults.items() if n not in own_defaults or not same(v, own_defaults[n])
    ]
    return "yes" if not other else f"yes; other defaults: {', '.join(sorted(other))}"


def table():
    """Return the table as Markdown."""
    groups = {
        "cells and sources": models(cells),
        "post-synaptic responses": models(receptors),
        "synapses": models(synapses),
        "current sources": models(electrodes),
        "ion channels": models(ion_channels),
        "connectors": connector_classes(),
        "classes": dict.fromkeys(CLASSES),
        "functions": dict.fromkeys(FUNCTIONS),
    }
    lines = ["| PyNN 0.13 | kind | in snnc |", "|---|---|---|"]
    for group, names in groups.items():
        for name in sorted(names):
            lines.append(f"| `{name}` | {group} | {note(names[name], ours(name))} |")
    own = set(sim.__all__) - {name for names in groups.values() for name in names}
    beyond = sorted(n for n in own if n[0].isupper() and not n.startswith("Standard"))
    lines += ["", "Beyond that list: " + ", ".join(f"`{name}`" for name in beyond) + "."]
    return "\n".join(lines)


def main():
    """Write the table into the page."""
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
