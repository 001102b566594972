#!/usr/bin/env python3
"""The model once more, as a NumPy user would write it: month by month, on arrays of a chunk of paths.

usage: numpy_twin.py TENOR DECK SEED PATHS [--chunk N] [--set KEY=VALUE ...]

TENOR, the engine's program, only resolves the deck. Prints as JSON how many seconds the paths took (reading of the deck and
imports left out) and the moments of every quarterly, yearly and terminal metric, like scalar_twin. The formulas are those of
MODEL.md and of tests/twin/model.py, which follows one path and is what this one is read against.

Shapes: n paths of a chunk are the last axis; customers (C, n), generations (G, n), sites (J, n). What sums over the fleet is a
product of a matrix of weights with the deliveries; what a regime decides is a product of a table with three rows of 0 and 1.
"""
import argparse
import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / 'twin'))
from deck_text import read_deck  # noqa: E402
from model import STEP, TINY, namespace  # noqa: E402
from numpy_constants import Constants  # noqa: E402
from numpy_record import Books, Moments  # noqa: E402

POWER, CHIPS, CONTRACT_CAP, BUDGET, DEMAND = range(1, 6)


def clip01(x):
    return np.minimum(np.maximum(x, 0.0), 1.0)


def positive(x):
    return np.maximum(x, 0.0)


