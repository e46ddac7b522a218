"""The mechanism that delivers the spikes of many cells to many others, as a text with gaps.

What synapses do when a spike reaches them fills the gaps; static ones deliver their weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from snnc.codegen.native.artifact import NativeSynapse

_TEXT = Template("""\
: Delivers the spikes of many cells to many others: a row of synapses for each presynaptic cell,
: sorted by delay. Each group of synapses with the same delay is one event of NEURON's queue, at
: which each gets its weight by the NET_RECEIVE of its target, as from a NetCon.
:
: A spike of row r comes from a NetCon whose weight is r, or from a list of spikes that is replayed;
: an event of a negative weight begins with the list. Listed spikes are taken `lead` ms before their
: time, so that none waits at the end of a run, and travel `base` ms longer.
:
: `rows` has the first group of each row, `starts` the first synapse of each group (both with one
: entry more), `waits` the time in ms from the spike to each group; `targets` and `weights` belong
: to the synapses, `stamps` (ms, ascending) and `listed` (rows) to the list. Targets are numbered in
: the order of `add`.

NEURON {
    ARTIFICIAL_CELL $name
    POINTER rows, starts, waits, targets, weights, stamps, listed, cells$pointers
    RANGE receptor, kind, lead, base, place$ranges
}

PARAMETER { receptor kind lead base$values }

ASSIGNED { rows starts waits targets weights stamps listed cells place$assigned }

VERBATIM
#include <vector>
typedef std::vector<Point_process*> Cells;
#define ENTRY(vector, i) vector_vec((IvocVect*) vector)[(int) (i)]
${declarations}ENDVERBATIM

NET_RECEIVE (row) { LOCAL group, last, head
    INITIAL { }
    if (flag >= 2) {
        deliver(flag - 2)
${heard}    } else if (flag == 0 && row >= 0) {
        group = first(row)
        last = first(row + 1)
        while (group < last) {
            net_send(wait(group), group + 2)
            group = group + 1
        }
    } else {
        if (flag == 0) { place = 0 }
        while (stamp(place) <= t + lead + 1e-9) {
            head = stamp(place) + base - t
            group = first(sender(place))
            last = first(sender(place) + 1)
            while (group < last) {
                net_send(fabs(head + wait(group)), group + 2)
                group = group + 1
            }
            place = place + 1
        }
        if (stamp(place) < 1e18) { net_send(stamp(place) - lead - t, 1) }
    }
}

FUNCTION first(row) {
VERBATIM
    _lfirst = ENTRY(_p_rows, _lrow);
ENDVERBATIM
}

FUNCTION wait(group) {
VERBATIM
    _lwait = ENTRY(_p_waits, _lgroup);
ENDVERBATIM
}

: The time of a spike of the list; beyond its end, later than any.
FUNCTION stamp(i) {
VERBATIM
    _lstamp = _li < vector_capacity((IvocVect*) _p_stamps) ? ENTRY(_p_stamps, _li) : 1e20;
ENDVERBATIM
}

FUNCTION sender(i) {
VERBATIM
    _lsender = ENTRY(_p_listed, _li);
ENDVERBATIM
}

$deliver
PROCEDURE connect() {
VERBATIM
    _p_rows = vector_arg(1);
    _p_starts = vector_arg(2);
    _p_waits = vector_arg(3);
    _p_targets = vector_arg(4);
    _p_weights = vector_arg(5);
    _p_stamps = vector_arg(6);
    _p_listed = vector_arg(7);
ENDVERBATIM
}

: Name the mechanism of the targets.
PROCEDURE onto() {
VERBATIM
    kind = nrn_get_mechtype(gargstr(1));
ENDVERBATIM
}

PROCEDURE add() {
VERBATIM
    if (!_p_cells) { _p_cells = new Cells; }
    ((Cells*) _p_cells)->push_back(ob2pntproc(*hoc_objgetarg(1)));
ENDVERBATIM
}

DESTRUCTOR {
VERBATIM
    delete (Cells*) _p_cells;
${destroyed}ENDVERBATIM
}
""")

_DELIVER = """\
PROCEDURE deliver(group) {
VERBATIM
    Cells& all = *(Cells*) _p_cells;
    int stop = (int) ENTRY(_p_starts, _lgroup + 1);
    double arguments[2] = {0., receptor};
    for (int k = (int) ENTRY(_p_starts, _lgroup); k < stop; ++k) {
        Point_process* target = all[(int) ENTRY(_p_targets, k)];
        arguments[0] = ENTRY(_p_weights, k);
        pnt_receive[(int) kind](target, arguments, 0.);
    }
ENDVERBATIM
}
"""

_GAPS = ("pointers", "ranges", "values", "assigned", "declarations", "heard", "destroyed")


def fan_text(name: str, deliver: str, gaps: Mapping[str, str] | None = None) -> str:
    """Return the mechanism of a name.

    Parameters
    ----------
    name : str
        Its name in NEURON.
    deliver : str
        The procedure ``deliver(group)``, which a group of synapses runs when a spike reaches it.
    gaps : mapping of str to str, optional
        What it needs besides: `pointers`, `ranges`, `values` and `assigned` names,
        `declarations` of C++, events that are `heard`, and what is `destroyed`.
    """
    return _TEXT.substitute(
        {**dict.fromkeys(_GAPS, ""), **(gaps or {})}, name=name, deliver=deliver
    )


STATIC = NativeSynapse(
    "SnncFan", "def constants(p, dt):\n    return {}\n", source=fan_text("SnncFan", _DELIVER)
)
"""Synapses that deliver their weight at each spike and do nothing else."""
