"""What weights on SpiNNaker are multiples of: sums that must fit, and errors of rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modular_networks import MODELS, mapped

from snnc.ir.diagnostics import OptionError, ResourceLimitError, UnsupportedError
from snnc.ir.dialects.map_weights import RingOp, WeightsOp
from snnc.ir.resources import ResourceTable
from snnc.ir.text import Document, parse, print_text, verify
from snnc.ir.values import DISTRIBUTIONS
from snnc.passes.spinnaker.shifts import relative_error
from snnc.passes.spinnaker.value_ranges import ValueRange, weight_range

CONDUCTANCES = """dyn.cell @Membrane {
  param e_rev : mV = 0.0
  state v : mV = 0.0
  state g : UNIT = 0.0
  state h : UNIT = 0.0
  receptor excitatory : UNIT
  receptor inhibitory : UNIT
  receptor slow : UNIT
  on excitatory(w) { g = g + w }
  on slow(w) { h = h + w }
  on inhibitory(w) { h = h + w }
  when v >= 1.0 [mV] { v = 0.0 [mV]  emit }
}
"""


def network(
    weight: str = "0.4",
    delay: str = "1.0",
    *,
    unit: str = "nA",
    second: str = "",
    size: int = 50,
) -> Document:
    """Return 200 cells that reach others all to all, by a projection @p and perhaps another."""
    models = MODELS + CONDUCTANCES.replace("UNIT", unit)
    document = parse(f"""{models}
    snn.network @net {{dt = 1.0, seed = 4, rng = "philox4x32-10/snnc-1"}} {{
      snn.population @A [200] of @Cell {{object_id = 0, first_id = 0}}
      snn.population @B [{size}] of @Membrane {{object_id = 1, first_id = 200}}
      snn.population @C [20] of @Membrane {{object_id = 2, first_id = 100000}}
      snn.projection @p from @A to @B {{object_id = 3}}
          connector #snn.connector<"all_to_all">
          synapse @Static receptor "excitatory"
          weight {weight} delay {delay}
      {second}
    }}""")
    verify(document)
    return document


def projection(name: str, post: str, weight: str, receptor: str, number: int) -> str:
    return f"""snn.projection @{name} from @A to @{post} {{object_id = {number}}}
          connector #snn.connector<"all_to_all">
          synapse @Static receptor "{receptor}"
          weight {weight} delay 1.0
    """


def shifted(document: Document, options: str = "", partition: str = "") -> tuple[dict, dict]:
    """Return the ring buffers by population and receptor, and the roundings by projection."""
    mapped(document, partition, f"partition-cores,choose-shifts{options}")
    ops = list(document.module.walk())
    rings = {(op.population, op.receptor): op for op in ops if isinstance(op, RingOp)}
    return rings, {op.projection: op for op in ops if isinstance(op, WeightsOp)}


SPREAD = '#snn.random<"uniform", {low = 1.0, high = 5.0}>'


def test_delays_of_one_length_bring_all_spikes_at_once():
    rings, _ = shifted(network())
    ring = rings["B", "excitatory"]
    assert ring.bound == pytest.approx(200 * 0.4)
    assert ring.shift == 7, "2^7 is the least power of two above 80"
    assert ring.quantum == 2.0**-8


def test_delays_that_differ_are_expected_to_spread_spikes():
    rings, _ = shifted(network(delay=SPREAD))
    events = 200 * 30 * 1e-3
    expected = events * 0.4 + 5 * math.sqrt(events * 0.4**2)
    assert rings["B", "excitatory"].bound == pytest.approx(expected)
    assert rings["B", "excitatory"].shift == 3


def test_what_must_fit_can_be_chosen():
    worst, _ = shifted(network(delay=SPREAD), "{bound=worst}")
    assert worst["B", "excitatory"].bound == pytest.approx(80)
    bold, _ = shifted(network(), "{bound=expected sigma=0.0}")
    assert bold["B", "excitatory"].bound == pytest.approx(200 * 30 * 1e-3 * 0.4)


def test_the_largest_weight_always_fits():
    rings, weights = shifted(network("90.0"), "{bound=expected sigma=0.0}", "rate=0.1")
    assert rings["B", "excitatory"].bound == 90.0
    assert weights["p"].largest == 90.0


def test_conductances_are_counted_as_spynnaker_does():
    micro, _ = shifted(network("0.01", unit="uS"))
    nano, weights = shifted(network("10.0", unit="nS"))
    for ring in (micro["B", "excitatory"], nano["B", "excitatory"]):
        assert ring.scale == 1024.0
        assert ring.bound == pytest.approx(200 * 0.01), "in uS, the coherent unit"
        assert ring.shift == 12, "2 * 1024 is not below 2^11"
    assert weights["p"].largest == pytest.approx(0.01)


def test_populations_on_one_core_share_the_larger_shift():
    second = projection("q", "C", "0.04", "excitatory", 4)
    together, _ = shifted(network(second=second))
    assert together["C", "excitatory"].shift == together["B", "excitatory"].shift == 7
    apart, _ = shifted(network(second=second), "", "cells=10")
    assert apart["B", "excitatory"].shift == 7
    assert apart["C", "excitatory"].shift == 4


def test_receptors_have_one_sign():
    inhibition = projection("q", "B", "-0.4", "inhibitory", 4)
    rings, _ = shifted(network(second=inhibition))
    assert rings["B", "inhibitory"].bound == pytest.approx(80)
    mixed = projection("q", "B", "-0.4", "slow", 4) + projection("r", "B", "0.4", "slow", 5)
    with pytest.raises(
        UnsupportedError, match=r"'@r' onto .* are positive, those of '@q' negative"
    ):
        shifted(network(second=mixed))


def test_sums_beyond_the_numbers_of_the_machine_are_refused():
    with pytest.raises(ResourceLimitError, match=r"may get 40000 in a step; .* less than 32768"):
        shifted(network("200.0"))


def test_coarse_weights_are_warned_of():
    with pytest.warns(UserWarning, match="'@q' .* multiples of 0.00391 .* error of 1"):
        shifted(network(second=projection("q", "B", "0.001", "excitatory", 4)))


def test_weights_of_arrays_are_looked_at():
    document = network()
    values = np.full((200, 50), 0.1)
    values[3, 4] = 2.5
    handle = ResourceTable(document.resources).handle(values, "weights")
    text = f'#snn.array<"{handle.name}", "float64", [200, 50], "{handle.digest}">'
    rings, weights = shifted(_with_weight(document, text))
    assert weights["p"].largest == 2.5
    assert rings["B", "excitatory"].bound == pytest.approx(200 * 2.5)


def _with_weight(document: Document, text: str) -> Document:
    changed = parse(print_text(document).replace("weight 0.4", f"weight {text}", 1))
    changed.resources.update(document.resources)
    verify(changed)
    return changed


def test_expressions_without_a_bound_are_refused():
    with pytest.raises(UnsupportedError, match="no bound over all distances"):
        shifted(network('#snn.distance<"0.1*d">'))
    rings, _ = shifted(network('#snn.distance<"2.0*exp(-d)">'))
    assert rings["B", "excitatory"].bound == pytest.approx(400, rel=1e-6)


@pytest.mark.parametrize("options", ["{bound=largest}", "{rounding=up}", "{sigma=-1.0}"])
def test_options_are_checked(options):
    with pytest.raises(OptionError):
        shifted(network(), options)


PARAMETERS = {
    "n": 20, "p": 0.3, "beta": 2.0, "k": 3.0, "theta": 0.5, "mu": 0.4, "sigma": 0.3,
    "low": 0.0, "high": 1.0, "lambda_": 4.0, "kappa": 2.0,
}  # fmt: skip


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_ranges_of_distributions_are_those_of_their_draws(name):
    params = {key: PARAMETERS[key] for key in DISTRIBUTIONS[name]}
    given = ", ".join(f"{key} = {float(value)}" for key, value in params.items())
    document = network(f'#snn.random<"{name}", {{{given}}}>')
    found = weight_range(document.network.symbols()["p"], {})
    draws = _draws(name, params)
    error = draws.std() / math.sqrt(draws.size)
    assert found.mean == pytest.approx(draws.mean(), abs=6 * error)
    assert found.deviation == pytest.approx(draws.std(), rel=0.02)
    assert found.least <= draws.min() + 0.02
    assert found.most >= draws.max() - 0.02


def _draws(name: str, p: dict[str, float]) -> np.ndarray:
    rng, n = np.random.default_rng(1), 20_000
    normal = rng.normal(p.get("mu", 0.0), p.get("sigma", 1.0), n)
    match name:
        case "normal_clipped":
            return normal[(normal >= p["low"]) & (normal <= p["high"])]
        case "normal_clipped_to_boundary":
            return np.clip(normal, p["low"], p["high"])
        case "uniform_int":
            return rng.integers(int(p["low"]), int(p["high"]) + 1, n)
    return getattr(rng, name)(*p.values(), n)


@settings(deadline=None)
@given(weight=st.floats(0.01, 10.0), shift=st.integers(0, 8), stochastic=st.booleans())
def test_errors_are_those_of_rounding(weight, shift, stochastic):
    quantum = 2.0 ** (shift - 15)
    found = ValueRange(weight, 0.0, weight, weight)
    if not stochastic:
        exact = abs(round(weight / quantum) * quantum - weight) / weight
        assert relative_error(found, quantum, "nearest") == pytest.approx(exact, abs=1e-12)
        return
    up = weight / quantum - math.floor(weight / quantum)
    below = math.floor(weight / quantum) * quantum
    square = up * (below + quantum - weight) ** 2 + (1 - up) * (below - weight) ** 2
    error = relative_error(found, quantum, "stochastic")
    assert error == pytest.approx(math.sqrt(square) / weight, rel=1e-6, abs=1e-9)