class Paths:
    """A chunk of n paths: state at t = 0, and a month of it."""

    def __init__(self, k, rng, n):
        self.k, self.rng, self.n = k, rng, n
        deck, customers = k.deck, len(k.deck.customers)
        self.regimes = np.zeros((3, n))
        self.regimes[deck.regime.initial_regime] = 1
        self.disrupted = np.zeros(n, bool)
        self.start_fleet()
        self.start_sites()
        self.ln_price = np.full(n, np.log(deck.market.initial_price))
        self.ln_base = np.full(n, np.log(deck.base_business.initial_revenue))
        self.base_growth = np.full(n, deck.base_business.initial_growth)
        self.obligations = np.full(n, deck.base_business.initial_obligations)
        self.payback, self.payback_net_of_growth = np.full((2, n), np.inf)
        self.frozen, self.investment_pv, self.distribution_pv, self.cutoff_capacity, self.book_value = np.zeros((5, n))
        self.npv_operating, self.npv_capex, self.cash_sum, self.distribution_sum = np.zeros((4, n))
        self.capex_sum, self.backfill_cost_sum, self.idle_sum, self.relet_sum = np.zeros((4, n))

        def filled(values):
            return np.repeat(values, n, axis=1)

        self.share, self.growth, self.cash = filled(k.initial_share), filled(k.initial_growth), filled(k.initial_cash)
        self.ln_revenue = filled(np.log(k.initial_revenue))
        self.revenue = np.exp(self.ln_revenue)
        self.contract_price, self.commitment, self.backlog = filled(k.contract_price), filled(k.commitment), filled(k.commitment)
        self.reference = np.full((customers, n), deck.market.initial_price)
        self.alive = np.ones((customers, n), bool)
        self.scale = np.ones((customers, n))
        self.threshold = rng.standard_exponential((customers, n))
        self.default_month, self.fulfilled_month, self.fulfilled_in_full_month = np.full((3, customers, n), np.inf)
        self.renegotiated, self.extended = np.zeros((2, customers, n), bool)
        self.tranches = np.zeros((customers, n), int)
        self.makeup = np.zeros((4, customers, n))
        for name in ('ln_training fulfilled year_paid year_relief bank deferred mix fifo invested stake distributed financed_mix '
                     'financed_fifo hazard_sum peak_exposure ecl equity_loss freed revenue_sum billed_sum used_sum shortfall_sum '
                     'relief_sum credit_sum beyond cut written_off lapsed forfeited bookings').split():
            setattr(self, name, np.zeros((customers, n)))

    # ---- 5 and 7.2: fleet, sites
    def start_fleet(self):
        k, rng, n = self.k, self.rng, self.n
        fleet, count = k.deck.fleet, len(k.deck.generations)
        r = fleet.slip_correlation
        z = np.sqrt(r) * rng.standard_normal(n) + np.sqrt(1 - r) * rng.standard_normal((count, n))
        self.oldest_open = 0                        # generations before it are offered no more on any path
        self.age = -k.start - fleet.slip_multiplier * k.slip_median * np.exp(k.slip_sigma * z)
        self.volume = k.planned_capacity * np.exp(
            fleet.yield_sigma * rng.standard_normal((count, n)) - fleet.yield_sigma ** 2 / 2)
        self.most_a_month = self.volume * k.steepest
        self.delivered = self.volume * self.curve(slice(0, count))
        self.fleet = np.zeros((7, n))               # delivered so far, by kind of sum; the last is the backfill
        self.fleet[:6] = k.weights @ self.delivered
        self.history = [self.fleet.copy()]
        self.nothing = np.zeros((7, n))
        self.capacity = self.live = np.full(n, fleet.initial_capacity)
        self.relet_demand = np.zeros(n)

    def start_sites(self):
        k, rng, n = self.k, self.rng, self.n
        power, count = k.deck.power, len(k.deck.sites)
        r = power.delay_correlation
        z = np.sqrt(r) * rng.standard_normal(n) + np.sqrt(1 - r) * rng.standard_normal((count, n))
        self.ready_lag = power.shell_lead + power.delay_multiplier * k.delay_median * np.exp(k.delay_sigma * z)
        self.kept = rng.random((count, n)) >= power.cancel_multiplier * k.cancel_probability
        self.begin = np.repeat(k.site_begin, n, axis=1)
        self.ready = self.begin + self.ready_lag
        self.energy = k.site_capacity * self.kept
        self.spending = k.shell_spending * np.where(self.kept, 1.0, power.cancel_cost_fraction)

    def curve(self, some):
        """F of the generations `some` (a slice) at their age."""
        k, age = self.k, self.age[some]
        part = (1 / (1 + np.exp(-k.ramp_slope[some] * (positive(age) - k.ramp_midpoint[some]))) - k.at_zero[some]) / (
            1 - k.at_zero[some])
        return np.where(age > 0, part, 0.0)

    def take_chips(self, m, left_capacity):
        """What is bought of the roadmap this month, by kind of sum: (6, n)."""
        k, fleet = self.k, self.k.deck.fleet
        self.age += np.where(self.disrupted, fleet.disruption_speed, 1.0)
        while self.oldest_open < k.end_open[m] and self.age[self.oldest_open].min() > fleet.offer_life:
            self.oldest_open += 1
        some = slice(self.oldest_open, k.end_open[m])
        offer = np.minimum(self.volume[some] * self.curve(some) - self.delivered[some], self.most_a_month[some])
        offer = positive(offer) * (self.age[some] <= fleet.offer_life)
        if k.fulfil:
            offer *= clip01(positive(self.target - left_capacity) / np.maximum(offer.sum(0), TINY))
        self.delivered[some] += offer
        return k.weights[:, some] @ offer

    def step_sites(self, m):
        k, power = self.k, self.k.deck.power
        known = k.planned_by[m]                     # sites that may have begun, in deck order: all up to here
        if k.gated_by[m] and np.isinf(self.begin[k.gated_by[m]]).any():
            started = np.zeros(self.n)
            for j in range(known):
                begin = self.begin[j]
                if j in k.gated_by[m]:
                    now = np.isinf(begin) & (self.target > started + TINY)
                    if now.any():
                        begin[now] = m
                        self.ready[j] = begin + self.ready_lag[j]
                started += k.site_capacity[j] * ((begin <= m) & (self.kept[j] | (m < begin + power.shell_lead)))
        begin = self.begin[:known]
        self.power = (self.energy[:known] * clip01((m + 1 - self.ready[:known]) * (1 / power.ramp))).sum(0)
        building = (begin <= m) & (begin > m - power.shell_lead)
        self.shells = (self.spending[:known] * building).sum(0)

    def step_supply(self, m):
        k, deck, fleet = self.k, self.k.deck, self.k.deck.fleet
        u = self.rng.random(self.n)
        self.disrupted = np.where(self.disrupted, u >= k.disruption_ends, u < k.disruption_starts)
        self.target = np.minimum(deck.build.capacity_cap, np.maximum(
            deck.build.demand_margin * (self.live + self.relet_demand), k.promised[m] @ self.alive))
        retire = m + 1 - fleet.service_life
        retired = self.history[retire] if retire >= 0 else self.nothing
        retired_before = self.history[retire - 1] if retire >= 1 else self.nothing
        initial = k.initial_fleet[m + 1]
        taken = self.take_chips(m, initial + (self.fleet[0] - retired[0]) + (self.fleet[6] - retired[6]))
        self.step_sites(m)
        self.fleet[:6] += taken
        serving = self.fleet - retired
        own, self.chips, cost = initial * fleet.initial_own + serving[1], serving[4], serving[5]
        room = np.minimum(np.minimum(self.power, deck.build.capacity_cap), self.live)
        buy = np.minimum(positive(room - (initial + serving[0]) - serving[6]), fleet.backfill_rate * STEP)
        self.fleet[6] += buy
        backfill = serving[6] + buy
        if m + 1 + fleet.service_life <= deck.time.horizon:
            self.history.append(self.fleet.copy())
        self.own_chips = own
        self.installed = initial + serving[0] + backfill
        self.capacity = np.minimum(np.minimum(self.installed, self.power), deck.build.capacity_cap)
        work = fleet.initial_performance * initial + serving[3] + fleet.backfill_performance * backfill
        self.performance = np.where(self.installed > TINY, work / np.maximum(self.installed, TINY), fleet.initial_performance)
        self.milestone = np.minimum(serving[2], positive(self.power - initial))
        chips, added = taken[5] + fleet.backfill_cost * buy, taken[0] + buy
        gone = retired[0] - retired_before[0] + retired[6] - retired_before[6] + (k.initial_fleet[m] - initial)
        self.replacement = np.where(added > TINY, chips * np.minimum(1.0, gone / np.maximum(added, TINY)), 0.0)
        self.capex = chips + self.shells
        self.depreciation = (fleet.initial_cost * initial + cost + fleet.backfill_cost * backfill) / fleet.service_life \
            + deck.power.shell_cost / deck.power.shell_life * self.power
        self.capex_sum += self.capex
        self.backfill_cost_sum += fleet.backfill_cost * buy
        if k.book_value[m + 1] > 0:
            self.book_value += k.book_value[m + 1] * chips

    # ---- 7.1, 7.3, 7.4
    def step_regime(self, m):
        low, high = self.k.regime_bounds @ self.regimes
        u = self.rng.random(self.n)
        self.regimes[0] = u <= low
        self.regimes[2] = u > high
        self.regimes[1] = 1 - self.regimes[0] - self.regimes[2]
        self.winter = u > high
        self.now = self.k.by_regime(m, self.regimes)

    def step_demand(self, m, common):
        k, now, demand = self.k, self.now, self.k.deck.demand
        z = common[:3, None]                                                   # (3, C, n)
        if len(k.deck.customers) > 1:
            own = self.rng.standard_normal((3, len(k.deck.customers) * self.n))
            z = k.own_weight * (k.cholesky[:3, :3] @ own).reshape(3, -1, self.n) + k.common_weight * z
        self.share += STEP * (k.share_recovery_rate * (k.target_share - self.share)
                              - k.share_loss_rate * self.share * self.starved)
        self.growth += k.growth_reversion * STEP * (now.growth_level - self.growth) + k.growth_volatility * np.sqrt(STEP) * z[1]
        felt = np.where(self.growth > 0, self.growth * clip01(1 - self.revenue / k.revenue_ceiling), self.growth)
        v = k.revenue_volatility
        self.ln_revenue += (felt - k.growth_starvation * self.starved - v * v / 2) * STEP + v * np.sqrt(STEP) * z[0]
        self.revenue = np.exp(self.ln_revenue)
        self.ln_training += now.training_drift + demand.training_volatility * np.sqrt(STEP) * z[2]
        work = k.training_demand * np.exp(self.ln_training) + np.exp(
            demand.inference_elasticity * self.ln_revenue + k.ln_inference)
        self.demand = work * self.share * (k.demand_scale / self.performance)
        self.serves = self.alive & k.clock[m].active
        self.live_demand = self.demand * self.serves
        self.live = self.live_demand.sum(0)
        self.distribution = (k.distribution_part * self.revenue * self.alive).sum(0)

    # ---- 7.5
    def allocate(self, m):
        k, deck, funding = self.k, self.k.deck, self.k.deck.funding
        clock = k.clock[m]
        if clock.any_resets:
            move = 1 + k.price_indexation * (np.minimum(self.price / self.reference, k.price_reset_limit) - 1)
            renewed = np.maximum(k.price_floor, self.contract_price * move)
            self.contract_price = np.where(self.alive & clock.resets, renewed, self.contract_price)
            self.reference = np.where(clock.resets, self.price, self.reference)
        self.budget = self.share * (funding.budget_revenue_share * self.revenue + funding.budget_cash_rate * positive(self.cash))
        afford = self.budget / self.contract_price
        self.want = np.minimum(np.minimum(self.live_demand, k.capacity_limit), afford)
        wanted = self.want.sum(0)
        if deck.provider.allocation == 'priority':
            self.used, left = np.empty_like(self.want), self.capacity
            for c, want in enumerate(self.want):
                self.used[c] = np.minimum(left, want)
                left = left - self.used[c]
        else:
            self.used = self.want * np.minimum(1.0, self.capacity / np.maximum(wanted, 1e-12))
        self.used_by_all = self.used.sum(0)
        self.free = positive(self.capacity - self.used_by_all)

        cap = deck.build.capacity_cap
        low = np.minimum(np.minimum(self.power, cap), self.installed) + TINY
        supply = np.where(self.power <= low, POWER, np.where(cap <= low, CONTRACT_CAP, CHIPS))
        low = self.want + TINY
        own = np.where(k.capacity_limit <= low, CONTRACT_CAP, np.where(afford <= low, BUDGET, DEMAND))
        codes = np.where(self.used < self.want - TINY, supply, own) * (self.live_demand > 0)
        largest = codes[0] if len(codes) == 1 else np.take_along_axis(codes, self.want.argmax(0)[None], 0)[0]
        self.codes = codes
        self.system_code = np.where(wanted > self.capacity + TINY, supply, largest)

    # ---- 7.6; whoever does not serve wants nothing, so that all that follows from use is 0
    def true_up(self, m):
        """Closes the contract years that end this month; returns what expires."""
        k, clock, serves = self.k, self.k.clock[m], self.serves
        due = positive(clock.minimum * self.scale - self.year_relief)
        have = self.year_paid + self.bank
        open_ = positive(self.commitment - self.fulfilled - self.usage - self.deferred)
        closing = clock.closes & serves
        self.shortfall = np.where(closing, positive(np.minimum(due - have, open_)), 0.0)
        self.bank = np.where(clock.closes, k.carry_forward * positive(have - due) * serves, self.bank)
        self.year_paid = np.where(clock.closes, 0.0, self.year_paid)
        self.year_relief = np.where(clock.closes, 0.0, self.year_relief)
        expired = np.zeros_like(self.usage)
        for c in np.flatnonzero(clock.closes):
            years, rights = k.makeup_years[c], self.makeup[:, c]
            aged = np.concatenate((self.shortfall[None, c], rights[:years]))
            expired[c] = aged[years]
            rights[:years] = aged[:years]
            if clock.ends[c]:
                expired[c] += rights.sum(0)
                rights[:] = 0
        return expired

    def fulfil_contracts(self, m):
        k, clock, serves = self.k, self.k.clock[m], self.serves
        paid_for = self.contract_price * STEP
        self.usage = self.used * paid_for
        miss = positive(np.minimum(clock.guaranteed, self.want) - self.used) * paid_for
        relief = k.relief_fraction * miss
        self.year_relief += relief
        self.relief_sum += relief
        net = self.usage
        if k.vintages and self.deferred.any():
            unfunded = positive(self.commitment - self.fulfilled - self.deferred)
            over = positive(self.usage - np.minimum(clock.minimum_a_month * self.scale, unfunded))
            for rights in self.makeup[k.vintages - 1::-1]:
                x = np.minimum(over, rights)
                rights -= x
                over -= x
                net = net - x
            self.deferred = self.makeup.sum(0)
        credit = np.minimum(k.credit_fraction * miss, net)
        self.year_paid += net
        self.recognised, self.billed, self.shortfall, gross = self.usage - credit, net - credit, 0.0, self.usage
        if clock.any_closes:
            expired = self.true_up(m) * serves
            self.deferred = self.makeup.sum(0)
            self.billed += self.shortfall
            self.recognised += expired
            gross = gross + expired
            self.shortfall_sum += self.shortfall
        self.fulfilled += gross
        self.credit_sum += credit
        self.billed_sum += self.billed
        self.revenue_sum += self.recognised
        self.used_sum += self.used * STEP
        if clock.any_lapses:
            self.lapsed += self.backlog * clock.lapses
        standing = self.alive & clock.standing
        self.beyond += positive(self.deferred - (self.backlog - gross)) * standing
        self.backlog = np.maximum(self.commitment - self.fulfilled, self.deferred) * standing
        done = serves & (self.backlog <= TINY) & np.isinf(self.fulfilled_month)
        if done.any():
            self.fulfilled_month[done] = m + 1
            self.fulfilled_in_full_month[done & ~self.renegotiated] = m + 1

    # ---- 7.7
    def pay_tranches(self, m):
        paid = np.zeros_like(self.cash)
        for c, customer in enumerate(self.k.deck.customers):
            for i, tranche in enumerate(customer.tranches):
                due = self.serves[c] & (self.tranches[c] == i)
                if not due.any():
                    continue
                due &= (self.billed_sum[c] >= tranche.spend_threshold - TINY)
                due &= self.capacity >= tranche.capacity_threshold - TINY
                if i > 0:
                    due &= ~self.winter
                self.tranches[c] += due
                self.stake[c] += due * tranche.stake
                paid[c] += due * tranche.amount
        if paid.any():
            self.invested += paid
            self.growth += self.k.growth_from_investment * paid / np.maximum(self.revenue, TINY)
            self.investment_pv -= paid.sum(0) * self.k.discount[m]
        return paid

    def finance(self, m):
        k, now, funding = self.k, self.now, self.k.deck.funding
        paid = self.pay_tranches(m)
        ratio = (1 - self.share) / self.share
        other = np.maximum(ratio * np.minimum(self.demand * self.price, self.budget), k.clock[m].other_spend) * STEP
        income = self.revenue * STEP
        overhead = funding.overhead_share * income
        flow = income - overhead - self.billed - other
        burn = positive(-flow)
        pool = self.mix + paid
        phi = clip01(pool / np.maximum(positive(self.cash) + paid + income, TINY))
        self.financed_mix += phi * self.billed
        self.mix = positive(pool - phi * (self.billed + other + overhead))
        unspent = self.fifo + paid
        spent = np.minimum(unspent, self.billed)
        self.fifo = unspent - spent
        self.financed_fifo += spent
        cash = self.cash + paid + flow
        chance = self.rng.random(cash.shape) < now.raise_probability
        raised = np.minimum(positive(funding.raise_target * burn - cash), now.raise_multiple * self.revenue)
        cash += raised * (chance & self.alive & ((cash < funding.raise_trigger * burn) | (cash < 0)))
        excess = positive(cash - funding.cash_ceiling * self.revenue)
        self.mix *= 1 - excess / np.maximum(cash, TINY)
        self.distributed += excess * self.alive
        self.cash = cash - excess
        self.runway = np.where(burn > TINY, positive(self.cash) / np.maximum(burn, TINY), k.deck.credit.runway_limit)

    # ---- 7.8
    def judge(self, m):
        k, now, credit = self.k, self.now, self.k.deck.credit
        clock = k.clock[m]
        price = np.exp(clock.memory * self.ln_price + now.expected_level)
        keep = clip01(now.expected_absorption * price / self.contract_price)
        receivable = credit.receivable_months * (self.billed - self.shortfall) + self.shortfall
        self.exposure = (receivable + (self.backlog - self.deferred) * (1 - keep)) * self.alive
        np.maximum(self.peak_exposure, self.exposure, out=self.peak_exposure)
        limit = credit.hazard_growth_limit
        slow = np.minimum(np.maximum(credit.hazard_growth_slope * (k.growth_in_boom - self.growth), -limit), limit)
        hazard = now.hazard * np.exp(slow) * (
            1 + credit.hazard_runway_slope * (1 - clip01(self.runway / credit.runway_reference)))
        hazard += credit.hazard_cash_out * (self.cash < 0)
        self.hazard_sum += hazard * self.alive * STEP
        fails = self.alive & (self.hazard_sum >= self.threshold)
        self.default_cash = self.fail(m, fails, receivable) if fails.any() else 0.0
        if clock.any_active:
            self.amend(m)

    def fail(self, m, fails, receivable):
        """The defaults of a month, all of them at once: rows and columns of the flags. Returns the cash they bring."""
        k, credit = self.k, self.k.deck.credit
        c, i = np.nonzero(fails)
        rate = self.rng.beta(k.recovery_a, k.recovery_b, len(c)) * np.where(self.winter[i], credit.recovery_winter_factor, 1.0)
        exposure = self.exposure[c, i]
        self.default_month[c, i] = m + 1
        self.ecl[c, i] += (1 - rate) * exposure * k.risk_free[m]
        self.equity_loss[c, i] += k.prior_investment[c, 0] + self.invested[c, i]
        self.freed[c, i] = self.used[c, i]
        self.written_off[c, i] += self.backlog[c, i]
        self.forfeited[c, i] += self.deferred[c, i]
        self.backlog[c, i] = self.deferred[c, i] = 0
        self.makeup[:, c, i] = 0
        self.alive[c, i] = False
        return np.bincount(i, rate * exposure * k.recovery_discount - receivable[c, i], self.n)

    def amend(self, m):
        k, now, clock = self.k, self.now, self.k.clock[m]
        may = self.alive & clock.active & (self.backlog - self.deferred > TINY)
        asks = may & ~self.renegotiated & (self.usage < clock.renegotiation_usage * self.scale)
        if asks.any():
            asks &= self.rng.random(asks.shape) < now.renegotiation
            cut = k.renegotiation_cut * (self.backlog - self.deferred) * asks
            self.commitment -= cut
            self.backlog -= cut
            self.cut += cut
            self.scale = np.where(asks, self.scale * (1 - k.renegotiation_cut), self.scale)
            self.renegotiated |= asks
            may &= self.backlog - self.deferred > TINY
        asks = may & ~self.extended & (self.backlog < k.extension_months * self.usage)
        if asks.any():
            asks &= self.rng.random(asks.shape) < now.extension
            more = k.extension_money * asks
            self.commitment += more
            self.backlog += more
            self.bookings += more
            self.extended |= asks

    # ---- 7.9 to 7.12
    def relet(self, m):
        k, now, relet = self.k, self.now, self.k.deck.relet
        since = m + 1 - relet.lag - self.default_month
        if since.max() > 0:
            self.relet_demand = now.absorption * (
                self.freed * -np.expm1(np.minimum(-since, 0.0) / relet.time_constant)).sum(0)
        again = np.minimum(self.relet_demand, self.free)
        self.sold = again + k.deck.market.spot_fraction * now.absorption * (self.free - again)
        self.idle = self.free - self.sold
        self.relet_revenue = self.sold * self.price * ((1 - relet.discount) * STEP)
        self.relet_sum += self.relet_revenue
        self.idle_sum += self.idle * STEP

    def close_month(self, m, z_base):
        k, deck, now = self.k, self.k.deck, self.now
        business, provider = deck.base_business, deck.provider
        v = business.revenue_volatility
        self.base_growth += business.growth_reversion * STEP * (now.base_growth_level - self.base_growth) \
            + business.growth_volatility * np.sqrt(STEP) * self.rng.standard_normal(self.n)
        self.ln_base += (self.base_growth - v * v / 2) * STEP + v * np.sqrt(STEP) * z_base
        base = np.exp(self.ln_base)
        self.obligations = positive(self.obligations + now.booked * base)
        recognised = self.recognised.sum(0)
        cost = provider.operating_cost * STEP * (self.used_by_all + self.sold + provider.idle_cost_fraction * self.idle)
        self.aws_revenue = base * STEP + (1 - business.cannibalisation) * recognised + self.relet_revenue + self.distribution
        self.contract_revenue = recognised
        self.operating_income = recognised + self.relet_revenue - cost - self.depreciation
        operating = self.billed.sum(0) + self.default_cash + self.relet_revenue - cost \
            - business.cannibalisation * business.base_margin * recognised
        flow = operating - self.capex
        self.npv_operating += operating * k.discount[m]
        self.npv_capex += self.capex * k.discount[m]
        self.distribution_pv += self.distribution * k.discount[m]
        self.distribution_sum += self.distribution
        self.cash_sum += flow
        self.payback = np.where(self.cash_sum < 0, np.inf, np.minimum(self.payback, m + 1))
        if m < provider.payback_cutoff:
            self.frozen += flow
            self.cutoff_capacity = self.capacity
        else:
            self.frozen += (operating - self.replacement) * np.minimum(
                1.0, self.cutoff_capacity / np.maximum(self.capacity, TINY))
        self.payback_net_of_growth = np.where(self.frozen < 0, np.inf, np.minimum(self.payback_net_of_growth, m + 1))

    def month(self, m):
        z = self.k.cholesky @ self.rng.standard_normal((5, self.n))
        self.step_regime(m)
        self.starved = np.where(self.live > TINY, clip01(1 - self.capacity / np.maximum(self.live, TINY)), 0.0)
        self.step_supply(m)
        self.ln_price = self.k.price_memory * self.ln_price + self.now.price_pull + self.k.price_spread * z[3]
        self.price = np.exp(self.ln_price)
        self.step_demand(m, z)
        self.allocate(m)
        self.fulfil_contracts(m)
        self.finance(m)
        self.judge(m)
        self.relet(m)
        self.close_month(m, z[4])

    def finish(self):
        k, deck = self.k, self.k.deck
        power, horizon = deck.power, deck.time.horizon
        done = np.where(np.isinf(self.begin), 1e9, self.begin) + power.shell_lead
        built = clip01((np.minimum(horizon, done) - positive(done - power.shell_lead)) / power.shell_lead)
        shells = power.shell_cost * self.energy * built * clip01(1 - (horizon - done) / power.shell_life)
        self.npv_terminal = (self.book_value + shells.sum(0)) * k.terminal_discount
        self.npv = self.npv_operating - self.npv_capex + self.npv_terminal
        equity = k.equity_multiple @ self.regimes * self.revenue * self.alive
        self.stake_value = (self.stake * equity).sum(0)
        self.prior_stake_value = (k.prior_stake * equity).sum(0)


