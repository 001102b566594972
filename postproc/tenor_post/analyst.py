"""Figures for analysts, computed from the means of a result. Ratios are ratios of means; they carry no interval, because the
result keeps no covariances between metrics. Money in billion USD."""
import numpy
import xarray

FLOWS = ("contract_revenue", "relet_revenue", "distribution_revenue", "aws_revenue", "capex", "depreciation", "operating_income")
HALVINGS, LOW, HIGH = 100, -0.9, 3.0  # of the search for an internal rate


def yearly(data):
    """Year by year: a Dataset over `year` (1, 2, ...; full years of the horizon only).

    Sums of the quarterly means of FLOWS; `operating_margin`, operating income over contract and re-letting revenue, all of the
    fleet charged; and at the year's end `implied_price` (billing over use, both cumulative, $B per GW-year), `contracted_cover`
    (backlog over capital expenditure still to come; missing when nothing is left) and `share_of_obligations` of the contract.
    """
    years = data.sizes["time"] // 4
    end = data.isel(time=slice(3, 4 * years, 4))
    result = xarray.Dataset(coords={"year": numpy.arange(1, years + 1)})
    for name in FLOWS:
        result[name] = "year", data[f"{name}_mean"].values[: 4 * years].reshape(years, 4).sum(axis=1)
    to_come = float(data["capex_total_mean"]) - end["capex_cum_mean"].values
    result["operating_margin"] = result["operating_income"] / (result["contract_revenue"] + result["relet_revenue"])
    result["implied_price"] = "year", ratio(end["billed_cum_mean"], end["used_cum_mean"])
    result["contracted_cover"] = "year", ratio(end["backlog_mean"], numpy.where(to_come > 1e-9, to_come, 0))
    result["share_of_obligations"] = "year", ratio(end["backlog_mean"], end["aws_obligations_mean"])
    return result


def ratio(above, below):
    """Missing where the denominator is 0."""
    above, below = numpy.asarray(above, float), numpy.asarray(below, float)
    return numpy.divide(above, below, out=numpy.full_like(above, numpy.nan), where=below != 0)


def operating_margin(data):
    """Of the whole horizon."""
    return float(data["operating_income_mean"].sum() / (data["contract_revenue_mean"] + data["relet_revenue_mean"]).sum())


def internal_rate(flows, times):
    """The rate y, continuously compounded, at which sum(flows exp(-y times)) is 0, by bisection between -0.9 and 3 a year; None
    if the ends of that range agree in sign. `flows` and `times` (years) are arrays of one shape."""
    def value(y):
        return float((flows * numpy.exp(-y * times)).sum())
    low, high = LOW, HIGH
    if value(low) * value(high) > 0:
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if value(low) * value(middle) > 0 else (low, middle)
    return (low + high) / 2


def provider_rate(data, discount_rate, terminal=True):
    """Internal rate of the mean cash flow of the provider, per year; with the mean terminal value at the horizon if `terminal`.
    `discount_rate` is the deck's, at which the stored terminal value was discounted. The initial fleet is free in it."""
    flows = data["cash_flow_mean"].values
    times = (numpy.arange(len(flows)) + 0.5) / 12
    if terminal:
        end = len(flows) / 12
        flows = numpy.append(flows, float(data["npv_terminal_mean"]) * numpy.exp(discount_rate * end))
        times = numpy.append(times, end)
    return internal_rate(flows, times)


def concentration(data):
    """Shares of the customers in the mean backlog (time, customer), and their Herfindahl index (time); missing without backlog."""
    share = ratio(data["customer_backlog_mean"], data["customer_backlog_mean"].sum("customer").values[:, None] + 0 * data[
        "customer_backlog_mean"].values)
    return xarray.Dataset({"share": (("time", "customer"), share), "herfindahl": ("time", (share ** 2).sum(axis=1))},
                          coords={"time": data["time"], "customer": data["customer"]})


def exposure_profile(data):
    """Credit exposure: `expected` (EE) by quarter end, 0 after default, `given_survival`, summed over the customers, and
    `potential` (PFE, 97.5 % quantile; year ends only where the result has no more); attributes `expected_positive` (EPE, the mean
    of EE over the whole horizon) and `effective` (EEPE, of its running maximum)."""
    expected = data["exposure_mean"].values
    last = numpy.minimum(numpy.arange(3, 3 * len(expected) + 1, 3), data.sizes["month"]) - 1
    monthly = data.isel(month=last)
    surviving = ratio(monthly["monthly_exposure_mean"], monthly["survivor"]).sum(axis=1)
    potential = data["exposure_quantile"].sel(quantile=0.975).values
    return xarray.Dataset({"expected": ("time", expected), "given_survival": ("time", surviving), "potential": ("time", potential)},
                          coords={"time": data["time"]}, attrs={
                              "expected_positive": float(expected.mean()),
                              "effective": float(numpy.maximum.accumulate(expected).mean())})
