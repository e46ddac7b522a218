"""NESTML text of cells."""

from __future__ import annotations

import pytest

from snnc import model_library
from snnc.codegen.native.nestml import emit_cell
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.text import parse


def emitted(text):
    return emit_cell(parse(text).module.body.block.first_op)


def test_text_of_a_cell():
    text = """dyn.cell @small {
      param tau : ms = 10.0
      param cm : pF = 250.0
      param rest : ms = 2.0
      state v : mV = -65.0
      state g : nS = 0.0
      receptor exc : nS
      receptor kick : mV
      current injected : nA
      let i = g * (0.0 [mV] - v) + injected
      dg/dt = -g / tau
      on exc(w) { g = g + w }
      regime up {
        dv/dt = (-65.0 [mV] - v) / tau + i / cm
        on kick(w) { v = v + w }
        when v >= -50.0 [mV] { v = -65.0 [mV]  g = g / 2.0  emit  goto down }
      }
      regime down { after rest { goto up } }
    }"""
    assert (
        emitted(text)
        == """\
model small:
    state:
        v mV = -65.0 mV
        g uS = 0.0 uS
        refractory_time_left ms = 0 ms
    equations:
        inline i nA = g * (0.0 mV - v) + injected
        g' = -g / tau
        v' = (-65.0 mV - v) / tau + i / cm
        refractory_time_left' = -1
    parameters:
        tau ms = 10.0 ms
        cm nF = 0.25 nF
        rest ms = 2.0 ms
    input:
        exc <- spike
        kick <- spike
        injected nA <- continuous
    output:
        spike
    update:
        if refractory_time_left > 0 ms:
            integrate_odes(g, refractory_time_left)
        else:
            integrate_odes(g, v)
    onReceive(exc):
        g = g + (1 uS * exc * 1 s)
    onReceive(kick):
        if refractory_time_left <= 0 ms:
            v = v + (1 mV * kick * 1 s)
    onCondition(refractory_time_left <= 0 ms and v >= -50.0 mV):
        v = -65.0 mV
        g = g / 2.0
        refractory_time_left = rest
        emit_spike()
"""
    )


def test_literals_of_compound_units():
    found = emitted(model_library.text("Izhikevich"))
    assert (
        "v' = 0.04 * (1 mV**-1*ms**-1) * v * v + 5.0 * (1 ms**-1) * v + 140.0 * (1 mV*ms**-1) - u"
        in found
    )


@pytest.mark.parametrize("model", ["HH_cond_exp", "GIF_cond_exp"])
def test_what_nestml_has_not_is_refused(model):
    with pytest.raises(UnsupportedError, match="NESTML"):
        emitted(model_library.text(model))


def test_an_old_value_is_refused():
    text = model_library.text("Izhikevich").replace("u = u + d", "u = u + d + v * 1.0 [1/ms]")
    with pytest.raises(UnsupportedError, match="'u' reads the old 'v'"):
        emitted(text)


@pytest.mark.parametrize("model", ["SpikeSourcePoisson", "SpikeSourceArray"])
def test_sources_are_refused(model):
    with pytest.raises(UnsupportedError, match="sources"):
        emitted(model_library.text(model))
