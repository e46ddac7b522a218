"""Random draws at the arrival of a presynaptic spike, as text of a delivery kernel.

A draw is a function of what it is for. Philox's key comes from the seed and the projection, its
first word mixed with the stream and its second with what tells apart several synapses of two cells
(their delay, and their number among those with one delay) and several spikes of a cell in one step;
the counter is (presynaptic cell, postsynaptic cell, stamp of the spike).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import draws
from snnc.ir.locations import location_of

if TYPE_CHECKING:
    from snnc.codegen.kernels.deliver_kernel import DeliverKernel


def draw(kernel: DeliverKernel, section: KernelExpressions, op: draws.Draw) -> str:
    """Return the variable that holds a draw, after adding the line that makes it.

    Raises
    ------
    UnsupportedError
        A distribution that synapses cannot draw from.
    """
    _prepare(kernel)
    stream = f"key0 ^ {draws.stream_number(op.stream.data)}"
    cells = "source, target_first + targets[ix(j)], stamp"
    match op:
        case draws.UniformOp():
            kernel.modules.add("from snnc.runtime.jit.philox import uniforms")
            text = f"uniforms({cells}, 0, {stream}, key1 ^ serial)[0]"
        case draws.BinomialOp():
            kernel.modules.add("from snnc.runtime.jit.samplers import binomial")
            trials, probability = section.value(op.n), section.value(op.p)
            if kernel.precision == "f32":
                kernel.intrinsics.add("D")
                trials, probability = f"D({trials})", f"D({probability})"
            text = f"binomial({trials}, {probability}, {stream}, key1 ^ serial, {cells})"
        case _:
            raise UnsupportedError(f"a synapse cannot draw from '{op.name}'", location_of(op))
    name = kernel.name(op.stream.data)
    section.lines.append(f"{name} = {kernel.real(text)}")
    section.bind(op.result, name)
    return name


def _prepare(kernel: DeliverKernel) -> None:
    """Compute the words of key and counter."""
    if "serial" in kernel.numbers:
        return
    kernel.numbers.add("serial")
    for word in ("key0", "key1"):
        kernel.argument(kernel.word(word, "", "words[{}]", word))
    base = kernel.word("base", "", "words[{}]", "base")
    first = kernel.word("post_first", "", "words[{}]", "post_first")
    kernel.argument("target_first", f"{first} - {base}")
    pre_first = kernel.word("pre_first", "", "words[{}]", "pre_first")
    kernel.argument("stamp")
    kernel.argument("delay")
    kernel.intrinsics.add("select")
    # Spikes of one cell and stamp, and synapses of one pair and delay, stand next to each other.
    kernel.per_part.append("copy = -1")
    kernel.per_spike += [
        "copy = select(ids[ix(select(c > first, c - 1, c))] == ids[ix(c)], copy + 1, 0)",
        f"source = {pre_first} + ids[ix(c)]",
    ]
    kernel.argument("source")
    kernel.argument("copy")
    kernel.head.append("rank = -1")
    kernel.load += [
        "rank = select(targets[ix(select(j > 0, j - 1, j))] == targets[ix(j)], rank + 1, 0)",
        "serial = (delay << 16) ^ (copy << 8) ^ rank",
    ]
