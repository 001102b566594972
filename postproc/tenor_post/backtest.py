"""The model of the base business, run from past quarters and scored on what followed.

At an origin, the end of a past quarter, everything is made of that quarter and the ones before it; the engine then samples AWS
revenue of the quarters to come, and a random walk with drift is fitted to the same quarters. Forecasts and scores are of the
natural logarithm of a quarter's revenue."""
import math
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy
import yaml

from . import scores

REGIMES = ("boom", "plateau", "winter")
BANDS = (0.5, 0.8, 0.9)
PAST = 8  # quarterly growths before an origin, from which the random walk takes its spread
YEAR = 4  # of them, the last ones, from which the growth at the origin is taken
MODEL, PERSISTENT, WALK = "model", "persistent", "walk"
FORECASTERS = {
    MODEL: "The model with the deck's levels",
    PERSISTENT: "The model with the origin's growth as level",
    WALK: "Random walk with drift"}
RULES = (
    "Growth at an origin is that of the last year, ln(q0/q4), q0 being the revenue of its quarter and q4 that of the same quarter a "
    "year before.",
    "Revenue a year at the origin is what makes the three months before it, growing at that rate, add to q0.",
    "The regime at the origin is the one whose growth_level in the deck is nearest to the growth.",
    "The model with the deck's levels takes everything else from the deck, whose keys were set in 2026: it is the model of the fan, "
    "and at early origins it has the hindsight of those keys.",
    "The model with the origin's growth as level shifts the three growth_levels by one number, so that the level of the regime at "
    "the origin is the growth at the origin: growth then fades only when the regime changes.",
    "The random walk adds normal quarterly growths: the mean of the last four, with their error of estimation, and the standard "
    "deviation of the last eight.")


class Failed(Exception):
    """The engine, or what it was given: (exit code, sentence)."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Origin(NamedTuple):
    end: str  # last day of the quarter, 2019-12-31
    quarter: float  # its revenue, billion USD
    revenue: float  # a year, at the quarter's end
    growth: float  # a year
    regime: str
    spread: float  # standard deviation of a quarter's growth
    outcomes: tuple  # revenue of the quarters that followed, NaN where it is not known


def known_quarters(deck, unverified):
    """[(last day, revenue)] of the deck's history, in its order; those that the deck only assumes only with `unverified`."""
    return [(quarter["end"]["value"], float(quarter["aws_revenue"]["value"].split()[0])) for quarter in deck.get("history", [])
            if "aws_revenue" in quarter and (unverified or quarter["aws_revenue"].get("confidence") != "assumed")]


def month_of(day):
    year, month, _ = map(int, day.split("-"))
    return 12 * year + month - 1


def opening_revenue(quarter, growth):
    """Revenue a year at the end of a quarter that sums to `quarter`, growing at `growth` a year from month to month."""
    return 12 * quarter / sum(math.exp(-growth * months / 12) for months in range(3))


def origins(quarters, levels, horizons):
    """Every Origin among `quarters` [(last day, revenue)] that has PAST + 1 quarters in a row up to it and an outcome within
    `horizons` quarters after it. `levels` are the deck's growth levels, by regime."""
    by_month, found = {month_of(day): revenue for day, revenue in quarters}, []
    for day, quarter in quarters:
        month = month_of(day)
        before = [by_month.get(month - 3 * k, math.nan) for k in range(PAST, -1, -1)]
        outcomes = tuple(by_month.get(month + 3 * k, math.nan) for k in range(1, horizons + 1))
        if numpy.isnan(before).any() or numpy.isnan(outcomes).all():
            continue
        growths = numpy.diff(numpy.log(before))
        growth = float(growths[-YEAR:].sum())
        regime = REGIMES[int(numpy.argmin([abs(growth - level) for level in levels]))]
        found.append(Origin(day, quarter, opening_revenue(quarter, growth), growth, regime, float(growths.std(ddof=1)), outcomes))
    return found


def walk(origin, horizon):
    """The random walk's forecast of ln revenue `horizon` quarters ahead: the drift is a mean of YEAR growths, and has their error."""
    mean = math.log(origin.quarter) + horizon * origin.growth / YEAR
    return scores.Normal(mean, origin.spread * math.sqrt(horizon * (1 + horizon / YEAR)))


# ---- the engine

def tenor(program, *words):
    """Runs the engine; raises Failed with its first error."""
    try:
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, errors="replace",
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
    except OSError as error:
        raise Failed(2, f"{program}: {error.strerror}; --tenor says where the engine is") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.split("\n") if "error" in line] or [done.stderr.strip()[-300:]]
        raise Failed(done.returncode if done.returncode > 0 else 1, f"tenor {words[0]} ended with {done.returncode}: {lines[0]}")
    return done.stdout


def read_deck(program, path):
    """The resolved deck as nested dicts of text. Raises Failed."""
    return yaml.load(tenor(program, "check", "--quiet", path), Loader=yaml.BaseLoader)


def growth_levels(deck):
    return [float(number) for number in deck["base_business"]["growth_level"]["value"].rsplit(" ", 1)[0].split(",")]


def quiet(deck):
    """Settings that leave of a deck nothing but its base business: no capacity, no contracts, nothing uncertain."""
    settings = ["history=[]", "uncertain=[]", "generations=[]", "fleet.initial_capacity=0 GW", "fleet.backfill_rate=0 GW/year"]
    for number in range(len(deck["customers"])):
        customer = f"customers.{number}"
        settings += [f"{customer}.commitment=0 billion USD", f"{customer}.annual_minimum=0 billion USD/year",
                     f"{customer}.distribution_share=0"]
    return settings


