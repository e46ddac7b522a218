"""A solved synapse as an NMODL mechanism that holds all synapses of a block of connections.

Everything is reckoned when a presynaptic spike reaches a synapse, as on the ``cpu`` target: what
the spikes of the postsynaptic cell since the last one have done, in order, then what this one
does. Each synapse keeps its own copy of pre- and postsynaptic states, with their values after the
last spike of that side and just before it: two events at the same time do not see each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from xdsl.ir import SSAValue

from snnc.codegen.kernels.synapse_shape import FRACTION, SynapseShape
from snnc.codegen.native.artifact import NativeState, NativeSynapse
from snnc.codegen.native.cpp_expressions import EXPREL, CppExpressions
from snnc.codegen.native.fan import STATIC, fan_text
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.step_synapse import ELAPSED, SynapseOp

_TAKEN = """
e n k t a row rows starts waits targets weights stamps listed cells kind lead base place receptor
parameters places strides synapses history interval early shortest stamp delay axonal dendritic
high since spike spikes event instant target arguments stop all group weight double int bool char
float long short signed unsigned void auto const struct class new delete this return if else while
for do switch case break default true false operator template using namespace private public
protected static union volatile
"""
"""Names of the mechanism, which are macros in its C++, and words of C++."""

_DELIVER = """\
PROCEDURE deliver(group) {
VERBATIM
    Cells& all = *(Cells*) _p_cells;
    double n = std::floor(t / interval + early + 0.5);
    double delay = shortest + std::floor(ENTRY(_p_waits, _lgroup) / interval + 0.5);
    int stop = (int) ENTRY(_p_starts, _lgroup + 1);
    double arguments[2] = {0., receptor};
    for (int k = (int) ENTRY(_p_starts, _lgroup); k < stop; ++k) {
        int target = (int) ENTRY(_p_targets, k);
        Synapse& e = (*(Synapses*) _p_synapses)[k];
        double& weight = ENTRY(_p_weights, k);
        const double stamp = n - delay;
        const auto& spikes = (*(History*) _p_history)[target];
@ARRIVAL@
        pnt_receive[(int) kind](all[target], arguments, 0.);
    }
ENDVERBATIM
}

