"""Kernels and plan of a synapse model in one storage form.

The texts depend on the model, on which parameters differ between synapses, on the storage form and
on the precision, never on values: networks of any size need as many kernels as they have such
combinations.
"""

from __future__ import annotations

from typing import Literal

from snnc.codegen.artifact import (
    Buffer,
    KernelSource,
    ParameterPlan,
    SynapseField,
    SynapseForm,
    SynapsePlan,
)
from snnc.codegen.kernels.counts_kernel import counts_kernel
from snnc.codegen.kernels.couple_kernel import couple_kernel
from snnc.codegen.kernels.deliver_kernel import DeliverKernel
from snnc.codegen.kernels.kernel_expressions import Precision
from snnc.codegen.kernels.static_kernel import static_kernel
from snnc.codegen.kernels.synapse_arrival import arrival
from snnc.codegen.kernels.synapse_events import emit_kernel, observe_kernel
from snnc.codegen.kernels.synapse_rows import add_rows, takes_rows
from snnc.codegen.kernels.synapse_shape import SynapseShape
from snnc.ir.diagnostics import CompilationError
from snnc.ir.dialects import dyn, syn
from snnc.ir.dialects.step_synapse import SynapseOp

_FLOATS = {"f64": "float64", "f32": "float32"}


def synapse_plan(op: SynapseOp, form: SynapseForm, precision: Precision) -> SynapsePlan:
    """Return the kernels of a synapse model.

    Parameters
    ----------
    op : SynapseOp
        A solved synapse whose states have been placed.
    form : SynapseForm
        How the synapses are stored.
    precision : {"f64", "f32"}
        Precision of accumulators, of plastic weights and of what synapses compute. States of the
        presynaptic and of the postsynaptic side are in double precision always.

    Raises
    ------
    UnsupportedError
        A model that delivery cannot express; the message names the state.
    """
    if op.coupling is not None:
        return _coupling_plan(op, form, precision)
    shape = SynapseShape(op)
    if (form.weight == "edge") != shape.plastic:
        raise CompilationError(f"the form {form} does not fit the weights of {op.label}")
    name = f"{op.label}_{form}_{precision}"
    deliver, fields = _deliver(shape, form, precision)
    layout: dict[Literal["deliver", "emit", "observe", "couple"], tuple[SynapseField, ...]]
    layout = {"deliver": fields}
    emit = observe = None
    if shape.carried:
        emit, layout["emit"] = emit_kernel(shape)
    if shape.history:
        observe, layout["observe"] = observe_kernel(shape)
    return SynapsePlan(
        name=name,
        model=op.label,
        form=form,
        parameters=_parameters(op),
        decays=tuple(n for n, c in op.constants.items() if isinstance(c, syn.DecayOp)),
        edge_parameters=op.edge_parameters,
        states=tuple(_buffer(op, state, precision) for state in op.states.values()),
        plastic=shape.plastic,
        carried=shape.carried,
        pre_arrays=shape.pre_arrays,
        deliver=deliver,
        emit=emit,
        observe=observe,
        layout=layout,
    )


def _deliver(
    shape: SynapseShape, form: SynapseForm, precision: Precision
) -> tuple[KernelSource, tuple[SynapseField, ...]]:
    """Return the kernel of delivery, and the words of its table after the common ones."""
    if form.weight == "counts":
        return counts_kernel(precision, form.packed), ()
    if shape.is_static:
        return static_kernel(shape.op.label, form, precision), (SynapseField("under_way"),)
    kernel = DeliverKernel(shape, form, precision)
    body = arrival(kernel)
    if takes_rows(shape):
        add_rows(kernel)
    return kernel.source(f"deliver_{shape.op.label}_{form}_{precision}", body), tuple(kernel.layout)


def _coupling_plan(op: SynapseOp, form: SynapseForm, precision: Precision) -> SynapsePlan:
    couple, fields = couple_kernel(op, precision)
    assert op.coupling is not None
    return SynapsePlan(
        name=f"{op.label}_{form}_{precision}",
        model=op.label,
        form=form,
        parameters=_parameters(op),
        decays=(),
        edge_parameters=op.edge_parameters,
        states=(),
        plastic=False,
        carried=(),
        pre_arrays={},
        deliver=None,
        emit=None,
        observe=None,
        layout={"deliver": (), "couple": fields},
        couple=couple,
        reads=op.states_read,
        one_way=op.coupling.one_way is not None,
    )


def _parameters(op: SynapseOp) -> tuple[ParameterPlan, ...]:
    params = [p for p in op.constants.values() if isinstance(p, dyn.ParamOp)]
    return tuple(
        ParameterPlan(
            p.label, p.unit.data, p.scale, None if p.default is None else p.default.value.data
        )
        for p in params
    )


def _buffer(op: SynapseOp, state: dyn.StateOp, precision: Precision) -> Buffer:
    axis = state.per.data
    return Buffer(
        name=state.label,
        dtype=_FLOATS[precision] if axis == "edge" else "float64",
        axes=(axis,),
        owner=op.label,
        unit=state.unit.data,
        scale=state.scale,
        initial=state.initial.value.data * state.scale,
        recordable=not state.hidden,
    )
