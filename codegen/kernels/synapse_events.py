"""The kernels that act when a cell has fired: on its presynaptic and on its postsynaptic states.

Both run on the thread that owns the cell, for the spikes of stamp k + 1 of one partition, and in
double precision. `emit` leaves with each spike what its delivery will need; `observe` appends to
the ring of each postsynaptic cell the stamp of the spike and the states after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from snnc.codegen.artifact import RECENT, KernelSource, SynapseField
from snnc.codegen.kernels.synapse_kernel import SynapseKernel, block
from snnc.codegen.kernels.synapse_rows import takes_rows
from snnc.codegen.kernels.synapse_shape import PREVIOUS, SynapseShape, before_name

COMMON_WORDS = 8

_TEXT = '''"""{title}."""

{imports}

WIDTH = {width}


def entry(desc, rows, step):
    words = i64(desc, rows * WIDTH)
    reals = f64(desc, rows * WIDTH)
    stamp = step + 1
    for r in range(rows):
        w = r * WIDTH
        ids = i32(words[w], 1)
        starts = i64(words[w + 1], 1)
        slot = stamp & words[w + 3]
        cell = words[w + 6]
{unpack}
        first = slot * words[w + 4] + starts[ix(words[w + 5])]
        for c in range(first + 1, first + 1 + ids[ix(first)]):
{body}
'''


def _source(name: str, title: str, kernel: SynapseKernel, body: list[str]) -> KernelSource:
    text = _TEXT.format(
        title=f"{title} of {kernel.shape.op.label}",
        imports="\n".join(kernel.imports("f64", "i32", "i64", "ix", "select")),
        width=COMMON_WORDS + len(kernel.layout),
        unpack=block(kernel.unpack, 2),
        body=block(body, 3),
    )
    return kernel.finished(f"{name}_{kernel.shape.op.label}", text)


def emit_kernel(shape: SynapseShape) -> tuple[KernelSource, tuple[SynapseField, ...]]:
    """Return the kernel of presynaptic spikes, and the layout of its table."""
    kernel = SynapseKernel(shape, "f64", COMMON_WORDS)
    last = kernel.word("last", "", "i32(words[{}], 1)", "last")
    arrays = {
        name: kernel.word("pre_state", name, "f64(words[{}], 1)", kernel.name(f"{name}_array"))
        for name in shape.pre_arrays
    }
    carried = {
        name: kernel.word("carried", name, "f64(words[{}], 1)", kernel.name(f"{name}_carried"))
        for name in shape.carried
    }
    states = shape.states("pre")
    after = {name: kernel.name(name) for name in states}
    body = [
        "pre = ids[ix(c)]",
        f"previous = {last}[ix(pre)]",
        f"elapsed = (stamp - select(previous < 0, 0, previous)) * {kernel.time_step()}",
        *(f"{after[name]} = {arrays[name]}[ix(pre)]" for name in states),
    ]
    statements, now = kernel.advanced(states, after.__getitem__)
    body += statements
    section = kernel.section(now.__getitem__)
    values = {name: section.value(value) for name, value in shape.values.items()}
    new = {n: section.value(v) for n, v in shape.changed(shape.on_pre, "pre").items()}
    body += kernel.close(section)
    if PREVIOUS in carried:
        body.append(f"{carried[PREVIOUS]}[ix(c)] = previous")
    body += [f"{carried[name]}[ix(c)] = {after[name]}" for name in shape.after]
    for name in shape.traces:
        before = arrays[before_name(name)]
        body.append(f"{carried[before_name(name)]}[ix(c)] = {before}[ix(pre)]")
        # Of several spikes with one stamp the first one's view of the past holds.
        body.append(
            f"{before}[ix(pre)] = select(previous == stamp, {before}[ix(pre)], {now[name]})"
        )
    body += [f"{carried[name]}[ix(c)] = {text}" for name, text in values.items()]
    body += [f"{arrays[name]}[ix(pre)] = {new.get(name, now[name])}" for name in states]
    body.append(f"{last}[ix(pre)] = stamp")
    return _source("emit", "Presynaptic spikes", kernel, body), tuple(kernel.layout)


def _logged(kernel: SynapseKernel, after: Mapping[str, str]) -> list[str]:
    """Return the statements that keep what the delivery of whole rows needs."""
    recent = kernel.word("recent_stamps", "", "i32(words[{}], 1)", "recent_stamps")
    kernel.word("post_cells", "", "words[{}]", "post_cells")
    ages = range(RECENT - 1, 0, -1)
    lines = [
        *(
            f"{recent}[ix({k} * post_cells + local)] = {recent}[ix({k - 1} * post_cells + local)]"
            for k in ages
        ),
        f"{recent}[ix(local)] = stamp",
    ]
    for name, value in after.items():
        array = kernel.word("latest", name, "f64(words[{}], 1)", kernel.name(f"{name}_latest"))
        lines.append(f"{array}[ix(local)] = {value}")
    kernel.word("dense", "", "words[{}]", "dense")
    kernel.word("log_stamps", "", "i32(words[{}], 1)", "log_stamps")
    kernel.word("log_cells", "", "i32(words[{}], 1)", "log_cells")
    kernel.word("log_count", "", "i64(words[{}], 1)", "log_count")
    return [
        *lines,
        "if dense != 0:",
        "    log_stamps[ix(log_count[0])] = stamp",
        "    log_cells[ix(log_count[0])] = local",
        "    log_count[0] += 1",
    ]


def observe_kernel(shape: SynapseShape) -> tuple[KernelSource, tuple[SynapseField, ...]]:
    """Return the kernel of postsynaptic spikes, and the layout of its table."""
    kernel = SynapseKernel(shape, "f64", COMMON_WORDS)
    kernel.word("post_heads", "", "i64(words[{}], 1)", "heads")
    kernel.word("post_stamps", "", "i32(words[{}], 1)", "stamps")
    kernel.word("post_mask", "", "words[{}]", "ring_mask")
    states = shape.states("post")
    values = {
        name: kernel.word("post_values", name, "f64(words[{}], 1)", kernel.name(f"{name}_array"))
        for name in states
    }
    initial = {
        name: kernel.word("post_initial", name, "f64(words[{}], 1)", kernel.name(f"{name}_initial"))
        for name in states
    }
    after = {name: kernel.name(name) for name in states}
    body = [
        "local = ids[ix(c)] - cell",
        "count = heads[ix(local)]",
        "ring = local * (ring_mask + 1)",
        "at = ring + (count & ring_mask)",
    ]
    if states:
        body += [
            "before = ring + ((count - 1) & ring_mask)",
            "since_stamp = select(count > 0, stamps[ix(before)], 0)",
            f"elapsed = (stamp - since_stamp) * {kernel.time_step()}",
        ]
    body += [
        f"{after[n]} = select(count > 0, {values[n]}[ix(before)], {initial[n]}[ix(local)])"
        for n in states
    ]
    statements, now = kernel.advanced(states, after.__getitem__)
    section = kernel.section(now.__getitem__)
    changed = shape.changed(shape.on_post, "post").items()
    new = {n: section.named(v, f"{n}_next") for n, v in changed}
    body += [*statements, *kernel.close(section), "stamps[ix(at)] = stamp"]
    body += [f"{values[n]}[ix(at)] = {new.get(n, now[n])}" for n in states]
    body.append("heads[ix(local)] = count + 1")
    if takes_rows(shape):
        body += _logged(kernel, {n: new.get(n, now[n]) for n in states})
    return _source("observe", "Postsynaptic spikes", kernel, body), tuple(kernel.layout)
