"""Random draws for kernels, by distribution.

Every function takes its parameters in PyNN's order, then the key (k0, k1) and the first three
words (c0, c1, c2) of the counter. The fourth counts the Philox blocks of one draw, so a draw that
rejects takes as many as it needs and never runs into its neighbours. A draw that has rejected
`MAX_REDRAWS` times returns nan, and so do parameters that are nan.
"""

# pyright: reportCallIssue=false
# This is a kernel text: it is read, never run, and primitives are no functions of Python.
from __future__ import annotations

from snnc.runtime.jit.intrinsics import loop, straight
from snnc.runtime.jit.mathlib import (
    acos,
    cos,
    cos_turns,
    exp,
    fabs,
    floor,
    fmax,
    fmin,
    log,
    pow,
    sqrt,
)
from snnc.runtime.jit.philox import philox, uniform_f64, uniforms

MAX_REDRAWS = 1000  # as PyNN's clipped distributions
# Above these means rejection is cheaper than summing up probabilities (as in NumPy).
INVERSION_LIMIT = 10.0
TWO_PI = 6.283185307179586
PI = 3.141592653589793
NAN = float("nan")


@straight
def to_normal(u, v):
    """Turn two numbers between 0 and 1 into one of mean 0, deviation 1 (Box and Muller 1958)."""
    return sqrt(-2.0 * log(u)) * cos_turns(v)


@straight
def standard_normal(k0, k1, c0, c1, c2, c3):
    """Return a draw of mean 0 and deviation 1 from one block."""
    u = uniforms(c0, c1, c2, c3, k0, k1)
    return to_normal(u[0], u[1])


@straight
def uniform(low, high, k0, k1, c0, c1, c2):
    """Return a draw between low and high."""
    return low + (high - low) * uniforms(c0, c1, c2, 0, k0, k1)[0]


@straight
def uniform_int(low, high, k0, k1, c0, c1, c2):
    """Return an integer of low, ..., high - 1 (`randint`, which PyNN uses, leaves high out)."""
    span = floor(high) - floor(low)
    u = uniforms(c0, c1, c2, 0, k0, k1)[0]
    return floor(low) + fmin(floor(u * span), span - 1.0)


@straight
def normal(mu, sigma, k0, k1, c0, c1, c2):
    """Return a normal draw."""
    return mu + sigma * standard_normal(k0, k1, c0, c1, c2, 0)


@loop
def normal_clipped(mu, sigma, low, high, k0, k1, c0, c1, c2):
    """Return a normal draw, redrawn until it lies in [low, high]."""
    for block in range(MAX_REDRAWS):
        x = mu + sigma * standard_normal(k0, k1, c0, c1, c2, block)
        if x >= low and x <= high:
            return x
    return NAN


@straight
def normal_clipped_to_boundary(mu, sigma, low, high, k0, k1, c0, c1, c2):
    """Return a normal draw, moved to the nearer of low and high when outside."""
    return fmax(fmin(normal(mu, sigma, k0, k1, c0, c1, c2), high), low)


@straight
def lognormal(mu, sigma, k0, k1, c0, c1, c2):
    """Return e to a normal draw."""
    return exp(normal(mu, sigma, k0, k1, c0, c1, c2))


@straight
def exponential(beta, k0, k1, c0, c1, c2):
    """Return an exponential draw of mean beta."""
    return -beta * log(uniforms(c0, c1, c2, 0, k0, k1)[0])


@loop
def gamma(k, theta, k0, k1, c0, c1, c2):
    """Return a gamma draw of shape k and scale theta (Marsaglia and Tsang 2000)."""
    scale = theta
    shape = k
    if k < 1.0:
        scale = theta * pow(uniforms(c0, c1, c2, 0, k0, k1)[0], 1.0 / k)
        shape = k + 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    for attempt in range(MAX_REDRAWS):
        x = standard_normal(k0, k1, c0, c1, c2, 1 + 2 * attempt)
        v = pow(1.0 + c * x, 3)
        u = uniforms(c0, c1, c2, 2 + 2 * attempt, k0, k1)[0]
        if v > 0.0 and log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
            return d * v * scale
    return NAN


@loop
def log_factorial(n):
    """Return log(n!) by Stirling's series (absolute error below 1e-12)."""
    x = n + 1.0
    product = 1.0
    while x < 10.0:
        product *= x
        x += 1.0
    r = 1.0 / (x * x)
    series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / x
    return (x - 0.5) * log(x) - x + 0.9189385332046727 + series - log(product)


@loop
def poisson(lambda_, k0, k1, c0, c1, c2):
    """Return a Poisson draw: inversion for small means, else PTRS (Hörmann 1993)."""
    if lambda_ < INVERSION_LIMIT:
        u = uniforms(c0, c1, c2, 0, k0, k1)[0]
        probability = exp(-lambda_)
        below = probability
        count = 0.0
        while u > below and count < MAX_REDRAWS:
            count += 1.0
            probability *= lambda_ / count
            below += probability
        return count
    b = 0.931 + 2.53 * sqrt(lambda_)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    log_lambda = log(lambda_)
    for block in range(MAX_REDRAWS):
        pair = uniforms(c0, c1, c2, block, k0, k1)
        u = pair[0] - 0.5
        v = pair[1]
        s = 0.5 - fabs(u)
        n = floor((2.0 * a / s + b) * u + lambda_ + 0.43)
        if s >= 0.07 and v <= v_r:
            return n
        if n < 0.0 or (s < 0.013 and v > s):
            continue
        bound = n * log_lambda - lambda_ - log_factorial(n)
        if log(v * inverse_alpha / (a / (s * s) + b)) <= bound:
            return n
    return NAN


