"""The `map` dialect: its text, and every rule with a mapping that breaks it."""

from __future__ import annotations

import pytest

from snnc.ir.diagnostics import ModelError
from snnc.ir.text import parse, print_text, verify

NETWORK = """builtin.module {
  dyn.cell @Cell {
    state v : mV = 0.0
    receptor excitatory : mV
    on excitatory(w) {
      v = v + w
    }
    when v >= 1.0 [mV] {
      v = 0.0 [mV]
      emit
    }
  }
  dyn.cell @Noise {
    param rate : Hz = 10.0
    emit poisson rate
  }
  syn.model @Static {
    on pre {
      deliver weight
    }
  }
  snn.network @net {dt = 1.0, seed = 4, rng = "philox4x32-10/snnc-1"} {
    snn.population @A [20] of @Cell {object_id = 0, first_id = 0}
    snn.population @N [5] of @Noise {object_id = 1, first_id = 20}
    snn.view @few of @A indices #snn.range<0, 5, 1>
    snn.population @B [4] of @Cell {object_id = 3, first_id = 25}
    snn.assembly @all of [@few, @B]
    snn.projection @p from @N to @all {object_id = 4}
        connector #snn.connector<"all_to_all">
        synapse @Static receptor "excitatory"
        weight 1.5 delay 1.0
  }
"""
MAPPING = """  map.mapping of @net {
    map.machine "three chips" chips <[0, 0, 2], [1, 0, 2], [1, 1, 1]> {boards = 1 : i64, router_entries = 2 : i64, key_bits = 16 : i64, colour_bits = 4 : i64, neurons_per_core = 16 : i64, poisson_per_core = 16 : i64, ring_buffer_bits = 8 : i64, sdram = 1000 : i64, dtcm = 500 : i64}
    map.core @c0 index <4, 1, 3> {events = 1.0 : f64, synapses = 1.0 : f64, sdram = 600 : i64, dtcm = 100 : i64}
    map.core @c1 index <4, 1, 3> {events = 1.0 : f64, synapses = 1.0 : f64, sdram = 600 : i64, dtcm = 100 : i64}
    map.core @c2 index <> {events = 1.0 : f64, synapses = 1.0 : f64, sdram = 100 : i64, dtcm = 100 : i64}
    map.slice @A.0 of @A from 0 to 12 on @c0 rate 3.000000e+01
    map.slice @A.1 of @A from 12 to 20 on @c1 rate 3.000000e+01
    map.slice @B.0 of @B from 0 to 4 on @c1 rate 3.000000e+01
    map.slice @N.0 of @N from 0 to 5 on @c2 rate 1.000000e+01
    map.core @c3 index <> {events = 0.0 : f64, synapses = 0.0 : f64, sdram = 9 : i64, dtcm = 9 : i64}
    map.extension @N.0.late of @N.0 on @c3 stages 2 steps 8 for [@p]
    map.ring of @A "excitatory" sign 1 shift 3 scale 1.000000e+00 bound 7.500000e+00
    map.ring of @B "excitatory" sign 1 shift 3 scale 1.000000e+00 bound 7.500000e+00
    map.weights of @p rounding "nearest" largest 1.500000e+00 error 0.000000e+00
    map.place @c0 at <0, 0, 1>
    map.place @c1 at <1, 0, 1>
    map.place @c2 at <0, 0, 2>
    map.place @c3 at <1, 0, 2>
    map.key @N.0.late key <0x00000200> mask <0x0000ff00>
    map.key @A.0 key <0x00000000> mask <0x0000ff00>
    map.key @N.0 key <0x00000100> mask <0x0000ff80>
    map.tree of [@A.0, @N.0] links <[0, 0, 0], [1, 0, 2]> cores <[1, 0, 1], [1, 1, 1]>
    map.table <0, 0> {
      map.entry <0x00000000> mask <0x0000fe00> links <0> cores <>
    }
    map.table <1, 0> {
      map.entry <0x00000000> mask <0x0000fe00> links <2> cores <1>
    }
  }
}
"""  # noqa: E501

