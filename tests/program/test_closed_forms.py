"""Closed forms: reduced decks whose exact answers are known without the engine.

A sampled figure passes if it lies within 4 of its own standard errors of the exact value, at 100,000 paths (LONG=1: a million) and
a fixed seed; an exact one if it differs by less than 1e-7. `quiet` is tests/decks/quiet.yaml: 2 GW used at 8 billion USD a GW-year,
for ever. The exact values were computed apart from the engine; the formulas stand beside them. STEP is a month in years,
pi_m the law of the regime after month m, Phi the normal distribution function.
"""
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import xarray
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, COLUMNS = BUILD / "engine/tenor", BUILD / "tests/tool/columns"
sys.path.append(str(TOP / "tests/twin"))
from deck_text import read_deck, write_deck  # noqa: E402

PATHS, SEED = 1_000_000 if os.environ.get("LONG", "") not in ("", "0") else 100_000, 20260401
BASE, QUIET = TOP / "decks/anthropic-aws.yaml", TOP / "tests/decks/quiet.yaml"
GENERATION = dict(name="G", start=-9999.0, planned_capacity=1.0, ramp_midpoint=0.0, ramp_slope=1.0, slip_median=0.0, slip_sigma=0.0,
                  chip_power=1.0, performance=1.0, chip_cost=0.0, own=True, milestone=False)
SITE = dict(capacity=1.0, energised=-99, delay_median=0.0, delay_sigma=0.0, cancel_probability=0.0, committed=False)
TRANCHE = dict(amount=5.0, spend_threshold=0.0, capacity_threshold=0.0, stake=0.0)
NO_TRANCHES = {"tranches": []}
FREE = {"growth_starvation": 0.0, "revenue_ceiling": 1e30, "distribution_growth": 0.0, "growth_from_investment": 0.0, **NO_TRANCHES}
NEVER = float("inf")


@lru_cache
def source(path):
    return repr(read_deck(TENOR, path))


def make_deck(folder, base, changes):
    """The deck at `base` with changes: "section.key" or, of the first customer, "key"."""
    deck = eval(source(base))  # a fresh copy
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        node = deck[section] if section else deck if key in deck else deck["customers"][0]
        assert (name or key) in node, key
        node[name or key] = value
    return write_deck(TENOR, deck, folder / "deck.yaml")


def generation(**keys):
    return {"generations": [dict(GENERATION, **keys)]}


def sites(*items):
    return {"sites": [dict(SITE, name=f"S{n}", **keys) for n, keys in enumerate(items)]}


def linear(planned_capacity=1e6, **keys):
    """A generation that offers planned_capacity / 1e6 GW a month at most, from month 0 on."""
    return generation(start=0.0, planned_capacity=planned_capacity, ramp_slope=2e-6, **keys)


def trainium3(**keys):
    return {"generations": [dict(eval(source(BASE))["generations"][1], **keys)]}


class Run:
    """A sampled run of a changed deck."""

    def __init__(self, folder, base, changes, paths=PATHS):
        self.deck, self.folder, self.paths = make_deck(folder, base, changes), folder, paths

    def result(self):
        subprocess.run([TENOR, "run", self.deck, "-o", self.folder / "out.nc", "--paths", str(self.paths), "--seed", str(SEED),
                        "--quiet", "--force"], check=True)
        with xarray.open_dataset(self.folder / "out.nc") as data:
            return data.load()

    def columns(self, *metrics):
        """Raw values, one array a metric, item and date squeezed out where there is one."""
        subprocess.run([COLUMNS, self.deck, str(SEED), str(self.paths), self.folder / "columns.nc", *metrics], check=True)
        with Dataset(self.folder / "columns.nc") as data:
            data.set_auto_mask(False)
            values = [data[metric.split(":")[0]][:] for metric in metrics]
        return [value.reshape([n for n in value.shape[:2] if n > 1] + [-1]) for value in values]


@pytest.fixture
def sampled(tmp_path):
    return lambda base, changes: Run(tmp_path, base, changes)


@pytest.fixture
def exact(tmp_path):
    """Values of a deck in which nothing is random, by metric; every path must have them."""
    def values(changes, *metrics, base=QUIET):
        run = Run(tmp_path, base, changes, paths=64)
        columns = run.columns(*metrics)
        for column in columns:
            np.testing.assert_array_equal(column, column[..., :1] + np.zeros(64))
        return [column[..., 0] for column in columns]
    return values