: Take the values of parameters and initial states, all in one vector: each has its first place
: there, and a stride of 1 if it differs between synapses, else 0.
PROCEDURE learn() {
VERBATIM
    _p_parameters = vector_arg(1);
    _p_places = vector_arg(2);
    _p_strides = vector_arg(3);
    _p_history = new History(((Cells*) _p_cells)->size());
    int size = vector_capacity((IvocVect*) _p_weights);
    Synapses* made = new Synapses(size);
    for (int k = 0; k < size; ++k) {
        Synapse& e = (*made)[k];
@BEGIN@
    }
    _p_synapses = made;
ENDVERBATIM
}
"""
_HEARD = """\
    } else if (flag == 0 && row <= -2) {
        hear(-2 - row)
"""
_HEAR = """
: Note a spike of a target.
PROCEDURE hear(target) {
VERBATIM
    (*(History*) _p_history)[(int) _ltarget].push_back(std::floor(t / interval + 0.5));
ENDVERBATIM
}
"""


def emit_synapse(op: SynapseOp) -> NativeSynapse:
    """Return the mechanism of a synapse that has been solved.

    Raises
    ------
    UnsupportedError
        The synapse draws random numbers, or acts in every step.
    """
    if op.coupling is not None:
        raise UnsupportedError(f"'{op.label}' couples cells in every step")
    if any(isinstance(inner, draws.Draw) for inner in op.walk()):
        raise UnsupportedError(f"'{op.label}' draws random numbers, which NEURON cannot draw alike")
    shape = SynapseShape(op)
    return STATIC if shape.is_static else _Mechanism(op, shape).native()


class _Mechanism:
    def __init__(self, op: SynapseOp, shape: SynapseShape) -> None:
        self.op = op
        self.shape = shape
        self.sided = [*shape.states("pre"), *shape.states("post")]

    def native(self) -> NativeSynapse:
        source = self._source("{model}")
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        model = f"{re.sub(r'[^0-9A-Za-z]+', '_', self.op.label)}_{digest}"
        values = ", ".join(f"{name!r}: p[{name!r}]" for name in self.op.constants)
        return NativeSynapse(
            model=model,
            constants=f"def constants(p, dt):\n    return {{{values}}}\n",
            states={name: NativeState(None) for name in self.op.states},
            source=source.replace("{model}", model),
        )

    def _source(self, model: str) -> str:
        deliver = _DELIVER.replace("@ARRIVAL@", _indented(self._arrival(), 2))
        deliver = deliver.replace("@BEGIN@", _indented(self._begin(), 2))
        names = ["parameters", "places", "strides", "synapses", "history"]
        own = ["interval", "early", "shortest"]
        gaps = {
            "pointers": "".join(f", {name}" for name in names),
            "assigned": "".join(f" {name}" for name in names),
            "ranges": "".join(f", {name}" for name in own),
            "values": "".join(f" {name}" for name in own),
            "declarations": self._declarations(),
            "heard": _HEARD,
            "destroyed": "    delete (Synapses*) _p_synapses;\n    delete (History*) _p_history;\n",
        }
        doc = self.op.doc.data if self.op.doc is not None else self.op.label
        return f": {doc}\n:\n" + fan_text(model, deliver + _HEAR, gaps)

    # Values

    def _places(self) -> dict[str, int]:
        """Return the numbers of parameters and initial states in the vector of values."""
        return {name: i for i, name in enumerate([*self.op.constants, *self.op.states])}

    def _value(self, name: str) -> str:
        return f"VALUE({self._places()[name]})"

    def _declarations(self) -> str:
        fields = [f"after_{n}, before_{n}" for n in self.sided]
        fields += [f"at_{n}" for n in self.shape.edge_states]
        return "\n".join([
            "#include <cmath>",
            "#undef exp",
            "#define VALUE(i) ENTRY(_p_parameters, \\",
            "    ENTRY(_p_places, i) + k * ENTRY(_p_strides, i))",
            EXPREL,
            "struct Synapse {",
            f"    double {', '.join(['previous', 'met', 'moment', *fields])};",
            "    size_t next;",
            "};",
            "typedef std::vector<Synapse> Synapses;",
            "typedef std::vector<std::vector<double>> History;",
            "",
        ])  # fmt: skip

    def _begin(self) -> list[str]:
        lines = ["e.previous = -1.; e.met = e.moment = 0.; e.next = 0;"]
        for name in self.sided:
            lines.append(f"e.after_{name} = e.before_{name} = {self._value(name)};")
        return lines + [f"e.at_{n} = {self._value(n)};" for n in self.shape.edge_states]

    # Events

    def _writer(self, names: Mapping[str, str]) -> CppExpressions:
        """Return a writer for which names of the model have some texts, or are parameters."""

        def leaf(value: SSAValue) -> str:
            owner = value.owner
            assert isinstance(owner, ex.GetOp)
            name = owner.variable.data
            if name in names:
                return names[name]
            return f"p_{name}"

        return CppExpressions(leaf, _TAKEN.split())

    def _held(self) -> dict[str, str]:
        """Return where states are after the last event, and the weight."""
        held = {name: f"e.after_{name}" for name in self.sided}
        held |= {name: f"e.at_{name}" for name in self.shape.edge_states}
        return held | {"weight": "weight"}

    def _advanced(self, names: Iterable[str], steps: str, suffix: str) -> list[str]:
        """Return statements that set ``NAME_suffix`` to states a number of steps later."""
        elapsed = f"elapsed_{suffix}"
        lines = [f"const double {elapsed} = ({steps}) * interval;"]
        for name in names:
            writer = self._writer({**self._held(), ELAPSED: elapsed})
            value = self.shape.advances.get(name)
            text = self._held()[name] if value is None else writer.value(value)
            lines += [f"double {name}_{suffix};", "{", *writer.take_lines()]
            lines += [f"{name}_{suffix} = {text};", "}"]
        return lines

    def _edges_advanced(self, moment: str, suffix: str) -> list[str]:
        names = self.shape.edge_advances
        if not names:
            return []
        lines = self._advanced(names, f"{moment} - e.moment", suffix)
        held = self._held()
        return [*lines, *(f"{held[n]} = {n}_{suffix};" for n in names), f"e.moment = {moment};"]

    def _arrival(self) -> list[str]:
        """Return what happens when a presynaptic spike reaches a synapse."""
        share = f"std::floor((1. - p_{FRACTION}) * delay + 0.5)"
        axonal = share if FRACTION in self.op.constants else "0."
        pre, post = self.shape.states("pre"), self.shape.states("post")
        current = {name: f"{name}_now" for name in (*pre, *post)}
        lines = [f"const double p_{n} = {self._value(n)};" for n in self.op.constants]
        lines += [
            f"const double axonal = {axonal};",
            "const double dendritic = delay - axonal;",
            "const double instant = stamp + axonal - dendritic;",
            "const double high = dendritic == 0. ? instant - 1. : instant;",
            "const double since = axonal + std::fmax(e.previous, 0.);",
            "while (e.next < spikes.size() && spikes[e.next] <= high) {",
            *self._post_event(),
            "}",
            *self._advanced(pre, "stamp - std::fmax(e.previous, 0.)", "now"),
            "const bool met = e.met == instant;",
            *self._advanced_post(post),
            *self._edges_advanced("(stamp + axonal)", "arrived"),
        ]
        writer = self._writer({**self._held(), **current})
        lines += self._stored(self.shape.on_pre.sets, pre, writer, self.shape.on_pre.delivered)
        return [*lines, "e.previous = stamp;"]

    def _advanced_post(self, post: list[str]) -> list[str]:
        lines = self._advanced(post, "instant - e.met", "seen")
        return lines + [f"const double {n}_now = met ? e.before_{n} : {n}_seen;" for n in post]

    def _post_event(self) -> list[str]:
        """Return what a postsynaptic spike does to a synapse."""
        pre, post = self.shape.states("pre"), self.shape.states("post")
        lines = [
            "const double spike = spikes[e.next++];",
            "const double event = spike + dendritic;",
            *self._advanced(self.shape.traces, "std::fmax(event - since, 0.)", "trace"),
            *(f"if (event == since) {{ {n}_trace = e.before_{n}; }}" for n in self.shape.traces),
            *self._advanced(post, "spike - e.met", "now"),
            *self._edges_advanced("event", "moved"),
        ]
        names = {name: f"{name}_trace" for name in pre} | {name: f"{name}_now" for name in post}
        writer = self._writer({**self._held(), **names})
        return [*lines, *self._stored(self.shape.on_post.sets, post, writer, ()), "e.met = spike;"]

    def _stored(
        self,
        sets: Mapping[str, SSAValue],
        sided: list[str],
        writer: CppExpressions,
        delivered: Iterable[SSAValue],
    ) -> list[str]:
        """Return statements that store all that an event sets, together, and the delivered sum."""
        new = {
            name: writer.kept(writer.value(value), f"{name}_next") for name, value in sets.items()
        }
        sums = [writer.value(value) for value in delivered]
        lines = writer.take_lines()
        lines += [f"arguments[0] = {' + '.join(sums)};"] if sums else []
        for name in sided:
            # Of several spikes at once, "before" is before the first.
            condition = "if (e.previous != stamp) " if self.shape.axes[name] == "pre" else ""
            lines.append(f"{condition}e.before_{name} = {name}_now;")
            lines.append(f"e.after_{name} = {new.pop(name, f'{name}_now')};")
        held = self._held()
        return lines + [f"{held[name]} = {text};" for name, text in new.items()]


def _indented(lines: Iterable[str], depth: int) -> str:
    """Return lines with the depth of their braces."""
    result = []
    for line in lines:
        depth -= line.startswith("}")
        result.append("    " * depth + line)
        depth += line.endswith("{")
    return "\n".join(result)
