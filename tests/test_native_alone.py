"""Cells that nothing acts on, on other simulators: they are cells while they show a state."""

import numpy as np
import pytest

import snnc
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.text import parse

# A relaxation oscillator that emits, records itself and takes no input.
TEXT = """dyn.cell @Clock {
  param period : ms = 3.0
  state since : ms = 0.0
  dsince/dt = 1.0
  when since >= period { since = 0.0 [ms]  emit }
}
snn.network @net {dt = 0.1, seed = 0, rng = "philox4x32-10/snnc-1"} {
  snn.population @clocks [2] of @Clock {object_id = 0, first_id = 0}
      parameters {period = 3.95}
  snn.record @clocks variables ["spikes", "since"] sampling_interval 0.1
}
"""


@pytest.mark.parametrize("target", ["neuron", "brian2"])
def test_a_cell_without_input_shows_its_states(target):
    pytest.importorskip(target, reason=f"the target {target} needs it")
    own, other = (snnc.compile(parse(TEXT), target=one) for one in ("cpu", target))
    for net in (own, other):
        net.run(9.95)
    assert own.simulation.spikes("clocks")[0].size == 4
    np.testing.assert_allclose(
        other.simulation.spikes("clocks")[0], own.simulation.spikes("clocks")[0]
    )
    mine, theirs = (net.data.segments[0].analogsignals[0].magnitude for net in (own, other))
    np.testing.assert_allclose(mine, theirs, atol=1e-9)
    since = other.simulation.state("clocks", "since")
    np.testing.assert_allclose(since, own.simulation.state("clocks", "since"), atol=1e-9)


def test_nest_names_the_cell_it_lacks():
    pytest.importorskip("nest", reason="the target nest needs it")
    with pytest.raises(UnsupportedError, match="nest has no model like 'Clock'"):
        snnc.compile(parse(TEXT), target="nest")