def agrees(estimate, error, value, z=4):
    """|z| < 4; an error of 0 would make any test pass or none."""
    estimate, error = np.asarray(estimate, float), np.asarray(error, float)
    assert (error > 0).all(), "no standard error"
    scores = (estimate - value) / error
    assert (np.abs(scores) < z).all(), f"z = {scores}, estimate {estimate}, exact {value}"


def mean_agrees(values, value):
    agrees(values.mean(), values.std(ddof=1) / np.sqrt(values.size), value)


def sd_agrees(values, value):
    centred = values - values.mean()
    variance = (centred ** 2).mean()
    agrees(np.sqrt(variance), np.sqrt((centred ** 4).mean() - variance ** 2) / np.sqrt(values.size) / (2 * np.sqrt(variance)), value)


def quantile_agrees(values, p, value):
    """The exact quantile splits the sample as p says, within 4 binomial standard errors."""
    agrees((values <= value).mean(), np.sqrt(p * (1 - p) / values.size), p)


def metric_agrees(data, name, value, **where):
    agrees(data[name + "_mean"].isel(where), data[name + "_se"].isel(where), value)


def share_agrees(data, name, value, **where):
    agrees(data[name].isel(where), data[name + "_se"].isel(where), value)


Q120, FIRST = dict(time=39), dict(customer=0)


# ---- regimes, price, customer


def test_regime_shares_follow_the_chain(sampled):
    """(1,0,0) expm(Q t) at every quarter end; Q as in the deck."""
    from scipy.linalg import expm
    data = sampled(BASE, {}).result()
    rates = np.array(eval(source(BASE))["regime"]["transition_rate"])
    law = np.array([expm(rates * (q + 1) / 4)[0] for q in range(40)])
    agrees(data.regime_share, data.regime_share_se, law, z=4.5)  # 120 figures
    share_agrees(data, "regime_share", [0.4377010561, 0.4592117335, 0.1030872105], **Q120)


def test_mean_log_price(sampled):
    """x <- e x + (1-e) pi_m . ln(price_level), e = exp(-0.8 STEP)"""
    price, = sampled(BASE, {}).columns("market_price:-1")
    mean_agrees(np.log(price), 1.927749247)


def test_price_is_lognormal_around_one_level(sampled):
    """Ornstein-Uhlenbeck in the logarithm: m = ln 7 + ln(8.5/7) exp(-8), v = 0.22^2 (1 - exp(-16))/1.6"""
    price, = sampled(BASE, {"market.price_level": [7.0] * 3}).columns("market_price:-1")
    mean_agrees(price, 7.107142608)
    sd_agrees(price, 1.245518911)
    quantile_agrees(price, 0.99, 10.49171548)


def test_lowest_price_at_quarter_ends(sampled):
    """P(min <= 5): density of a Gaussian walk of 40 steps with an absorbing barrier"""
    price, = sampled(BASE, {"market.reversion_rate": 0.0}).columns("market_price")
    hit = (price.min(axis=0) <= 5).astype(float)
    mean_agrees(hit, 0.3941082291)


def test_customer_revenue_with_mean_reverting_growth(sampled):
    """ln R(120) is normal; its variance holds growth shocks, revenue shocks and their correlation of 0.3"""
    run = sampled(BASE, {**FREE, "growth_level": [0.15] * 3})
    revenue, = run.columns("customer_revenue:-1")
    mean_agrees(np.log(revenue), 5.811341495)
    sd_agrees(np.log(revenue), np.sqrt(0.7202052066))
    mean_agrees(revenue, 478.8771527)
    quantile_agrees(revenue, 0.95, 1349.170124)


def test_customer_revenue_follows_the_regimes(sampled):
    """g <- a g + 1.1 STEP pi_m . growth_level, summed, less 10 sigma^2 / 2"""
    revenue, = sampled(BASE, FREE).columns("customer_revenue:-1")
    mean_agrees(np.log(revenue), 6.081947188)


def test_customer_revenue_as_geometric_brownian_motion(sampled):
    """E R = 40 exp(2), sd = E sqrt(exp(0.324) - 1)"""
    run = sampled(BASE, {**FREE, "growth_reversion": 0.0, "growth_volatility": 0.0, "initial_growth": 0.2})
    data = run.result()
    metric_agrees(data, "customer_revenue", 295.562244, **Q120, **FIRST)
    agrees(data.customer_revenue_sd[39, 0], data.customer_revenue_sd_se[39, 0], 182.830348)


