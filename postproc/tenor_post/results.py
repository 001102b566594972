"""Reading a result: the Dataset, values at a date, estimates with their intervals."""
import math
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import netCDF4
import numpy
import xarray

from . import history

FORMAT_VERSION = 2  # newest tenor_format_version this package reads
Z95 = 1.959963984540054  # half of a 95 % interval in standard errors, of a normal law
RELIABLE = 100  # paths that must lie beyond a quantile
FEWEST_PARTS = 8  # with paths, for errors of functions of several means
BAND = (0.05, 0.95)  # quantiles of the range shown beside a mean


class NotAResult(ValueError):
    """The file was not written by tenor, or by a newer one."""


def check(path):
    """Raises FileNotFoundError, PermissionError or NotAResult unless `path` looks like a NetCDF-4 file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such result")
    with Path(path).open("rb") as file:
        if file.read(4) != b"\x89HDF":
            raise NotAResult(f"{path}: not a tenor result (not a NetCDF-4 file)")


def open(path) -> xarray.Dataset:
    """The result at `path` as an xarray Dataset, loaded, the file closed.

    Dimensions: time (quarter ends), month, quantile, level, customer, constraint, regime, contract_year, part. Per quarter
    X_mean(time), X_se(time), X_quantile(time, quantile); per path Y_mean(), Y_se(), Y_quantile(quantile), with customer before
    quantile where there is one. Times are datetime64; money is in billion USD and capacity in GW (attributes units, currency,
    scale); what does not exist is NaN; customers, constraints and regimes are text. Past quarters, where the deck has them:
    history_X(history_time) and history_X_unverified (history.py). Of `tenor sensitivity`: metric, key, swing.

    Raises FileNotFoundError, PermissionError, or NotAResult.
    """
    return load(path)[0]


def load(path, wanted=lambda variable: True) -> Tuple[xarray.Dataset, Optional[str], Tuple[Tuple[int, int], ...]]:
    """The Dataset of `open`, and of the file's group /state the text of the resolved deck (None if it has none) and the ranges of
    paths, (first, end) each (() if it has none): one reading for all. Of variables, netCDF4's, that are not `wanted` nothing is
    read. Raises as open."""
    check(path)
    try:
        with netCDF4.Dataset(path) as file:
            fault = foreign(file)
            if fault is None:
                data, deck, ranges = decode(file, wanted), of_state(file, "deck"), of_state(file, "path_ranges")
                text = None if deck is None else deck.tobytes().decode()
                ranges = () if ranges is None else tuple((first, end) for first, end in ranges.tolist())
    except (OSError, ValueError, RuntimeError, AttributeError, LookupError, TypeError) as error:
        raise NotAResult(f"{path}: not a tenor result ({error})") from error
    if fault is not None:
        raise NotAResult(f"{path}: {fault}")
    return history.attach(data, text), text, ranges


def of_state(file, name):
    """A variable of the group /state of an open netCDF4.Dataset; None if it has lost it."""
    return file["state"][name][:] if "state" in file.groups and name in file["state"].variables else None


def foreign(file):
    """Why an open netCDF4.Dataset is no result that can be read, from its head alone; None if it is one."""
    version = getattr(file, "tenor_format_version", None)
    if not isinstance(version, numpy.integer):
        return "not a tenor result (no tenor_format_version)"
    if version > FORMAT_VERSION:
        return f"format {version} is newer than this program reads ({FORMAT_VERSION})"
    if "time_bnds" not in file.variables and getattr(file, "tenor_kind", None) != "sensitivity":
        return "not a whole tenor result (no time_bnds)"
    return None


def decode(file, wanted):
    """A Dataset of the variables of an open netCDF4.Dataset that are wanted, as xarray.open_dataset decodes them, in less of its
    time: results have close to a thousand small variables."""
    file.set_auto_mask(False)
    file.set_auto_chartostring(False)
    variables, coordinates = {}, {}
    for name, variable in file.variables.items():
        if not wanted(variable):
            continue
        dimensions, values, attributes = variable.dimensions, variable[...], variable.__dict__
        if values.dtype.kind == "S":  # letters along the last dimension
            dimensions, values = dimensions[:-1], netCDF4.chartostring(values, encoding="utf-8").astype(str)
            attributes.pop("_Encoding", None)
        fill = attributes.pop("_FillValue", None)
        if fill is not None and values.dtype.kind == "f":
            values = numpy.where(values == fill, numpy.nan, values)
        found = xarray.Variable(dimensions, values, attributes)
        if name in ("time", "time_bnds", "history_time"):
            found = xarray.conventions.decode_cf_variable(name, xarray.Variable(dimensions, values, {
                "units": file["time"].units, "calendar": getattr(file["time"], "calendar", "standard"), **attributes}))
        (coordinates if dimensions == (name,) else variables)[name] = found
    return xarray.Dataset(variables, coordinates, {name: file.getncattr(name) for name in file.ncattrs()})


def horizon_months(data: xarray.Dataset) -> int:
    """Whole months from the start to the end of the last quarter."""
    start, end = (numpy.datetime64(data["time_bnds"].values[i][i], "M") for i in (0, -1))
    return int((end - start).astype(int))


def at_year(data: xarray.Dataset, year: int) -> xarray.Dataset:
    """`data` after the last quarter of model year `year` (1, 2, ...; without the dimension time).

    Raises ValueError if the horizon is shorter.
    """
    quarter = 4 * int(year) - 1
    if year < 1 or 12 * year > horizon_months(data):
        raise ValueError(f"year {year} is not within the horizon of {horizon_months(data)} months")
    return data.isel(time=quarter)


def interval_factor(data: xarray.Dataset) -> float:
    """Half of a 95 % interval in standard errors: 1.96, or Student's quantile where errors come from replicates."""
    return float(data["interval_factor"]) if "interval_factor" in data else Z95


