"""The kernel that delivers spikes through synapses with state: rows into a thread's accumulator.

For each delay d that occurs, the spikes of stamp k + 1 - d meet their synapses with that delay, in
ascending order of the presynaptic cell. What happens at a synapse is `synapse_arrival`'s matter.
Synapses that only keep a weight have a kernel of their own (`static_kernel`).
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from snnc.codegen.artifact import KernelSource, SynapseForm
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.codegen.kernels.synapse_draws import draw
from snnc.codegen.kernels.synapse_kernel import SynapseKernel, block
from snnc.codegen.kernels.synapse_shape import FRACTION, PREVIOUS, SynapseShape
from snnc.ir.dialects.draws import Draw

COMMON_WORDS = 13
_BYTES = {"u16": 2, "u32": 4, "f32": 4, "f64": 8}

_TEXT = '''"""Delivery of {title}."""

{imports}

WIDTH = {width}


{functions}
@loop
def synapses({parameters}):
{head}
    for j in range(n):
{body}


def entry(desc, rows, step):
    words = i64(desc, rows * WIDTH)
    reals = f64(desc, rows * WIDTH)
    for r in range(rows):
        w = r * WIDTH
        ids = i32(words[w], 1)
        starts = i64(words[w + 1], 1)
        parts = words[w + 2]
        mask = words[w + 3]
        stride = words[w + 4]
        delays = i32(words[w + 5], 1)
        delay_count = words[w + 6]
        pointers = i64(words[w + 7], 1)
        targets = words[w + 8]
{unpack}
        for k in range(words[w + 11], words[w + 12]):
            delay = delays[ix(k)]
            stamp = step + 1 - delay
            if stamp < 0:
                break
            slot = stamp & mask
{per_delay}
            for p in range(parts):
{per_part}
                first = slot * stride + starts[ix(p)]
                end = first + 1 + ids[ix(first)]
                for c in range(first + 1, end):
                    row = ids[ix(c)] * delay_count + k
                    begin = pointers[ix(row)]
                    n = pointers[ix(row + 1)] - begin
                    if c + 1 < end:
                        ahead = pointers[ix(ids[ix(c + 1)] * delay_count + k)]
{prefetch}
{per_spike}
{call}
'''


class DeliverKernel(SynapseKernel):
    """The text of a delivery kernel while it is written.

    Attributes
    ----------
    per_delay, per_part, per_spike, head, load : list of str
        Statements for each delay, each part of its spikes and each spike; before the loop over
        synapses, and at the head of its body.
    functions_text : list of str
        Further functions of the kernel.
    rows : list of str
        Statements that deliver a whole row where the word ``dense`` is set; none if no row can be.
    """

    def __init__(self, shape: SynapseShape, form: SynapseForm, precision: Precision) -> None:
        super().__init__(shape, precision, COMMON_WORDS)
        self.form = form
        self.per_delay: list[str] = []
        self.per_part: list[str] = []
        self.per_spike: list[str] = []
        self.head: list[str] = []
        self.load: list[str] = []
        self.intrinsics = {"f64", "i32", "i64", "ix", "loop", "prefetch", form.target, precision}
        self._prefetch: list[str] = []
        self._kinds: dict[str, str] = {}
        self._arguments: dict[str, str] = {}
        self._edge: dict[str, str] = {}
        self._arrays: dict[str, str] = {}
        self._carried: dict[str, str] = {}
        self.functions_text: list[str] = []
        self.rows: list[str] = []
        self.argument("n")
        self.view_targets()
        self.argument("accumulator")
        self.unpack.append(f"accumulator = {precision}(words[w + 10], 1)")

    def source(self, name: str, body: list[str]) -> KernelSource:
        """Return the whole text around the statements for one synapse."""
        text = _TEXT.format(
            title=f"{self.shape.op.label} ({self.form}, {self.precision})",
            imports="\n".join(self.imports(*self.intrinsics)),
            width=COMMON_WORDS + len(self.layout),
            parameters=", ".join(self._arguments),
            functions=block((f"{text}\n\n" for text in self.functions_text), 0),
            call=block(self._call(), 5),
            body=block([*self.load, *body], 2),
            unpack=block(self.unpack, 2),
            head=block(self.head, 1),
            per_delay=block(self.per_delay, 3),
            per_part=block(self.per_part, 4),
            per_spike=block(self.per_spike, 5),
            prefetch=block(self._prefetch, 6),
        )
        return self.finished(name, text)

    def _call(self) -> list[str]:
        call = f"synapses({', '.join(self._arguments.values())})"
        if not self.rows:
            return [call]
        rows = [f"    {line}" for line in self.rows]
        return ["if dense != 0:", *rows, "else:", f"    {call}"]

    def companion(self) -> DeliverKernel:
        """Return a writer of another loop, with arguments of its own, for the same kernel."""
        other = copy(self)
        other.head, other.load, other._prefetch = [], [], []
        other._arguments, other._edge, other._arrays = {}, {}, {}
        return other

    def function(
        self,
        name: str,
        body: list[str],
        index: str = "j",
        count: str = "n",
        before: Iterable[str] = (),
        after: Iterable[str] = (),
    ) -> str:
        """Add the loop that has been written to the kernel; return its call."""
        lines = ["@loop", f"def {name}({', '.join(self._arguments)}):"]
        lines += [f"    {line}" for line in before]
        lines += [f"    for {index} in range({count}):", *(f"        {line}" for line in body)]
        lines += [f"    {line}" for line in after]
        self.functions_text.append("\n".join(lines))
        return f"{name}({', '.join(self._arguments.values())})"

    def edge_addresses(self) -> list[tuple[str, int]]:
        """Return where the values of the row begin, and their sizes in bytes."""
        return [
            (f"{address} + {_BYTES[kind]} * begin", _BYTES[kind])
            for address, kind in self._kinds.items()
            if address != "targets"
        ]

    def view_targets(self) -> None:
        """Pass the targets of the row to the loop."""
        self._view("targets", "targets", self.form.target)

    def draw(self, section: KernelExpressions, op: Draw) -> str:
        """Return the variable that holds a random draw, after adding the line that makes it."""
        return draw(self, section, op)

    def argument(self, name: str, text: str | None = None) -> str:
        """Pass a variable to the loop over synapses; return its name."""
        self._arguments.setdefault(name, text or name)
        return name

    def constant(self, name: str) -> str:
        """Return the variable of a parameter inside the loop over synapses."""
        if name in self.shape.op.edge_parameters:
            return self.edge_value(name)
        return self.argument(self.scalar(name))

    def edge_value(self, name: str) -> str:
        """Return the variable that holds the weight, or the value of an edge array."""
        if name not in self._edge:
            if name == "weight" and self.form.weight == "scalar":
                self.unpack.append(f"weight = {self.real('reals[w + 9]')}")
                self._edge[name] = self.argument("weight")
            else:
                self._edge[name] = self._load(name)
        return self._edge[name]

    def store(self, name: str) -> str:
        """Return the statement that writes the variable of an edge array back."""
        return f"{self._arrays[name]}[ix(j)] = {self._edge[name]}"

    def carried(self, name: str) -> str:
        """Return the variable, inside the loop over synapses, of what the spike carries."""
        if name not in self._carried:
            array = self.word("carried", name, "f64(words[{}], 1)", self.name(f"{name}_array"))
            self._carried[name] = variable = self.name(f"{name}_carried")
            self.per_spike.append(f"{variable} = {self.real(f'{array}[ix(c)]')}")
        return self.argument(self._carried[name])

    def need_previous(self) -> None:
        """Compute when the spike before this one arrived at the synapses, in steps."""
        self.need_arrival()
        array = self.word("carried", PREVIOUS, "f64(words[{}], 1)", "previous_array")
        self.per_spike.append(f"previous = int({array}[ix(c)])")

    def need_arrival(self) -> None:
        """Compute the parts of the delay, and when this spike arrives at the synapses."""
        if self.per_delay:
            return
        axonal = "0"
        if FRACTION in self.shape.op.constants:
            fraction = self.word("scalar", FRACTION, "reals[{}]", "fraction")
            self.functions.add("floor")
            axonal = f"int(floor((1.0 - {fraction}) * delay + 0.5))"
        self.per_delay += [
            f"axonal = {axonal}",
            "dendritic = delay - axonal",
            "arrival = stamp + axonal",
        ]

    def elapsed(self, steps: str) -> str:
        """Return the statement that computes a time from a number of steps."""
        self.argument(self.time_step())
        return f"elapsed = {self.real(f'({steps}) * time_step')}"

    def _load(self, name: str) -> str:
        if name == "weight":
            variable, address = "weight", "weights"
            if address not in self.numbers:
                self.numbers.add(address)
                self.unpack.append("weights = words[w + 9]")
            kind = "f32" if self.form.weight == "float32" else self.precision
        else:
            variable, kind = self.name(name), self.precision
            address = self.word("edge", name, "words[{}]", self.name(f"{name}_array"))
        self._view(address, address, kind)
        self._arrays[name] = address
        value = f"{address}[ix(j)]"
        if kind != self.precision:
            self.intrinsics.add("D")
            value = f"D({value})"
        self.load.append(f"{variable} = {value}")
        return variable

    def _view(self, name: str, address: str, kind: str) -> None:
        """Pass the part of an edge array that belongs to the row."""
        self.intrinsics.add(kind)
        self._kinds[address] = kind
        self._prefetch.append(f"prefetch({address} + {_BYTES[kind]} * ahead)")
        self.argument(name, f"{kind}({address} + {_BYTES[kind]} * begin, n)")