def test_training_demand(sampled):
    """E ln demand = ln 0.45 + sum((pi_m . training_growth - 0.55 1.0986) fade_m - 0.045) STEP"""
    base = eval(source(BASE))
    demand, = sampled(QUIET, {
        "demand.training_volatility": 0.3, "demand.training_growth": base["demand"]["training_growth"], "demand.fade_floor": 0.55,
        "demand.efficiency_pass_through": 0.55, "training_demand": 0.45}).columns("demand:-1")
    mean_agrees(np.log(demand), 2.579220842)


# ---- base business

BUSINESS = {"base_business.growth_level": [0.13] * 3, "base_business.growth_volatility": 0.0, "base_business.cannibalisation": 0.0,
            "market.spot_fraction": 0.0, "training_demand": 0.0, "inference_demand": 0.0, "commitment": 0.0,
            "annual_minimum": [0.0], "distribution_share": 0.0}


def test_base_revenue_and_obligations(sampled):
    """g <- g + 0.6 (0.13 - g) STEP, B <- B exp(g STEP); dO = (pi_m . book_to_bill - 1) 0.6 E B STEP"""
    data = sampled(BASE, BUSINESS).result()
    metric_agrees(data, "aws_revenue", 152.734256, **Q120)
    metric_agrees(data, "aws_obligations", 1174.832424, **Q120)


def test_base_revenue_of_ten_years(sampled):
    revenue, = sampled(BASE, BUSINESS).columns("aws_revenue")
    mean_agrees(revenue.sum(axis=0), 3429.106345)


def test_base_revenue_with_uncertain_growth(sampled):
    """each month times exp(STEP^3 0.1^2 sum b_j^2 / 2), b_j = (1 - a^j)/(1 - a), a = 1 - 0.6 STEP"""
    data = sampled(BASE, {**BUSINESS, "base_business.growth_volatility": 0.1}).result()
    metric_agrees(data, "aws_revenue", 169.5707138, **Q120)


# ---- supply


def test_power_of_all_sites(sampled):
    """sum cap (1 - cancel) (I(n - e) - I(n - e - 4))/4 with I the integrated lognormal distribution"""
    data = sampled(BASE, {"build.mode": "wait"}).result()
    metric_agrees(data, "power", [1.70188899, 2.837581954, 3.820928001, 4.723212052, 5.58959504], time=[3, 7, 11, 15, 19])


def test_disruptions_slow_the_roadmap(sampled):
    """two-state chain: mean 120 - 0.75 sum p_i and the variance of the sum from its covariances"""
    data = sampled(QUIET, {"fleet.initial_capacity": 0.0, "fleet.disruption_rate": 0.2, **linear(1e6)}).result()
    metric_agrees(data, "installed", 112.9646646, **Q120)
    agrees(data.installed_sd[39], data.installed_sd_se[39], 6.406682398)


def test_slips_of_one_generation(sampled):
    """E installed(12): integral of 1.45 F(13 - 0.7 exp(0.7 x)) over the normal law"""
    data = sampled(QUIET, {"fleet.initial_capacity": 0.0, **trainium3()}).result()
    metric_agrees(data, "installed", 1.158270937, time=3)


def test_delays_of_two_sites_are_correlated(sampled):
    """bivariate normal with correlation 0.4 at -ln(3/2.3)"""
    late = dict(energised=0, delay_median=2.3, delay_sigma=1.0)
    power, = sampled(QUIET, {**sites(late, late), "power.ramp": 1e-9}).columns("power:0")
    mean_agrees((power < 0.5).astype(float), 0.2179382008)
    mean_agrees((power < 1.5).astype(float), 0.5725296243)
    mean_agrees(2 - power, 2 * 0.3952339125)


def test_demand_meets_an_uncertain_fleet(sampled):
    """E min(demand, fleet) as an exchange option, times 8/12, months 33 to 35"""
    data = sampled(QUIET, {
        "fleet.initial_capacity": 0.0, "fleet.yield_sigma": 0.12, **generation(planned_capacity=3.5), "training_demand": 4.0,
        "demand.training_volatility": 0.3, "demand.training_growth": [0.1] * 3, "commitment": 1e6, "annual_minimum": [0.0]}).result()
    metric_agrees(data, "contract_revenue", 6.471031737, time=11)


# ---- contract, credit, value