def student(degrees: int) -> float:
    """The 97.5 % quantile of Student's law, of a whole number of degrees of freedom; NaN of none.

    By bisection of P(|T| < sqrt(degrees) tan(angle)), a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4).
    """
    if degrees < 1:
        return math.nan

    def inside(angle):
        sine, cosine, odd = math.sin(angle), math.cos(angle), degrees % 2
        term, total = cosine if odd else 1.0, 0.0
        for k in range(1 + odd, degrees, 2):  # cos^k times 1 3 5.../2 4 6... or 2 4 6.../3 5 7...
            total += term
            term *= cosine ** 2 * k / (k + 1)
        return 2 / math.pi * (angle + sine * total) if odd else sine * total
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < 0.95 else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def reliable(data: xarray.Dataset, p: float, dimension: str = "quantile") -> bool:
    """Do at least RELIABLE paths lie beyond the p-quantile, or the tail of level p (dimension "level")? As the file says, which
    counts blocks of paths too; of format 1, which does not say, by its paths."""
    name = {"quantile": "quantile_reliable", "level": "tail_reliable"}[dimension]
    found = numpy.flatnonzero(numpy.isclose(data[dimension].values, p)) if name in data else ()
    if len(found):
        return bool(data[name][found[0]])
    return "paths" in data and float(data["paths"]) * (p if p < 0.5 else 1 - p) >= RELIABLE


def parts(data: xarray.Dataset) -> int:
    """How many parts of the sample have paths."""
    return int((data["part_paths"] > 0).sum()) if "part_paths" in data else 0


def few_beyond(data: xarray.Dataset) -> str:
    """What is not so where a star says that a number is not reliable."""
    return f"fewer than {RELIABLE} paths{', or fewer than 30 blocks of paths,' if 'blocks' in data else ''} lie beyond"


