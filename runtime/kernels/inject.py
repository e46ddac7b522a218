"""Set the injected currents of cells in the steps in which a source changes.

A row stands for cells with the same sources. Its words: address of the currents of a slice, address
of the cells' offsets in it (int32) and their number, address of the numbers of the sources (int64)
and how many there are, address of the sources' values (float64 [steps, sources]) and of what
changes (uint8 [steps, sources + 1], the last column for any), the number of all sources, the step
of the first values, and whether currents are float32.
"""

from snnc.runtime.jit.intrinsics import f32, f64, i32, i64, ix, loop, u8

(CURRENTS, CELLS, NUMBER, OWN, OWN_NUMBER, VALUES, CHANGES, SOURCES, FIRST, SINGLE, WIDTH) = range(
    11
)


@loop
def changes(changed, own, own_number):
    """Return whether one of a row's sources changes."""
    found = False
    for i in range(own_number):
        found = found | (changed[ix(own[i])] != 0)
    return found


@loop
def total(values, own, own_number):
    """Return the sum of a row's sources, always in the same order."""
    current = 0.0
    for i in range(own_number):
        current += values[ix(own[i])]
    return current


@loop
def put(currents, cells, number, value):
    """Set the current of cells."""
    for i in range(number):
        currents[ix(cells[i])] = value


def entry(desc, rows, step):
    """Renew the currents of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        sources = d[q + SOURCES]
        k = step - d[q + FIRST]
        changed = u8(d[q + CHANGES] + k * (sources + 1), sources + 1)
        if changed[sources] != 0:
            own = i64(d[q + OWN], d[q + OWN_NUMBER])
            if changes(changed, own, d[q + OWN_NUMBER]):
                values = f64(d[q + VALUES] + 8 * k * sources, sources)
                value = total(values, own, d[q + OWN_NUMBER])
                number = d[q + NUMBER]
                cells = i32(d[q + CELLS], number)
                # Offsets in cells are all that bounds the currents, so no length is needed.
                if d[q + SINGLE]:
                    put(f32(d[q + CURRENTS], number), cells, number, value)
                else:
                    put(f64(d[q + CURRENTS], number), cells, number, value)