def test_survival_and_loss_at_a_constant_hazard(sampled):
    """exp(-0.3); 0.65 100 sum exp(-0.0425 (m+1)/12) (exp(-0.03 m/12) - exp(-0.03 (m+1)/12))"""
    data = sampled(BASE, {
        "credit.hazard": [0.03] * 3, "credit.hazard_growth_slope": 0.0, "credit.hazard_runway_slope": 0.0,
        "credit.hazard_cash_out": 0.0, "credit.recovery_winter_factor": 1.0, "training_demand": 0.0, "inference_demand": 0.0,
        "annual_minimum": [0.0], "relet.absorption": [0.0] * 3, **NO_TRANCHES}).result()
    share_agrees(data, "alive", 0.7408182207, **Q120, **FIRST)
    metric_agrees(data, "ecl", 13.84533392, **FIRST)
    agrees(data.wrong_way_ratio[0], data.ecl_se[0] / data.ecl_mean[0], 1)  # the exposure is 100 whatever happens


def test_survival_when_the_hazard_follows_the_regime(sampled):
    """w <- (w P) exp(-hazard STEP), entry by entry"""
    data = sampled(BASE, {"credit.hazard_growth_slope": 0.0, "credit.hazard_runway_slope": 0.0,
                          "credit.hazard_cash_out": 0.0}).result()
    share_agrees(data, "alive", 0.8638738422, **Q120, **FIRST)


ONE_FLEET = {"fleet.initial_capacity": 0.0, **generation(planned_capacity=1.25), "fleet.yield_sigma": 0.35, "commitment": 1e6,
             **NO_TRANCHES}


def test_value_of_an_uncertain_fleet(sampled):
    """NPV = annuity x lognormal(mean 10, sigma 0.35): its mean, its 5 % and 1 % points, and the means below them"""
    data = sampled(QUIET, {**ONE_FLEET, "provider.operating_cost": 0.0, "provider.terminal_value": False,
                           "base_business.cannibalisation": 0.0, "annual_minimum": [0.0]}).result()
    metric_agrees(data, "npv", 65.93654993)
    for level, value_at_risk, shortfall in ((0.95, -34.87408996, -30.36961432), (0.99, -27.47347954, -24.5380715)):
        tail = data.sel(level=level)
        half = float(tail.npv_var_hi - tail.npv_var_lo) / 2 / 1.96
        agrees(tail.npv_var, half, value_at_risk)
        agrees(tail.npv_cvar, tail.npv_cvar_se, shortfall)


def test_take_or_pay_is_a_put_on_usage(sampled):
    """9 Phi(-(d-s)) - 10 Phi(-d), d = (ln(10/9) + s^2/2)/s, s = 0.35"""
    data = sampled(QUIET, {**ONE_FLEET, "annual_minimum": [9.0], "time.horizon": 12}).result()
    metric_agrees(data, "shortfall_total", 0.8784217716, **FIRST)
    metric_agrees(data, "billed_total", 10.87842177, **FIRST)
    share_agrees(data, "floor_binds", 0.449854071, contract_year=0, **FIRST)


PLATEAU = {"regime.transition_rate": [[0.0] * 3] * 3, "regime.initial_regime": 1, "commitment": 1000.0, "annual_minimum": [1.0] * 10,
           **NO_TRANCHES}


def test_renegotiation_at_a_constant_rate(sampled):
    """1 - exp(-1)"""
    data = sampled(QUIET, {**PLATEAU, "fleet.initial_capacity": 0.0, "renegotiation_rate": [0.0, 0.1, 0.0]}).result()
    share_agrees(data, "renegotiated", 0.6321205588, **FIRST)


def test_extension_at_a_constant_rate(sampled):
    """1 - exp(-1); 1000 - 160 + 500 (1 - exp(-1))"""
    data = sampled(QUIET, {**PLATEAU, "extension_rate": [0.0, 0.1, 0.0], "extension_trigger": 1e9}).result()
    share_agrees(data, "extended", 0.6321205588, **FIRST)
    metric_agrees(data, "backlog", 1156.060279, **Q120)


# ---- without chance


def near(values, wanted, tolerance=1e-7):
    np.testing.assert_allclose(values, wanted, rtol=0, atol=tolerance)


def test_backlog_falls_by_16_a_year(exact):
    backlog, fulfilled = exact(NO_TRANCHES, "backlog:11", "fulfilled_month")
    near(backlog, 52)
    near(fulfilled, 75)


def test_backlog_under_a_growing_fleet(exact):
    """100 - (8/144) 48 49/2: 1 GW more a year"""
    backlog, fulfilled = exact({"fleet.initial_capacity": 0.0, **linear(1e6 / 12), "annual_minimum": [0.0], **NO_TRANCHES},
                               "backlog:15", "fulfilled_month")
    near(backlog, 34.66666667, 1e-6)
    near(fulfilled, 60)


