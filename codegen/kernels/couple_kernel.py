"""Kernel text of couplings: the currents that a step's potentials drive through the junctions.

A row stands for the cells of a slice. Its words: their number, the address of the first junction of
each (int64, one more at the end), of the places of the cells on the other side (int64), their
number, the address of the injected currents, to which the sums are added, and the place of the
first cell; then for each state read the addresses of its values in all coupled cells (float64) at
even and at odd times, then those of `layout`. The sum of a cell runs over its junctions in their
order, so that it does not depend on how cells are cut into slices.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from snnc.codegen.artifact import KernelSource, SynapseField
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.step_synapse import SynapseOp

COMMON_WORDS = 6
_LOCALS = ("n", "i", "e", "pointer", "peer", "current", "first", "total", "places", "np")


def couple_kernel(
    op: SynapseOp, precision: Precision
) -> tuple[KernelSource, tuple[SynapseField, ...]]:
    """Return the kernel of a coupling and the words of its row after those of the states.

    Parameters
    ----------
    op : SynapseOp
        A solved synapse that couples.
    precision : {"f64", "f32"}
        Of the currents; potentials, conductances and sums are in double precision.
    """
    return _CoupleKernel(op, precision).build()


class _CoupleKernel:
    def __init__(self, op: SynapseOp, precision: Precision) -> None:
        self.op = op
        self.precision = precision
        self.text = KernelExpressions(self._leaf, "f64", _LOCALS)
        self.states = {name: self.text.fresh(f"all_{name}") for name in op.states_read}
        self.read = {
            f"{side}.{name}": self.text.fresh(f"{side}_{name}")
            for name, sides in op.states_read.items()
            for side in sides
        }
        edge = ("weight", *op.edge_parameters)
        self.layout = tuple(SynapseField("edge", name) for name in edge)
        self.layout += tuple(
            SynapseField("scalar", name) for name in op.constants if name not in edge
        )
        self.arguments = {field.name: self.text.fresh(field.name) for field in self.layout}

    def _leaf(self, value: SSAValue) -> str:
        assert isinstance(value.owner, ex.GetOp)
        name = value.owner.variable.data
        if name in self.read:
            return self.read[name]
        argument = self.arguments[name]
        own = any(field.kind == "edge" for field in self.layout if field.name == name)
        return f"{argument}[ix(e)]" if own else argument

    def build(self) -> tuple[KernelSource, tuple[SynapseField, ...]]:
        coupling = self.op.coupling
        assert coupling is not None
        current = self.text.value(coupling.value)
        lines = [
            f'"""Couplings of {self.op.label}."""',
            "",
            "from snnc.runtime.jit.intrinsics import f32, f64, i64, ix, loop",
            *(line for line in self.text.imports()),
            "",
            f"WIDTH = {COMMON_WORDS + 2 * len(self.states) + len(self.layout)}",
            "",
            "",
            "@loop",
            f"def couple({', '.join(self._parameters())}):",
            "    for i in range(n):",
            *(
                f"        {self.read[f'post.{n}']} = {a}[ix(first + i)]"
                for n, a in self.states.items()
                if f"post.{n}" in self.read
            ),
            "        total = 0.0",
            "        for e in range(pointer[i], pointer[i + 1]):",
            *(
                f"            {self.read[f'pre.{n}']} = {a}[ix(peer[ix(e)])]"
                for n, a in self.states.items()
                if f"pre.{n}" in self.read
            ),
            *(f"            {line}" for line in self.text.take_lines()),
            f"            total += {current}",
            "        current[i] += total",
            "",
            "",
            "def entry(desc, rows, step):",
            "    d = i64(desc, rows * WIDTH)",
            "    f = f64(desc, rows * WIDTH)",
            "    for row in range(rows):",
            "        q = row * WIDTH",
            "        n = d[q]",
            f"        couple({', '.join(self._words())})",
            "",
        ]
        name = f"couple_{self.op.label}_{self.precision}"
        return KernelSource(name, "\n".join(lines)), self.layout

    def _parameters(self) -> list[str]:
        common = ["n", "pointer", "peer", "current", "first"]
        return [*common, *self.states.values(), *self.arguments.values()]

    def _words(self) -> list[str]:
        words = [
            "n",
            "i64(d[q + 1], n + 1)",
            "i64(d[q + 2], d[q + 3])",
            f"{self.precision}(d[q + 4], n)",
            "d[q + 5]",
        ]
        # All cells of the network have places, and none lies beyond the last.
        place = COMMON_WORDS
        for _ in self.states:
            words.append(f"f64(d[q + {place} + (step & 1)], n)")
            place += 2
        for field in self.layout:
            words.append(
                f"f64(d[q + {place}], d[q + 3])" if field.kind == "edge" else f"f[q + {place}]"
            )
            place += 1
        return words