def settings_of(origin, forecaster, levels, horizons):
    """What the engine is told of an origin."""
    year, month, _ = map(int, origin.end.split("-"))
    start = f"{year + month // 12}-{month % 12 + 1:02d}-01"
    settings = [f"time.start={start}", f"time.horizon={3 * horizons} months", f"regime.initial_regime={origin.regime}",
                f"base_business.initial_revenue={origin.revenue!r} billion USD/year",
                f"base_business.initial_growth={origin.growth!r} 1/year"]
    if forecaster == PERSISTENT:
        shift = origin.growth - levels[REGIMES.index(origin.regime)]
        settings.append("base_business.growth_level=" + ", ".join(repr(level + shift) for level in levels) + " 1/year")
    return settings


def read_laws(path, out):
    """The engine's forecasts of ln revenue in the result `out`, a scores.Quantiles a quarter. Raises Failed."""
    with netCDF4.Dataset(out) as data:
        for name in ("contract_revenue", "relet_revenue", "distribution_revenue"):
            if abs(data[f"{name}_mean"][:]).max() > 0:
                raise Failed(1, f"{path}: its customers pay even without capacity, so the base business does not stand alone")
        levels, values = data["quantile"][:].data, data["aws_revenue_quantile"][:].data
    try:
        return [scores.Quantiles(levels, numpy.log(row)) for row in values]
    except ValueError as error:
        raise Failed(2, f"{path}: forecasts of AWS revenue have equal quantiles, which leaves nothing to score; wanted a deck whose "
                        "base_business.growth_volatility or revenue_volatility is above 0") from error


def sample(program, path, settings, paths):
    """The engine's forecasts for each of a list of settings, as many runs at a time as there are processors; the files are read
    by one thread, because HDF5 is not made for several. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="tenor-backtest-") as folder, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        def ask(numbered):
            number, changes = numbered
            out = Path(folder, f"{number}.nc")
            words = [word for change in changes for word in ("--set", change)]
            tenor(program, "run", path, "--paths", paths, "--seed", number, "--quiet", "-o", out, *words)
            return out
        return [read_laws(path, out) for out in pool.map(ask, enumerate(settings, start=1))]


# ---- the whole

class Record(NamedTuple):
    """One forecast and what came: arrays (origins, horizons), NaN where there is no outcome. Quantiles as revenue."""
    score: numpy.ndarray  # normal score
    pit: numpy.ndarray
    crps: numpy.ndarray
    error: numpy.ndarray  # outcome less median
    quantiles: numpy.ndarray  # (origins, horizons, 3): 5, 50, 95 %


def score(found, forecasts):
    """The Record of `forecasts`, a list of laws of ln revenue for each origin of `found`."""
    shape = (len(found), len(found[0].outcomes))
    normal, pit, crps, error = (numpy.full(shape, math.nan) for _ in range(4))
    quantiles = numpy.full((*shape, 3), math.nan)
    for i, (origin, laws) in enumerate(zip(found, forecasts)):
        for h, (outcome, law) in enumerate(zip(origin.outcomes, laws)):
            quantiles[i, h] = [math.exp(law.quantile(p)) for p in (0.05, 0.5, 0.95)]
            if not math.isnan(outcome):
                x = math.log(outcome)
                normal[i, h], pit[i, h], crps[i, h] = law.score(x), law.cdf(x), law.crps(x)
                error[i, h] = x - law.quantile(0.5)
    return Record(normal, pit, crps, error, quantiles)


def run(program, path, paths, horizons, unverified=False, tell=lambda text: None):
    """(deck, origins, {forecaster: Record}) of the deck at `path`. `tell` is told
    what begins. Raises Failed."""
    deck = read_deck(program, path)
    levels = growth_levels(deck)
    quarters = known_quarters(deck, unverified)
    found = origins(quarters, levels, horizons)
    if not found:
        raise Failed(2, f"{path}: its history has {len(quarters)} known quarters of aws_revenue; wanted at least {PAST + 1} in a row "
                        "and one within the horizon after them")
    records = {}
    for forecaster in (MODEL, PERSISTENT):
        tell(f"{len(found)} runs of the engine: {FORECASTERS[forecaster][0].lower()}{FORECASTERS[forecaster][1:]}")
        settings = [quiet(deck) + settings_of(origin, forecaster, levels, horizons) for origin in found]
        records[forecaster] = score(found, sample(program, path, settings, paths))
    records[WALK] = score(found, [[walk(origin, h + 1) for h in range(horizons)] for origin in found])
    return deck, found, records


class Figure(NamedTuple):
    """A mean over forecasts, its standard error (NaN where the forecasts hold fewer than two that do not overlap), their number."""
    value: float
    se: float
    n: int


def groups(horizons):
    """Slices of horizons that are scored together: a year each."""
    return [(first + 1, min(first + YEAR, horizons)) for first in range(0, horizons, YEAR)]


def summary(record, reference, first, last):
    """Scores of horizons first..last (from 1): coverage of BANDS, mean PIT, bias, CRPS, and CRPS less that of `reference`."""
    part = slice(first - 1, last)

    def figure(values, statistic=numpy.nanmean):
        return Figure(*scores.estimate(values[:, part], last, statistic))
    return {**{f"coverage{100 * band:.0f}": figure(scores.covered(record.pit, band)) for band in BANDS},
            "stretch": figure(record.score, scores.stretch), "pit": figure(record.pit), "bias": figure(record.error), "crps": figure(record.crps),
            "crps_less_walk": figure(record.crps - reference.crps)}