class Estimate(NamedTuple):
    """A mean or probability, half of its 95 % interval, the 5 and 95 % quantiles over the paths (None where the result
    has none), the unit in words ("" for a pure number), and the interval's ends where they are not value -/+ half (a
    probability's; else None)."""
    value: float
    half: float
    low: Optional[float]
    high: Optional[float]
    unit: str
    ends: Optional[tuple] = None

    def opposite(self):
        """Of the negative."""
        return self._replace(value=-self.value, ends=self.ends and (-self.ends[1], -self.ends[0]),
                             low=None if self.high is None else -self.high, high=None if self.low is None else -self.low)

    def complement(self):
        """Of the opposite event."""
        return self._replace(value=1 - self.value, ends=self.ends and (1 - self.ends[1], 1 - self.ends[0]))


def unit(variable: xarray.DataArray) -> str:
    """A variable's unit in words: "billion USD", "billion USD/GW/year", "GW", or "" for a pure number."""
    units = variable.attrs.get("units", "1")
    parts = units.split()
    above = [part for part in parts if part != "1" and not part.endswith("-1")]
    below = [part[:-2] for part in parts if part.endswith("-1")]
    if "currency" in variable.attrs:
        above.insert(0, f"{variable.attrs.get('scale', '')} {variable.attrs['currency']}".strip())
    return "/".join([" ".join(above), *below]).replace("1e6", "million")


def estimate(data: xarray.Dataset, metric: str, **where: int) -> Optional[Estimate]:
    """The Estimate of `metric` ("npv", "backlog", "defaulted", ...), or None if the result does not have it.

    The interval is interval_factor(data) standard errors to both sides; of a share of paths (X, without X_mean) it is the
    file's, Wilson's. Files of format 1 have none: there a share seen on none or on all of N paths has an interval that reaches
    3/N away, the rule of three.

    `where` picks an element by position: estimate(data, "backlog", time=-1), estimate(data, "ecl", customer=0). Without
    it the metric must be a single number. Raises ValueError if more than one number is left.
    """
    name = metric if metric in data else f"{metric}_mean"
    error = f"{metric}_se"
    if name not in data or error not in data:
        return None
    value, se = (data[v].isel(where) for v in (name, error))
    if value.ndim:
        raise ValueError(f"{metric} has dimensions {value.dims}: pick one element")
    if not numpy.isfinite(value):
        return None
    half, ends = interval_factor(data) * float(se), None
    if f"{metric}_lo" in data:
        ends = tuple(float(data[f"{metric}_{end}"].isel(where)) for end in ("lo", "hi"))
        half = (ends[1] - ends[0]) / 2
    elif name == metric and half == 0 and "paths" in data:
        half = min(1.0, 3.0 / float(data["paths"]))
    low, high = (quantile(data, metric, p, **where) for p in BAND)
    return Estimate(float(value), half, low, high, unit(data[name]), ends)


def quantile(data: xarray.Dataset, metric: str, p: float, **where: int) -> Optional[float]:
    """The p-quantile of `metric` at one element, or None if the result does not have it."""
    name = f"{metric}_quantile"
    levels = data["quantile"].values if "quantile" in data.coords else numpy.empty(0)
    found = numpy.flatnonzero(numpy.isclose(levels, p))
    if name not in data or not found.size:
        return None
    value = float(data[name].isel(where, missing_dims="ignore").isel(quantile=found[0]))
    return value if numpy.isfinite(value) else None


def exceedance(data: xarray.Dataset, metric: str, threshold: float, **where: int) -> Optional[Estimate]:
    """The Estimate of the share of paths whose loss in `metric` is more than `threshold` (billion USD; a metric where low values are
    bad counts as its negative), with the file's interval; between thresholds of the file, straight lines. None if the result does
    not have it or does not reach so far. `where` as of `estimate`."""
    names = [f"{metric}_exceedance{end}" for end in ("", "_lo", "_hi")]
    if not all(name in data for name in names):
        return None
    grid = data["threshold"].values
    if not grid[0] <= threshold <= grid[-1]:
        return None
    value, low, high = (float(numpy.interp(threshold, grid, data[name].isel(where).values)) for name in names)
    return Estimate(value, (high - low) / 2, None, None, "", (low, high))
