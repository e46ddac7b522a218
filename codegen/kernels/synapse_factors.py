"""Factors of states that depend on nothing but the steps since a spike, read from tables.

Exponentials of elapsed times are most of the arithmetic of whole rows. Those of parameters that all
synapses share are computed once for each number of steps below `FACTORS`, by the very statements
that compute them for longer times: a state has the same bits either way.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation, SSAValue

from snnc.codegen.artifact import FACTORS
from snnc.codegen.kernels.deliver_kernel import DeliverKernel
from snnc.codegen.kernels.synapse_shape import SynapseShape
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.step_synapse import ELAPSED
from snnc.ir.dialects.syn_rules import is_random, reads

_COSTLY = (ex.ExpOp, ex.ExprelOp, ex.LogOp, ex.PowOp, ex.SinOp, ex.CosOp, ex.TanhOp)


def time_factors(shape: SynapseShape, states: Iterable[str]) -> dict[SSAValue, str]:
    """Return the largest factors in the advance of some states, with the names of their tables."""
    found: dict[SSAValue, str] = {}
    for state in states:
        pending = [shape.advances[state]] if state in shape.advances else []
        while pending:
            value = pending.pop()
            if _is_factor(shape, value):
                found.setdefault(value, f"{state}.{len(found)}")
            elif isinstance(value.owner, Operation):
                pending.extend(reversed(value.owner.operands))
    return found


def _is_factor(shape: SynapseShape, value: SSAValue) -> bool:
    shared = {ELAPSED, "dt", *shape.op.constants} - set(shape.op.edge_parameters)
    names = reads(value)
    return (
        isinstance(value.owner, _COSTLY)
        and ELAPSED in names
        and names <= shared
        and not is_random(value)
    )


def looked_up(kernel: DeliverKernel, factors: dict[SSAValue, str]) -> dict[SSAValue, str]:
    """Pass the tables of `factors` to the loop; return the texts that read them at ``steps``."""
    return {
        value: kernel.real(f"{_table(kernel, name)}[ix(steps)]") for value, name in factors.items()
    }


def tabulated(parent: DeliverKernel, factors: dict[SSAValue, str]) -> list[str]:
    """Return the statements that fill the tables where parameters may have changed."""
    if not factors:
        return []
    kernel = parent.companion()
    kernel.word("factors_known", "", "i64(words[{}], 1)", "factors_known")
    lines = [kernel.elapsed("steps")]
    section = kernel.section(lambda name: name)
    texts = {name: section.value(value) for value, name in factors.items()}
    lines += kernel.close(section)
    lines += [f"{_table(kernel, name)}[ix(steps)] = {text}" for name, text in texts.items()]
    return [
        "if factors_known[0] == 0:",
        "    factors_known[0] = 1",
        f"    {kernel.function('tabulate', lines, 'steps', str(FACTORS))}",
    ]


def either(condition: str, within: str, beyond: str) -> list[str]:
    """Return the choice between a call that reads tables and one that computes."""
    if within == beyond:
        return [beyond]
    return [f"if {condition}:", f"    {within}", "else:", f"    {beyond}"]


def _table(kernel: DeliverKernel, name: str) -> str:
    table = kernel.word("factors", name, "words[{}]", kernel.name(f"{name}_factors"))
    return kernel.argument(table, f"f64({table}, {FACTORS})")
