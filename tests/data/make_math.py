"""Makes math.txt, the table of known answers of tests/unit/test_math.c:  python3 make_math.py > math.txt

One line an answer: function, arguments, the double nearest to the true value, and what is left over in units of
that double's last place, all in hexadecimal. Computed with mpmath to 50 digits and, where a function is inverted, put
back into the function it inverts. The arguments are the ends of the range, the places where the engine's formulas
change (seams), and a fixed random choice between them.
"""
import math
import random
import sys

from mpmath import mp, mpf

mp.dps = 70  # of which 50 hold after the cancellations below
RANDOM = random.Random(20260601)
SQRT_HALF = math.sqrt(0.5)


def line(function, arguments, value):
    nearest = float(value)
    rest = float((value - mpf(nearest)) / mpf(math.ulp(nearest)))
    print(function, *(float(x).hex() for x in arguments), nearest.hex(), rest.hex())


def around(x, steps=2):
    """x and its neighbours among the doubles."""
    below = above = x
    found = [x]
    for _ in range(steps):
        below, above = math.nextafter(below, -math.inf), math.nextafter(above, math.inf)
        found += [below, above]
    return found


def exp_arguments():
    yield from (-708.0, 708.0, 709.0, 0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.0**-1022, 2.0**-54, -(2.0**-54))
    for n in range(-1021, 1023, 17):  # seams: the rounding of x / ln 2 changes
        yield from around((n + 0.5) * math.log(2), 1)
    for n in range(-50, 51):
        yield n * math.log(2)
    for _ in range(200):
        yield RANDOM.uniform(-708.0, 708.0)
    for _ in range(100):
        yield RANDOM.choice((-1, 1)) * 2.0 ** RANDOM.uniform(-60, 9)


def log_arguments():
    yield from around(1.0, 8)
    yield from (sys.float_info.min, sys.float_info.max, math.nextafter(sys.float_info.min, 1.0))
    for n in range(-1020, 1024, 31):  # seams: the octave changes at the square root of one half
        yield from around(math.ldexp(SQRT_HALF, n))
    for n in range(-1020, 1024, 51):
        yield math.ldexp(1.0, n)
    for _ in range(250):
        yield math.ldexp(RANDOM.uniform(1.0, 2.0), RANDOM.randint(-1022, 1023))
    for _ in range(100):
        yield 1.0 + RANDOM.choice((-1, 1)) * 2.0 ** RANDOM.uniform(-50, -1)
    for _ in range(100):  # just beside the seams, where the argument reduction is widest
        yield SQRT_HALF * RANDOM.choice((1, 2)) * (1.0 + RANDOM.uniform(-1e-3, 1e-3))


def on_grid(u):
    """The nearest point (k + 1/2) 2^-52."""
    k = min(max(math.floor(u * 2.0**52), 0), 2**52 - 1)
    return k, (k + 0.5) * 2.0**-52 if k < 2**51 else 1.0 - ((2**52 - 1 - k) + 0.5) * 2.0**-52


def normal_arguments():
    for k in (0, 1, 2, 3, 10, 1000, 2**51 - 1, 2**51, 2**51 - 2, 2**51 + 1, 2**52 - 1, 2**52 - 2, 2**52 - 1000):
        yield on_grid(k * 2.0**-52 + 2.0**-54)[1]
    for n in range(0, 52):  # seams of the logarithm of 4 u (1 - u)
        product = SQRT_HALF * 2.0**-n
        low = 0.5 * product / (1.0 + math.sqrt(1.0 - product))
        yield from (on_grid(low)[1], on_grid(1.0 - low)[1])
    for _ in range(200):
        yield on_grid(RANDOM.random())[1]
    for _ in range(150):
        low = 2.0 ** RANDOM.uniform(-53, -1)
        yield on_grid(low if RANDOM.random() < 0.5 else 1.0 - low)[1]


def normal_quantile(u):
    """Newton's method on the logarithm of the distribution, in the lower half; 1 - u is exact."""
    low = mpf(u) if u < 0.5 else 1 - mpf(u)
    z = -mp.sqrt(2) * mp.erfinv(1 - 2 * low)
    for _ in range(3):
        mass = mp.erfc(-z / mp.sqrt(2)) / 2
        z -= mp.log(mass / low) * mass / mp.npdf(z)
    assert abs(mp.erfc(-z / mp.sqrt(2)) / 2 / low - 1) < mpf(10) ** -45
    return z if u < 0.5 else -z


BETA_SHAPES = ((1.640625, 3.046875), (3.046875, 1.640625), (1.0, 1.0), (0.5, 0.5), (2.0, 5.0), (0.05, 0.05),
               (0.05, 20.0), (20.0, 0.05), (0.7, 1.0), (1.0, 40.0), (8.0, 0.3), (150.0, 350.0), (1e4, 1e4), (1e4, 2.0),
               (0.4, 1e4), (0.05, 1e4), (1e4, 0.05))
BETA_CHANCES = (2.0**-53, 1e-9, 1e-3, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1 - 1e-9, 1 - 2.0**-53)


def beta_mass(a, b, x):
    """The regularised incomplete beta function (DLMF 8.17.8): all terms are positive, nothing cancels."""
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return mp.exp(a * mp.log(x) + b * mp.log1p(-x) - log_beta) / a * mp.hyp2f1(a + b, 1, a + 1, x)


def beta_quantile(a, b, u):
    """Newton's method on ln I as a function of ln x, kept inside a bracket; from the side where I is smooth."""
    a, b, u = mpf(a), mpf(b), mpf(u)
    if b < 1 <= a or (u > 0.5 and not a < 1 <= b):
        return 1 - beta_quantile(b, a, 1 - u)
    low, high = mpf(-20000), mpf(0)
    log_x = mp.log(a / (a + b))
    for _ in range(400):
        x = mp.exp(log_x)
        value = beta_mass(a, b, x)
        low, high = (log_x, high) if value < u else (low, log_x)
        slope = mp.exp(a * log_x + (b - 1) * mp.log1p(-x)) / mp.beta(a, b)
        move = (mp.log(u) - mp.log(value)) * value / slope
        if abs(move) < mpf(10) ** -52:
            break
        log_x = log_x + move if low < log_x + move < high else (low + high) / 2
    x = mp.exp(log_x)
    assert abs(beta_mass(a, b, x) / u - 1) < mpf(10) ** -45, (a, b, u)
    if x > mpf(10) ** -20:  # below, 1 - x has lost the digits
        assert abs(u + beta_mass(b, a, 1 - x) - 1) < mpf(10) ** -45, (a, b, u)
    return x


def main():
    print("# function, arguments, nearest double, rest in its last place; made by make_math.py")
    for x in exp_arguments():
        line("exp", [x], mp.exp(mpf(x)))
    for x in log_arguments():
        line("log", [x], mp.log(mpf(x)))
    for u in normal_arguments():
        line("normal", [u], normal_quantile(u))
    for a, b in BETA_SHAPES:
        for u in BETA_CHANCES:
            line("beta", [a, b, u], beta_quantile(a, b, u))
    for _ in range(200):
        a, b, u = (10.0 ** RANDOM.uniform(-1.3, 4.0), 10.0 ** RANDOM.uniform(-1.3, 4.0), RANDOM.random())
        line("beta", [a, b, u], beta_quantile(a, b, u))


if __name__ == "__main__":
    main()
