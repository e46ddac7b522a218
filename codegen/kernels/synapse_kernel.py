"""What the texts of all synapse kernels share: words of a table, names, arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from textwrap import indent
from types import MappingProxyType

from xdsl.ir import SSAValue

from snnc.codegen.artifact import KernelSource, SynapseField, SynapseFieldKind
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.codegen.kernels.synapse_shape import SynapseShape, name_of
from snnc.ir.diagnostics import CompilationError
from snnc.ir.dialects.draws import Draw
from snnc.ir.dialects.step_synapse import ELAPSED

Read = Callable[[str], str]

_NOTHING = "\0"
_STRUCTURE = {
    *(
        "D",
        "F",
        "i32",
        "i64",
        "f32",
        "f64",
        "i16",
        "u16",
        "u32",
        "ix",
        "loop",
        "prefetch",
        "select",
    ),
    *("entry", "desc", "rows", "step", "words", "reals", "w", "r", "p", "k", "c", "i", "j", "n"),
    *("ids", "starts", "parts", "mask", "stride", "delays", "delay_count", "delay"),
    *("pointers", "targets", "weights", "accumulator", "stamp", "slot", "first", "end", "row"),
    *("begin", "ahead", "synapses", "base", "time_step", "elapsed", "previous", "origin"),
    *("axonal", "dendritic", "fraction", "late", "instant", "low", "high", "cell", "count"),
    *("ring", "ring_mask", "oldest", "last", "index", "event", "moment", "heads", "stamps"),
    *("part", "local", "pre", "since", "latest", "arrival", "at", "since_stamp", "weight"),
    *("key0", "key1", "source", "target_first", "copy", "rank", "serial", "post_first"),
    *("pre_first", "uniforms", "binomial", "dense", "post_cells", "log_stamps", "log_cells"),
    *("log_count", "ready", "recent", "first_after", "middle", "fetch", "offset"),
    *("last_spikes", "correct_recent", "correct_cells", "advance_cells", "seen_stamps"),
    *("since_stamps", "event_synapse", "event_stamps", "synapse_before", "stamps_before"),
    *("last_events", "older_events", "trace_events", "replay", "arrive", "floor_stamp", "stop"),
    *("events", "listed", "depth", "bounds", "found", "recent_stamps", "behind", "newer"),
    *("recent_events", "unseen", "steps", "oldest", "factors_known", "tabulate", "oldest_of"),
    *("advance_cells_within", "trace_events_within"),
}


class SynapseKernel:
    """The text of one kernel while it is written.

    Parameters
    ----------
    shape : SynapseShape
        The model.
    precision : {"f64", "f32"}
        The floating-point type of the arithmetic.
    common : int
        Number of words that every kernel of this kind has first.

    Attributes
    ----------
    layout : list of SynapseField
        The words after the common ones.
    unpack : list of str
        Statements that read a row of the table.
    modules : set of str
        Further import statements.
    numbers : set of str
        Variables that have been prepared once for the whole text.
    """

    def __init__(self, shape: SynapseShape, precision: Precision, common: int) -> None:
        self.shape = shape
        self.precision: Precision = precision
        self.common = common
        self.layout: list[SynapseField] = []
        self.unpack: list[str] = []
        self.functions: set[str] = set()
        self.modules: set[str] = set()
        self.numbers: set[str] = set()
        self.taken = set(_STRUCTURE)
        self._names: dict[SynapseField, str] = {}

    def name(self, hint: str) -> str:
        """Return an unused name like `hint`."""
        expressions = self._expressions(lambda value: "")
        name = expressions.fresh(hint.replace(".", "_"))
        self.taken.add(name)
        return name

    def word(self, kind: SynapseFieldKind, label: str, text: str, hint: str | None = None) -> str:
        """Return the variable of a word of the table; `text` reads it, with {} for the word."""
        field = SynapseField(kind, label)
        if field not in self._names:
            at = f"w + {self.common + len(self.layout)}"
            self.layout.append(field)
            self._names[field] = name = hint or self.name(label)
            self.unpack.append(f"{name} = {text.format(at)}")
        return self._names[field]

    def real(self, text: str) -> str:
        """Return a float64 text in the precision of the kernel."""
        return f"F({text})" if self.precision == "f32" else text

    def scalar(self, label: str) -> str:
        """Return the variable of a parameter that all synapses share."""
        return self.word("scalar", label, self.real("reals[{}]"))

    def time_step(self) -> str:
        """Return the variable of dt, in double precision."""
        return self.word("dt", "", "reals[{}]", "time_step")

    def section(self, read: Read, elapsed: str = "elapsed") -> KernelExpressions:
        """Return a writer of expressions whose states are read by `read`."""

        def leaf(value: SSAValue) -> str:
            if isinstance(value.owner, Draw):
                return self.draw(section, value.owner)
            name = name_of(value)
            if name == ELAPSED:
                return elapsed
            if name == "dt":
                return self.real(self.time_step())
            if name in self.shape.op.constants:
                return self.constant(name)
            return read(name)

        section = self._expressions(leaf)
        return section

    def draw(self, section: KernelExpressions, op: Draw) -> str:
        """Return the variable that holds a random draw."""
        raise CompilationError(f"'{op.name}' is drawn where no synapse is at hand")

    def constant(self, name: str) -> str:
        """Return the variable of a parameter."""
        return self.scalar(name)

    def _expressions(self, leaf: Callable[[SSAValue], str]) -> KernelExpressions:
        return KernelExpressions(leaf, self.precision, self.taken)

    def close(self, section: KernelExpressions) -> list[str]:
        """Return the statements of a section, and remember the functions that it calls."""
        self.functions |= section.functions
        return section.take_lines()

    def advanced(
        self,
        states: Iterable[str],
        read: Read,
        known: Mapping[SSAValue, str] = MappingProxyType({}),
    ) -> tuple[list[str], dict[str, str]]:
        """Return statements that advance states by `elapsed`, and the names of the results.

        `known` has texts of values that need not be computed.
        """
        section = self.section(read)
        for value, text in known.items():
            section.bind(value, text)
        names = {}
        for state in states:
            value = self.shape.advances.get(state)
            names[state] = read(state) if value is None else section.named(value, state)
        return self.close(section), names

    def finished(self, name: str, text: str) -> KernelSource:
        """Return a kernel of a filled template, without the lines of empty blocks."""
        lines = [line for line in text.split("\n") if line != _NOTHING]
        return KernelSource(name, "\n".join(lines))

    def imports(self, *intrinsics: str) -> list[str]:
        """Return the import statements of a text that uses `intrinsics`."""
        selects = self.functions & {"select"}
        functions = sorted(self.functions - selects)
        lines = ["from numpy import float32 as F"] if self.precision == "f32" else []
        if "D" in intrinsics:
            lines.append("from numpy import float64 as D")
        used = sorted({*intrinsics, *selects} - {"D"})
        lines.append(f"from snnc.runtime.jit.intrinsics import {', '.join(used)}")
        if functions:
            lines.append(f"from snnc.runtime.jit.mathlib import {', '.join(functions)}")
        return [*lines, *sorted(self.modules)]


def block(lines: Iterable[str], levels: int) -> str:
    """Return statements indented by a number of levels, to be put into a template."""
    return indent("\n".join(lines), "    " * levels) or _NOTHING