RING_B, WEIGHTS = (
    line + "\n" for line in MAPPING.splitlines() if "ring of @B" in line or "map.weights" in line
)


def checked(mapping: str) -> str:
    document = parse(NETWORK + mapping)
    verify(document)
    return print_text(document)


def test_a_mapping_reads_back_as_it_was_written():
    text = checked(MAPPING)
    again = parse(text)
    verify(again)
    assert print_text(again) == text
    assert "map.entry <0x00000000> mask <0x0000fe00> links <2> cores <1>" in text


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("of @net {", "of @nut {", "unknown network '@nut'"),
        ("[1, 1, 1]>", "[1, 1]>", "expected three numbers; found 2"),
        ("map.core @c1", "map.core @c0", "symbol '@c0' is defined twice"),
        ("dtcm = 100", "dtcm = 501", "needs 501 bytes of DTCM; a core has 500"),
        ("<4, 1, 3>", "<4, 3>", "an index has bits of a cell, a receptor and a delay slot"),
        ("<4, 1, 3>", "<4, 1, 4>", "the index of '@c0' has 9 bits; at most 8 fit"),
        ("<4, 1, 3>", "<3, 1, 3>", "'@c0' has 12 cells; its index of 3 bits tells 8 apart"),
        ("of @A from", "of @C from", "unknown population '@C'"),
        ("from 12 to 20", "from 12 to 21", "cells 12 to 21 are not in '@A', of 20"),
        ("on @c1", "on @c7", "unknown core '@c7'"),
        ("from 12 to 20", "from 13 to 20", "found cell 13, expected 12"),
        ("from 12 to 20", "from 12 to 19", "cells of '@A' from 19 on are on no core"),
        ("map.slice @A.1", "map.slice @A.0", "symbol '@A.0' is defined twice"),
        ("5 on @c2", "5 on @c1", "a core runs one model"),
        ("20 on @c1", "20 on @c0", "'@c0' has 20 cells; at most 16 fit"),
        ("@N.0.late of @N.0", "@N.0.late of @N.7", "unknown slice '@N.7'"),
        ("extension @N.0.late", "extension @N.0", "symbol '@N.0' is defined twice"),
        ("on @c3", "on @c9", "unknown core '@c9'"),
        ("on @c3", "on @c2", "'@c2' has '@N.0'; an extension has a core of its own"),
        ("stages 2", "stages 9", "stages out of range; found 9, expected 1 to 8"),
        ("steps 8", "steps 9", "stages of '@N.0.late' are 9 steps apart; '@c0' waits 1 to 8"),
        ("for [@p]", "for [@q]", "unknown projection '@q'"),
        ("0000ff00>\n    map.key @A", "0000ff80>\n    map.key @A", "needs 160 keys"),
        ("of @A \"exc", "of @C \"exc", "unknown population '@C'"),
        ("of @A \"exc", "of @A \"inc", "has no receptor 'incitatory'; did you mean 'excitatory'?"),
        ("of @B \"exc", "of @A \"exc", "receptor 'excitatory' of '@A' has two ring buffers"),
        ("sign 1", "sign 0", "a sign is 1 or -1; found 0"),
        ("shift 3", "shift 16", "shift out of range; found 16, expected 0 to 15"),
        ("scale 1.0", "scale -1.0", "a scale is positive; found -1"),
        ("bound 7.5", "bound 40.5", "shift 3 holds 0 to 15.9998, shift 5 is enough"),
        ("shift 3", "shift 4", "'@B' and '@A' share '@c1'; found shifts 3 and 4"),
        ("of @p", "of @q", "unknown projection '@q'"),
        ("\"nearest\"", "\"neatest\"", "unknown rounding 'neatest'; did you mean 'nearest'?"),
        ("largest 1.5", "largest 16.5", "wrap; found 16.5, shift 3 of '@A' holds at most 15.9998"),
        (RING_B, "", "'@p' reaches '@B', which has no ring buffer for receptor 'excitatory'"),
        (WEIGHTS, 2 * WEIGHTS, "weights of '@p' are rounded twice"),
        ("place @c1", "place @c7", "unknown core '@c7'"),
        ("place @c2", "place @c1", "'@c1' is placed twice"),
        ("<1, 0, 1>", "<1, 0>", "a place is x, y and core; found 2 numbers"),
        ("<1, 0, 1>", "<2, 0, 1>", "there is no chip (2, 0)"),
        ("<1, 0, 1>", "<1, 0, 3>", "no core 3 on chip (1, 0); expected 1 to 2"),
        ("<0, 0, 2>", "<0, 0, 1>", "core (0, 0, 1) is that of '@c0'"),
        ("sdram = 100 ", "sdram = 401 ", "chip (0, 0) needs 1001 bytes of SDRAM; it has 1000"),
        ("key @N.0", "key @N.1", "unknown slice '@N.1.late'"),
        ("<0x00000100>", "<0x00010000>", "a key has 16 bits"),
        ("0000ff80", "0000fe81", "the keys of a slice follow each other"),
        ("key <0x00000100>", "key <0x00000140>", "has ones where mask"),
        ("0000ff80", "0000ffc0", "'@N.0' needs 80 keys, 4 colour bits among them; found 64"),
        ("key <0x00000100>", "key <0x00000080>", "keys of '@N.0' are among those of '@A.0'"),
        ("[@A.0, @N.0]", "[@A.0, @N.5]", "unknown slice '@N.5'"),
        ("[@A.0, @N.0]", "[@A.0, @A.1]", "the slices of a tree are on one chip; found 2"),
        ("    map.place @c2 at <0, 0, 2>\n", "", "'@N.0' is on a core that has no place"),
        ("[1, 0, 2]> cores", "[1, 0, 6]> cores", "there is no link 6; expected 0 to 5"),
        ("[1, 0, 2]> cores", "[1, 0, 0]> cores", "link 0 of chip (1, 0) leads nowhere"),
        ("[0, 0, 0], [1, 0, 2]", "[0, 0, 0], [1, 0, 2], [0, 0, 1]", "reaches chip (1, 1) twice"),
        ("[0, 0, 0], [1, 0, 2]", "[1, 0, 2]", "does not reach chip (1, 0), whose links it has"),
        ("[0, 0, 0], [1, 0, 2]", "[0, 0, 0]", "core (1, 1, 1) is not on the tree"),
        ("cores <[1, 0, 1]", "cores <[1, 0, 9]", "there is no core 9 on chip (1, 0)"),
        ("table <1, 0>", "table <5, 0>", "there is no chip (5, 0)"),
        ("table <1, 0>", "table <0, 0>", "chip (0, 0) has two tables"),
        ("links <2> cores <1>", "links <2> cores <7>", "there is no core 7 on chip (1, 0)"),
        ("links <2> cores <1>", "links <0> cores <1>", "link 0 of chip (1, 0) leads nowhere"),
        ("entry <0x00000000>", "entry <0x00000100>", "has ones where mask"),
        ("router_entries = 2", "router_entries = 0", "has 1 entries; at most 0 fit"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused(right, wrong, message):
    assert right in MAPPING
    broken = MAPPING.replace(right, wrong, 1)
    with pytest.raises(ModelError) as refused:
        checked(broken)
    assert message in str(refused.value)
    assert refused.value.location is not None


def test_a_mapping_needs_one_machine():
    machine = next(line for line in MAPPING.splitlines() if "map.machine" in line)
    with pytest.raises(ModelError, match="a mapping is onto one machine; found 0"):
        checked(MAPPING.replace(machine, ""))