POOL = {"fleet.initial_capacity": 0.9, "training_demand": 0.95, "initial_revenue": 48.0, "initial_cash": 25.0,
        "other_spend": [26.4], "annual_minimum": [0.0]}


def test_provider_money_in_a_pool_of_cash(exact):
    """mixing: 5 (1 - (1 - 4/34)^120) 0.6/4; first in first out: all 5 of 72; cash stays 30"""
    mix, fifo, share, cash = exact({**POOL, "tranches": [TRANCHE]}, "financed_mix", "financed_fifo", "circularity_fifo:-1",
                                   "customer_cash:-1")
    near(mix, 0.749999775)
    near(fifo, 5)
    near(share, 5 / 72)
    near(cash, 30)


def test_cash_above_the_ceiling_leaves(exact):
    """ceiling 0.5 x 48; a stake of 0.02 is worth 0.02 8 48 exp(-1.4)"""
    cash, paid_out, stake = exact({**POOL, "tranches": [dict(TRANCHE, stake=0.02)], "funding.cash_ceiling": 0.5,
                                   "regime.transition_rate": [[0.0] * 3] * 3}, "customer_cash:-1", "distributed", "stake_value")
    near(cash, 24)
    near(paid_out, 6)
    near(stake, 1.893864683)


def test_reletting_after_an_early_default(exact):
    """sum over m of (y + 0.57 (2 - y)) 8.5 0.9/12, y = 1.9 (1 - exp(-max(m - 6, 0)/12)); a rate of 1000 a year is certain"""
    relet, = exact({"credit.hazard": [1000.0] * 3, "regime.transition_rate": [[0.0] * 3] * 3, **NO_TRANCHES}, "relet_total")
    near(relet, 139.3451273)


def test_the_logistic_ramp(exact):
    """1.45 F(10) and 1.45 F(25), F the logistic curve through 0 at age 0"""
    installed, = exact({"fleet.initial_capacity": 0.0, **trainium3(slip_median=0.0)}, "installed")
    near(installed[[2, 7]], [0.9190545128, 1.447964406], 1e-9)


def test_payback_of_one_site(exact):
    """24 of shells against 1.1 a month"""
    capex, payback, net = exact({"commitment": 1e6, "annual_minimum": [0.0], "base_business.cannibalisation": 0.0, **NO_TRANCHES,
                                 **sites(dict(capacity=1e6), dict(capacity=2.0, energised=12))},
                                "capex_total", "payback", "payback_net_of_growth")
    near(capex, 24)
    near([payback, net], 22)


MAKEUP = {"fleet.initial_capacity": 0.5, "annual_minimum": [6.0] * 10, "commitment": 1000.0, **NO_TRANCHES}


def test_makeup_rights_expire(exact):
    """usage 4 a year against a minimum of 6, two years of make-up"""
    deferred, revenue, billed = exact(MAKEUP, "deferred_revenue", "contract_revenue_cum", "billed_cum")
    near(deferred[3:16:4], [2, 4, 4, 4])
    near(np.diff(revenue[3:16:4], prepend=0), [4, 4, 6, 6])
    near(billed[3:16:4], [6, 12, 18, 24])
    near(revenue[39] - revenue[35], 10)
    near(deferred[39], 0)


def test_makeup_rights_are_used_oldest_first(exact):
    """1/3 GW more from month 25; youngest first would give 1.333 and 8.667"""
    deferred, revenue = exact({**MAKEUP, **generation(start=24.0, planned_capacity=1 / 3, ramp_midpoint=0.001, ramp_slope=500.0)},
                              "deferred_revenue:11", "contract_revenue_cum")
    near(deferred, 2)
    near(revenue[11] - revenue[7], 8)


def test_nobody_pays_twice_for_the_rest_of_a_commitment(exact):
    deferred, billed, fulfilled = exact({**MAKEUP, "commitment": 8.0}, "deferred_revenue:5", "billed_cum", "fulfilled_month")
    near(deferred, 2)
    near(billed[[7, 11]], [8, 12])
    near(fulfilled, 24)


@pytest.mark.parametrize("code, change", [
    ("chips", {}), ("power", sites({})), ("contract_cap", {"build.capacity_cap": 1.0}), ("contract_cap", {"capacity_limit": 1.0}),
    ("budget", {"initial_revenue": 1.0}), ("demand", {"training_demand": 1.0}), ("none", {"start": 5})])
