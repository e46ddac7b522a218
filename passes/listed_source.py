"""The model of a source of listed spikes, for passes that replay spikes."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from snnc.ir.model_info import describe_model, models_of
from snnc.ir.text import parse

_NAME = "SpikeSourceArray"
_TEXT = """dyn.cell @{name} "Source of spikes at given times." {{
  param spike_times : ms sequence
  emit at spike_times
}}"""


def listed_source(module: ModuleOp) -> str:
    """Return the name of a cell model that emits at times in ms; it is added if there is none."""
    models = models_of(module)
    for name, op in models.items():
        info = describe_model(op)
        if info.times is not None and info.parameters[info.times].unit == "ms":
            return name
    name, count = _NAME, 1
    while name in models:
        name, count = f"{_NAME}_{count}", count + 1
    (model,) = models_of(parse(_TEXT.format(name=name)).module).values()
    model.detach()
    first = module.body.block.first_op
    assert first is not None
    module.body.block.insert_op_before(model, first)
    return name