def simulate(deck, seed, n_paths, chunk):
    """Moments of all metrics over n_paths paths in chunks, by name, and the seconds that took."""
    k = Constants(namespace(deck))
    rng = np.random.Generator(np.random.SFC64(seed))
    moments = Moments()
    start = time.perf_counter()
    for first in range(0, n_paths, chunk):
        n = min(chunk, n_paths - first)
        paths, books = Paths(k, rng, n), Books(k, n)
        for m in range(k.deck.time.horizon):
            paths.month(m)
            books.add_month(paths, m)
        paths.finish()
        moments.add(books.close(paths))
    return moments, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tenor')
    parser.add_argument('deck')
    parser.add_argument('seed', type=int)
    parser.add_argument('paths', type=int)
    parser.add_argument('--chunk', type=int, default=1000)
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE')
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)      # whoever reads may stop early
    try:
        deck = read_deck(options.tenor, options.deck, *options.set)
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.stderr)
    if deck.get('uncertain'):
        raise SystemExit('numpy_twin: %s has uncertain keys' % options.deck)
    moments, seconds = simulate(deck, options.seed, options.paths, options.chunk)
    json.dump({'paths': options.paths, 'months': deck['time']['horizon'], 'seconds': seconds, 'metrics': moments.table()},
              sys.stdout)
    print()


if __name__ == '__main__':
    main()
