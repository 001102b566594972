"""What follows from the deck alone, as arrays: keys of customers, generations and sites as columns, tables by month."""
from math import ceil
from types import SimpleNamespace

import numpy as np
from scipy.linalg import expm

from model import BOOM, STEP, TINY, entry

# rows of the monthly table that there is one of; then each of CUSTOMER_ROWS once a customer
ROWS = ('price_pull', 'base_growth_level', 'booked', 'absorption', 'raise_probability', 'raise_multiple', 'hazard',
        'training_drift')
CUSTOMER_ROWS = ('growth_level', 'renegotiation', 'extension', 'expected_absorption', 'expected_level')


def column(items, key):
    return np.array([[getattr(item, key)] for item in items], float).reshape(-1, 1)


def chance(rate):
    """Of an event in a month, by its yearly rate."""
    return 1 - np.exp(-np.asarray(rate, float) * STEP)


def clip01(x):
    return np.clip(x, 0.0, 1.0)


class Constants:
    def __init__(self, deck):
        self.deck = deck
        self.step = expm(np.array(deck.regime.transition_rate, float) * STEP)
        self.regime_bounds = np.cumsum(self.step, 1)[:, :2].T.copy()
        self.cholesky = np.linalg.cholesky(np.array(deck.correlation.factors, float))
        self.make_fleet()
        self.make_customers()
        self.make_discounts()
        self.make_price()
        self.expect()
        self.clock = [self.clock_of(m) for m in range(deck.time.horizon)]
        self.promised = [clock.promised[:, 0] for clock in self.clock]
        self.tables = [self.table(m) for m in range(deck.time.horizon)]

    def make_fleet(self):
        deck, fleet, power, horizon = self.deck, self.deck.fleet, self.deck.power, self.deck.time.horizon
        generations, sites = deck.generations, deck.sites
        for key in 'start planned_capacity ramp_midpoint ramp_slope slip_median slip_sigma'.split():
            setattr(self, key, column(generations, key))
        with np.errstate(over='ignore'):
            self.at_zero = 1 / (1 + np.exp(self.ramp_slope * self.ramp_midpoint))
        self.steepest = self.ramp_slope / (4 * (1 - self.at_zero))
        self.weights = np.array([[1.0, g.own, g.milestone, g.performance, g.own / g.chip_power, g.chip_cost]
                                 for g in generations], float).reshape(-1, 6).T.copy()
        fastest = max(1.0, fleet.disruption_speed)
        self.end_open = [max([i + 1 for i, g in enumerate(generations) if (m + 1) * fastest > g.start], default=0)
                         for m in range(horizon)]
        self.disruption_starts, self.disruption_ends = chance(fleet.disruption_rate), chance(1 / fleet.disruption_duration)
        dates = np.arange(horizon + 1)
        self.initial_fleet = fleet.initial_capacity * (
            1 - clip01((dates - fleet.initial_retirement_start) / fleet.initial_retirement_spread))
        self.book_value = clip01(1 - (horizon - dates) / fleet.service_life)
        self.fulfil = deck.build.mode == 'fulfil'
        for key in 'delay_median delay_sigma cancel_probability'.split():
            setattr(self, key, column(sites, key))
        self.site_capacity = column(sites, 'capacity')
        plans = [s.energised - power.shell_lead for s in sites]
        gated = [self.fulfil and plan >= 0 and not s.committed for plan, s in zip(plans, sites)]
        self.site_begin = np.where(gated, np.inf, plans).reshape(-1, 1)
        self.shell_spending = power.shell_cost * self.site_capacity / power.shell_lead
        self.gated_by = [[j for j, g in enumerate(gated) if g and plans[j] <= m] for m in range(horizon)]
        self.planned_by = [max([j + 1 for j, plan in enumerate(plans) if plan <= m], default=0) for m in range(horizon)]

    def make_customers(self):
        deck, customers = self.deck, self.deck.customers
        for key in ('commitment capacity_limit contract_price price_indexation price_reset_limit carry_forward relief_fraction '
                    'credit_fraction extension_trigger initial_revenue initial_growth growth_reversion '
                    'revenue_volatility growth_volatility revenue_ceiling growth_from_investment training_demand initial_share '
                    'target_share share_recovery_rate share_loss_rate growth_starvation initial_cash prior_investment prior_stake '
                    'renegotiation_cut').split():
            setattr(self, key, column(customers, key))
        self.price_floor = column(customers, 'price_floor_fraction') * self.contract_price
        self.distribution_part = column(customers, 'distribution_share') * column(customers, 'take_rate') * STEP
        self.extension_money = column(customers, 'extension_size') * self.commitment
        self.extension_months = 12 * column(customers, 'extension_trigger')
        with np.errstate(divide='ignore'):
            self.ln_inference = np.log(column(customers, 'inference_demand')) \
                - deck.demand.inference_elasticity * np.log(self.initial_revenue)
        self.demand_scale = deck.fleet.initial_performance / self.initial_share
        self.growth_in_boom = np.array([[c.growth_level[BOOM]] for c in customers])
        self.makeup_years = [int(c.makeup_years) for c in customers]
        self.vintages = max(self.makeup_years)
        shared = deck.correlation.between_customers
        self.common_weight, self.own_weight = np.sqrt(shared), np.sqrt(1 - shared)
        mean, sd = deck.credit.recovery_mean, deck.credit.recovery_sd
        size = mean * (1 - mean) / sd ** 2 - 1
        self.recovery_a, self.recovery_b = mean * size, (1 - mean) * size

    def make_discounts(self):
        provider, horizon = self.deck.provider, self.deck.time.horizon
        months = np.arange(horizon)
        self.discount = np.exp(-provider.discount_rate * (months + 0.5) * STEP)
        self.risk_free = np.exp(-provider.risk_free_rate * (months + 1) * STEP)
        self.recovery_discount = np.exp(-provider.discount_rate * self.deck.credit.recovery_lag * STEP)
        self.terminal_discount = np.exp(-provider.discount_rate * horizon * STEP) if provider.terminal_value else 0.0
        self.equity_multiple = np.array(provider.equity_price_to_sales) * np.exp(
            -provider.equity_discount_rate * horizon * STEP)

    def make_price(self):
        market = self.deck.market
        kappa = market.reversion_rate
        self.price_memory = e = np.exp(-kappa * STEP)
        self.price_spread = market.price_volatility * np.sqrt((1 - e * e) / (2 * kappa) if kappa > 0 else STEP)

    def expect(self):
        """Absorption and log price expected on average over the next h months, h = 0, 1, ..."""
        deck, e = self.deck, self.price_memory
        absorption, level = np.array(deck.relet.absorption, float), np.log(deck.market.price_level)
        self.mean_absorption, self.mean_memory, self.mean_level = [absorption], [1.0], [np.zeros(3)]
        sum_a, sum_e, sum_r, reach = 0.0, 0.0, 0.0, np.zeros(3)
        for h in range(1, max(c.start + c.term for c in deck.customers) + 1):
            absorption, level = self.step @ absorption, self.step @ level
            reach = e * reach + (1 - e) * level
            sum_a, sum_e, sum_r = sum_a + absorption, sum_e + e ** h, sum_r + reach
            self.mean_absorption.append(sum_a / h)
            self.mean_memory.append(sum_e / h)
            self.mean_level.append(sum_r / h)

    def schedule(self, customer, k):
        """Minimum of the next 12 months, and mean time to the minima ahead, at the end of contract month k."""
        n, near, total, moment = k + 1, 0.0, 0.0, 0.0
        if k >= customer.term:
            return 0.0, 0.0
        for j in range(ceil(customer.term / 12)):
            begin, end = 12 * j, min(12 * (j + 1), customer.term)
            minimum, ahead = entry(customer.annual_minimum, j, 'zero'), max(begin, n)
            rest = minimum * max(min(end - ahead, end - begin), 0) / (end - begin)
            near += minimum * max(min(end, n + 12) - ahead, 0) / (end - begin)
            total += rest
            moment += rest * ((ahead + end) / 2 - n) / 12
        return near, moment / max(total, TINY)

    def clock_of(self, m):
        """Where every contract stands in month m: columns."""
        rows = []
        for c in self.deck.customers:
            k = m - c.start
            since = max(k, 0)
            year, ahead = since // 12, k + self.deck.build.order_lead
            length, active = max(1, min(12, c.term - 12 * year)), 0 <= k < c.term
            minimum = entry(c.annual_minimum, year, 'zero')
            near, duration = self.schedule(c, k)
            rows.append(dict(
                active=active, standing=k < c.term, closes=active and since % 12 + 1 == length, ends=active and k == c.term - 1,
                resets=active and k > 0 and k % 12 == 0, lapses=k == c.term, year=year, minimum=minimum,
                minimum_a_month=minimum / length, guaranteed=entry(c.guaranteed_capacity, year, 'last'),
                promised=entry(c.guaranteed_capacity, ahead // 12, 'last') if 0 <= ahead < c.term else 0.0,
                renegotiation_usage=minimum / c.renegotiation_trigger / 12, near=near, duration=duration,
                other_spend=entry(c.other_spend, m // 12, 'last'), left=max(c.term - k - 1, 0),
                memory=self.mean_memory[max(c.term - k - 1, 0)]))
        clock = SimpleNamespace(**{name: np.array([[row[name]] for row in rows]) for name in rows[0]})
        for name in ('active', 'closes', 'resets', 'lapses'):
            setattr(clock, 'any_' + name, bool(getattr(clock, name).any()))
        return clock

    def table(self, m):
        """(8 + 5 C, 3): a row a quantity of month m, a column a regime."""
        deck, demand, business, funding = self.deck, self.deck.demand, self.deck.base_business, self.deck.funding
        fade = demand.fade_floor + (1 - demand.fade_floor) * np.exp(-m * STEP / demand.fade_time)
        saved = demand.efficiency_pass_through * demand.efficiency_growth
        one = dict(
            price_pull=(1 - self.price_memory) * np.log(deck.market.price_level), base_growth_level=business.growth_level,
            booked=(np.array(business.book_to_bill) - 1) * business.obligated_fraction * STEP,
            absorption=deck.relet.absorption, raise_probability=funding.raise_probability,
            raise_multiple=funding.raise_multiple, hazard=deck.credit.hazard,
            training_drift=((np.array(demand.training_growth) - saved) * fade - demand.training_volatility ** 2 / 2) * STEP)
        left = self.clock[m].left[:, 0]
        each = dict(
            growth_level=[np.array(c.growth_level) + c.distribution_growth for c in deck.customers],
            renegotiation=[chance(c.renegotiation_rate) for c in deck.customers],
            extension=[chance(c.extension_rate) for c in deck.customers],
            expected_absorption=[self.mean_absorption[h] * (1 - deck.relet.discount) for h in left],
            expected_level=[self.mean_level[h] for h in left])
        return np.array([one[name] for name in ROWS] + [row for name in CUSTOMER_ROWS for row in each[name]], float)

    def by_regime(self, m, regimes):
        """Every quantity of the table for each path; regimes (3, n) has one 1 a column."""
        values, n, c = self.tables[m] @ regimes, len(ROWS), len(self.deck.customers)
        now = SimpleNamespace(**dict(zip(ROWS, values)))
        for i, name in enumerate(CUSTOMER_ROWS):
            setattr(now, name, values[n + i * c:n + (i + 1) * c])
        return now
