"""How good forecast distributions were: PIT, coverage, CRPS, and errors that respect overlapping horizons.

A forecast here has score(x), cdf(x), quantile(p) and crps(x): the normal score of the outcome x is the standard normal quantile of
its PIT, cdf(x). x is whatever is forecast; tenor-backtest uses the logarithm of revenue."""
import math
from statistics import NormalDist

import numpy

STANDARD = NormalDist()
GRID = (numpy.arange(1000) + 0.5) / 1000  # of probabilities, for integrals over quantiles


class Normal:
    """The normal law with that mean and standard deviation (> 0)."""

    def __init__(self, mean, sd):
        self.mean, self.sd = mean, sd

    def score(self, x):
        return (x - self.mean) / self.sd

    def cdf(self, x):
        return STANDARD.cdf(self.score(x))

    def quantile(self, p):
        return self.mean + self.sd * STANDARD.inv_cdf(p)

    def crps(self, x):
        """In closed form (Gneiting and Raftery 2007, equation 21 with the sign turned)."""
        z = self.score(x)
        return self.sd * (z * (2 * STANDARD.cdf(z) - 1) + 2 * STANDARD.pdf(z) - 1 / math.sqrt(math.pi))


class Quantiles:
    """A law known by some quantiles: `values` rising with `levels`, both (n >= 2,). Between them, and on beyond the outermost
    two, the value is linear in the normal score of the probability, which is exact for a normal law."""

    def __init__(self, levels, values):
        self.scores = numpy.array([STANDARD.inv_cdf(level) for level in levels])
        self.values = numpy.asarray(values, float)
        if not (numpy.diff(self.scores) > 0).all() or not (numpy.diff(self.values) > 0).all():
            raise ValueError("quantiles must rise with their levels")

    def quantile(self, p):
        return float(self._at(numpy.array([STANDARD.inv_cdf(p)]), self.scores, self.values)[0])

    def score(self, x):
        return float(self._at(numpy.array([x]), self.values, self.scores)[0])

    def cdf(self, x):
        return STANDARD.cdf(self.score(x))

    def crps(self, x):
        """The integral over p of twice the quantile loss, by the midpoint rule."""
        quantiles = self._at(GRID_SCORES, self.scores, self.values)
        return float(2 * numpy.mean(((x <= quantiles) - GRID) * (quantiles - x)))

    @staticmethod
    def _at(x, xs, ys):
        i = numpy.clip(numpy.searchsorted(xs, x) - 1, 0, len(xs) - 2)
        return ys[i] + (x - xs[i]) * (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i])


GRID_SCORES = numpy.array([STANDARD.inv_cdf(p) for p in GRID])


def covered(pit, level):
    """Did the outcome fall into the central band of that probability? 1 or 0 an outcome, NaN where there is none."""
    return numpy.where(numpy.isnan(pit), numpy.nan, numpy.abs(pit - 0.5) <= level / 2)


def stretch(values, axis=None, level=0.8):
    """The factor by which central bands would have to be stretched about their medians for that of probability `level` to hold
    so many outcomes; `values` are normal scores, NaN where there is no outcome."""
    return numpy.nanquantile(numpy.abs(values), level, axis=axis) / STANDARD.inv_cdf((1 + level) / 2)


def estimate(values, block, statistic=numpy.nanmean, resamples=2000, seed=1):
    """(statistic, standard error, number) of values (origins, horizons), NaN where there is no outcome. The error is that of the
    bootstrap by circular blocks of `block` neighbouring origins, because forecasts of neighbours overlap (Politis and Romano
    1992); NaN if the origins do not hold two such blocks."""
    values = numpy.asarray(values, float)
    rows = values[~numpy.isnan(values).all(axis=1)]
    n = len(rows)
    if n == 0:
        return math.nan, math.nan, 0
    found, number = float(statistic(rows)), int(numpy.isfinite(rows).sum())
    if n < 2 * block:
        return found, math.nan, number
    random = numpy.random.Generator(numpy.random.Philox(seed))
    starts = random.integers(n, size=(resamples, math.ceil(n / block)))
    picks = ((starts[:, :, None] + numpy.arange(block)) % n).reshape(resamples, -1)[:, :n]
    return found, float(statistic(rows[picks], axis=(1, 2)).std(ddof=1)), number
