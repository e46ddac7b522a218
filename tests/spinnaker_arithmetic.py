"""SpiNNaker's arithmetic on Python's integers of any size: LIF and Izhikevich cells, tick by tick.

Written from the published rules alone (sPyNNaker's ``neuron_model_lif_impl.h``,
``neuron_model_izh_impl.h``, ``exp_synapse_utils.h``, ``input_type_conductance.h``), one cell at a
time, to compare the emulation with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, getcontext

getcontext().prec = 60
ONE = 1 << 15
WORD = 1 << 32


def accum(value: float) -> int:
    """Encode a number as s16.15, as the host does."""
    return int((Decimal(value) * ONE).to_integral_value(ROUND_HALF_EVEN))


def wrap(value: int) -> int:
    """Keep 32 bits in two's complement."""
    value %= WORD
    return value - WORD if value >= WORD // 2 else value


def saturate(value: int) -> int:
    """Keep within 32 bits with a sign."""
    return max(-(WORD // 2), min(WORD // 2 - 1, value))


def mul_nearest(a: int, b: int) -> int:
    """Multiply, round half up and saturate."""
    return saturate((2 * a * b + ONE) // (2 * ONE))


def mul(a: int, b: int) -> int:
    """Multiply as GCC does: rounded down, without saturation."""
    return wrap((a * b) // ONE)


def divide(a: int, b: int) -> int:
    """Divide, rounding down."""
    return a * ONE // b


def exp_minus(x: int) -> int:
    """Return exp(-x/2^15) in units of 2^-32, by two tables and three terms of a series."""

    def table(argument: Decimal) -> int:
        return int((argument * WORD).to_integral_value(ROUND_HALF_EVEN))

    def scaled(a: int, b: int) -> int:
        return (a * b + WORD // 2) // WORD

    if x > 340695:
        return 0
    value = table((-Decimal(x // ONE)).exp())
    rest = x % ONE
    if rest:
        value -= scaled(value, table(1 - (-Decimal(rest // 2048) / 16).exp()))
        y = (rest % 2048) * 131072
        value -= scaled(value, 5294 + (4293434720 - 2081624032 * y // WORD) * y // WORD)
    return value


@dataclass
class Synapse:
    """An exponentially decaying input."""

    dt: int
    tau: int
    value: int = 0

    def __post_init__(self) -> None:
        self.decay = exp_minus(divide(self.dt, self.tau)) % WORD
        self.init = divide(self.tau, self.dt) * (WORD - 1 - self.decay) // ONE % WORD

    def add(self, total: int, shift: int) -> None:
        """Add what the ring buffer holds: 16 bits that saturate."""
        self.value = wrap(self.value + wrap((min(total, 65535) << shift) * self.init // WORD))

    def shape(self) -> None:
        """Decay by a tick."""
        self.value = wrap(self.value * self.decay // WORD)


def synaptic_current(q: dict[str, int], inputs: list[Synapse], v: int) -> int:
    """Return the synaptic current of a cell; conductances where it has reversal potentials."""
    exc, inh = (one.value for one in inputs)
    if "e_rev_E" in q:
        exc = mul(exc // 1024, wrap(q["e_rev_E"] - v))
        inh = mul(-(inh // 1024), wrap(q["e_rev_I"] - v))
    return wrap(exc - inh)


@dataclass
class Lif:
    """A leaky integrate-and-fire cell."""

    p: dict[str, float]
    dt: float
    v: int = 0
    left: int = 0
    inputs: list[Synapse] = field(default_factory=list)

    def __post_init__(self) -> None:
        dt = accum(self.dt)
        self.q = {name: accum(value) for name, value in self.p.items()}
        self.v = self.q["v"]
        self.r = divide(self.q["tau_m"], self.q["cm"])
        self.leak = exp_minus(divide(dt, self.q["tau_m"])) >> 17
        self.steps = -(-divide(self.q["tau_refrac"], dt) // ONE)
        self.inputs = [Synapse(dt, self.q[name]) for name in ("tau_syn_E", "tau_syn_I")]

    def tick(self, sums: tuple[int, int], shifts: tuple[int, int], current: float = 0.0) -> bool:
        """Take a step; return whether a spike is sent."""
        for one, total, shift in zip(self.inputs, sums, shifts, strict=True):
            one.add(total, shift)
        if self.left <= 0:
            synaptic = synaptic_current(self.q, self.inputs, self.v)
            total = wrap(synaptic + self.q["i_offset"] + accum(current))
            alpha = wrap(mul_nearest(total, self.r) + self.q["v_rest"])
            self.v = wrap(alpha - mul_nearest(self.leak, wrap(alpha - self.v)))
        else:
            self.left -= 1
        fires = self.v >= self.q["v_thresh"]
        if fires:
            self.v, self.left = self.q["v_reset"], self.steps
        for one in self.inputs:
            one.shape()
        return fires


@dataclass
class Izhikevich:
    """A cell of Izhikevich."""

    p: dict[str, float]
    dt: float

    def __post_init__(self) -> None:
        self.q = {name: accum(value) for name, value in self.p.items()}
        self.v, self.u = self.q["v"], self.q["u"]
        self.reset = self.h = accum(self.dt)
        self.inputs = [Synapse(self.reset, self.q[name]) for name in ("tau_syn_E", "tau_syn_I")]

    def tick(self, sums: tuple[int, int], shifts: tuple[int, int], current: float = 0.0) -> bool:
        """Take a step of the midpoint method; return whether a spike is sent."""
        for one, total, shift in zip(self.inputs, sums, shifts, strict=True):
            one.add(total, shift)
        synaptic = synaptic_current(self.q, self.inputs, self.v)
        given = wrap(synaptic + self.q["i_offset"] + accum(current))
        a, b, h, v, u = self.q["a"], self.q["b"], self.h, self.v, self.u
        pre = wrap(140 * ONE + given - u)
        alpha = wrap(pre + mul(wrap(5 * ONE + mul(1311, v)), v))
        eta = wrap(v + mul(mul(h, alpha), ONE // 2))
        beta = mul(mul(mul(h, wrap(mul(b, v) - u)), a), ONE // 2)
        self.v = wrap(v + mul(h, wrap(pre - beta + mul(wrap(5 * ONE + mul(1311, eta)), eta))))
        self.u = wrap(u + mul(mul(a, h), wrap(-u - beta + mul(b, eta))))
        self.h = self.reset
        fires = self.v >= 30 * ONE
        if fires:
            self.v, self.u = self.q["c"], wrap(self.u + self.q["d"])
            self.h = mul(self.reset, 60620)
        for one in self.inputs:
            one.shape()
        return fires