@loop
def binomial(n, p, k0, k1, c0, c1, c2):
    """Return a binomial draw: inversion for small means, else BTRS (Hörmann 1993)."""
    rare = fmin(p, 1.0 - p)
    count = rare_binomial(floor(n), rare, k0, k1, c0, c1, c2)
    if p > 0.5:
        return floor(n) - count
    return count


@loop
def rare_binomial(n, p, k0, k1, c0, c1, c2):
    """Return a binomial draw for p of at most 1/2."""
    q = 1.0 - p
    if n * p < INVERSION_LIMIT:
        u = uniforms(c0, c1, c2, 0, k0, k1)[0]
        probability = exp(n * log(q))
        below = probability
        count = 0.0
        while u > below and count < n:
            count += 1.0
            probability *= (n - count + 1.0) * p / (count * q)
            below += probability
        return count
    deviation = sqrt(n * p * q)
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    v_r = 0.92 - 4.2 / b
    alpha = (2.83 + 5.1 / b) * deviation
    log_odds = log(p / q)
    mode = floor((n + 1.0) * p)
    top = log_factorial(mode) + log_factorial(n - mode)
    for block in range(MAX_REDRAWS):
        pair = uniforms(c0, c1, c2, block, k0, k1)
        u = pair[0] - 0.5
        v = pair[1]
        s = 0.5 - fabs(u)
        k = floor((2.0 * a / s + b) * u + n * p + 0.5)
        if s >= 0.07 and v <= v_r:
            return k
        if k < 0.0 or k > n:
            continue
        bound = top - log_factorial(k) - log_factorial(n - k) + (k - mode) * log_odds
        if log(v * alpha / (a / (s * s) + b)) <= bound:
            return k
    return NAN


@loop
def vonmises(mu, kappa, k0, k1, c0, c1, c2):
    """Return an angle in [-pi, pi] (Best and Fisher 1979; a wrapped normal for huge kappa)."""
    angle = NAN
    if kappa < 1e-8:
        angle = PI * (2.0 * uniforms(c0, c1, c2, 0, k0, k1)[0] - 1.0)
    elif kappa > 1e6:
        angle = standard_normal(k0, k1, c0, c1, c2, 0) / sqrt(kappa)
    else:
        angle = vonmises_deviation(kappa, k0, k1, c0, c1, c2)
    turned = mu + angle
    return turned - TWO_PI * floor((turned + PI) / TWO_PI)


@loop
def vonmises_deviation(kappa, k0, k1, c0, c1, c2):
    """Return a von Mises draw around 0 by rejection from a wrapped Cauchy distribution."""
    s = 1.0 / kappa + kappa
    if kappa >= 1e-5:
        r = 1.0 + sqrt(1.0 + 4.0 * kappa * kappa)
        rho = (r - sqrt(2.0 * r)) / (2.0 * kappa)
        s = (1.0 + rho * rho) / (2.0 * rho)
    for block in range(MAX_REDRAWS):
        words = philox(c0, c1, c2, block, k0, k1)
        z = cos(PI * uniform_f64(words[0], words[1]))
        w = (1.0 + s * z) / (s + z)
        y = kappa * (s - w)
        v = uniform_f64(words[2], words[3])
        if y * (2.0 - y) >= v or log(y / v) + 1.0 >= y:
            deviation = acos(fmax(fmin(w, 1.0), -1.0))
            # The lowest bits of a word take no part in the uniform numbers.
            return deviation if words[0] & 1 else -deviation
    return NAN


@loop
def draw(code, p0, p1, p2, p3, k0, k1, c0, c1, c2):
    """Return a draw of the distribution with a code of `snnc.runtime.random.DISTRIBUTIONS`."""
    if code == 0:
        return uniform(p0, p1, k0, k1, c0, c1, c2)
    if code == 1:
        return uniform_int(p0, p1, k0, k1, c0, c1, c2)
    if code == 2:
        return normal(p0, p1, k0, k1, c0, c1, c2)
    if code == 3:
        return normal_clipped(p0, p1, p2, p3, k0, k1, c0, c1, c2)
    if code == 4:
        return normal_clipped_to_boundary(p0, p1, p2, p3, k0, k1, c0, c1, c2)
    if code == 5:
        return lognormal(p0, p1, k0, k1, c0, c1, c2)
    if code == 6:
        return exponential(p0, k0, k1, c0, c1, c2)
    if code == 7:
        return gamma(p0, p1, k0, k1, c0, c1, c2)
    if code == 8:
        return poisson(p0, k0, k1, c0, c1, c2)
    if code == 9:
        return binomial(p0, p1, k0, k1, c0, c1, c2)
    if code == 10:
        return vonmises(p0, p1, k0, k1, c0, c1, c2)
    return NAN