def test_what_binds(exact, code, change):
    codes = ["none", "power", "chips", "contract_cap", "budget", "demand"]
    shares, = exact({"time.horizon": 3, **change}, "binding_share:0")
    assert shares.sum() == 1
    assert [codes[n] for n, share in enumerate(shares) if share == 1] == [code]


def test_current_rpo_and_duration(exact):
    rpo, duration = exact(NO_TRANCHES, "current_rpo", "duration")
    near(rpo[[3, 23]], [16, 4])
    near(duration[[3, 5]], [5.154639175, 4.784391534], 1e-8)


PROMISE = {"build.mode": "fulfil", "fleet.initial_capacity": 0.0, "build.demand_margin": 1.25, "build.order_lead": 6,
           "training_demand": 0.5, "guaranteed_capacity": [1.0, 1.0, 3.0], **NO_TRANCHES, **linear(1e5)}


def test_the_fleet_follows_what_was_promised(exact):
    """0.1 GW a month towards 1 GW, and towards 3 GW from six months before the third year"""
    installed, = exact(PROMISE, "installed")
    near(installed[[2, 3, 5, 7, 11, 15, 39]], [0.9, 1, 1, 1.6, 2.8, 3, 3], 1e-6)


def test_the_fleet_follows_demand(exact):
    """1.25 x 2 GW from the second month on; a generation of 20 months ends at the target it had"""
    installed, = exact({**PROMISE, "guaranteed_capacity": [0.0], "training_demand": 2.0}, "installed")
    near(installed[[3, 7, 11]], [1.1, 2.3, 2.5], 1e-6)
    installed, = exact({**PROMISE, "fleet.offer_life": 20.0}, "installed:15")
    near(installed, 1.2, 1e-6)


FOUR_SITES = [dict(energised=month) for month in (-99, 12, 24, 36)]


def test_sites_start_when_the_target_needs_them(exact):
    """the second and third in month 18, the fourth never"""
    power, capex = exact({**PROMISE, **sites(*FOUR_SITES)}, "power", "capex_total")
    near(power[[9, 10, 15]], [1, 2.5, 3])
    near(capex, 24)


def test_a_cancelled_site_is_replaced_when_it_is_known(exact):
    """known in month 30; 12 + 0.3 x 12 + 12 of shells"""
    cancelled = [dict(site, cancel_probability=float(n == 2)) for n, site in enumerate(FOUR_SITES)]
    power, capex = exact({**PROMISE, **sites(*cancelled)}, "power", "capex_total")
    near(power[[10, 13, 15]], [1.75, 2, 3])
    near(capex, 27.6)


def test_growth_fades_at_the_ceiling(exact):
    """R <- R exp(0.3 (1 - R/600) STEP); the logistic curve 600/(1 + 14 exp(-3)) is within 1 %"""
    revenue, = exact({"initial_revenue": 40.0, "initial_growth": 0.3, "revenue_ceiling": 600.0}, "customer_revenue:-1")
    near(revenue, 355.0591145, 1e-6)
    assert abs(revenue / (600 / (1 + 14 * np.exp(-3))) - 1) < 0.01


def test_exposure_when_the_price_is_at_its_level(exact):
    """1.5 16/12 + 52 (1 - 0.95 0.9 8.5/8)"""
    exposure, = exact({**NO_TRANCHES, "market.reversion_rate": 0.8, "market.price_level": [8.5] * 3,
                       "regime.transition_rate": [[0.0] * 3] * 3}, "exposure:11")
    near(exposure, 6.76125)


def test_an_extension_at_the_trigger(exact):
    """the trigger is 24 of backlog; a rate of 1000 a year is certain"""
    backlog, fulfilled = exact({**NO_TRANCHES, "extension_rate": [1000.0] * 3}, "backlog", "fulfilled_month")
    near(backlog[[18, 19]], [24, 70])
    near(fulfilled, 113)


def test_distribution_depreciation_and_operating_income(exact):
    """0.15 0.2 1000 x 10; 3 (2 14/200 + 2 12/240); 4 - 0.7 - 0.72"""
    distribution, depreciation, income = exact({**NO_TRANCHES, **sites(dict(capacity=2.0)), "initial_revenue": 1000.0,
                                                "distribution_share": 0.15, "fleet.service_life": 200},
                                               "distribution_total", "depreciation:0", "operating_income:0")
    near(distribution, 300)
    near(depreciation, 0.72)
    near(income, 2.58)
