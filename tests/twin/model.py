"""The model a second time: one path, one month after the other, plain numbers.

Written from the specification and apart from the engine, for comparison with it. Nothing here is fast, vectorised or
shared with the engine. `path(deck, draws)` follows one path; `deck` is nested dicts of bare numbers in the engine's
units (see deck_text.read_deck), `draws` nested lists, one entry a random number:

    slip[1+G] yield[G] delay[1+J] cancel[J] default[C] recovery[C] regime[M] factors[M][5] own_factors[M][C][3]
    disruption[M] raise[M][C] renegotiation[M][C] extension[M][C] base_growth[M]

It returns the metrics by name, each a list of dates of lists of items, as the engine's table of metrics has them.
"""
from math import ceil, exp, inf, log, log1p, sqrt
from types import SimpleNamespace

from scipy.linalg import expm
from scipy.special import betaincinv

STEP = 1 / 12
TINY = 1e-9
BOOM, WINTER = 0, 2
NONE, POWER, CHIPS, CONTRACT_CAP, BUDGET, DEMAND = range(6)


def clip(x, low, high):
    return min(max(x, low), high)


def entry(values, year, after):
    """Entry `year` of a yearly list; `after` its end: 'zero' or 'last'."""
    if not values:
        return 0.0
    return values[year] if year < len(values) else values[-1] if after == 'last' else 0.0


def cholesky(a):
    n = len(a)
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = a[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = sqrt(rest) if i == j else rest / low[j][j]
    return low


def lower_times(low, x, n):
    return [sum(low[i][k] * x[k] for k in range(i + 1)) for i in range(n)]


class Generation:
    def __init__(self, keys, deck, common, own, yield_draw):
        fleet = deck.fleet
        r = fleet.slip_correlation
        self.keys = keys
        slip = fleet.slip_multiplier * keys.slip_median * exp(keys.slip_sigma * (sqrt(r) * common + sqrt(1 - r) * own))
        self.volume = keys.planned_capacity * exp(fleet.yield_sigma * yield_draw - fleet.yield_sigma ** 2 / 2)
        self.at_zero = 1 / (1 + exp(min(keys.ramp_slope * keys.ramp_midpoint, 700)))
        self.top = self.volume * keys.ramp_slope / (4 * (1 - self.at_zero))
        self.age = -keys.start - slip
        self.delivered = [self.volume * self.fraction()]        # by date

    def fraction(self):
        if self.age <= 0:
            return 0.0
        raw = 1 / (1 + exp(min(-self.keys.ramp_slope * (self.age - self.keys.ramp_midpoint), 700)))
        return (raw - self.at_zero) / (1 - self.at_zero)


class Site:
    def __init__(self, keys, deck, common, own, cancel):
        power = deck.power
        r = power.delay_correlation
        self.keys = keys
        self.plan = keys.energised - power.shell_lead
        self.gated = deck.build.mode == 'fulfil' and self.plan >= 0 and not keys.committed
        self.begin = inf if self.gated else self.plan
        delay = power.delay_multiplier * keys.delay_median * exp(
            keys.delay_sigma * (sqrt(r) * common + sqrt(1 - r) * own)) if keys.delay_median > 0 else 0.0
        self.date = keys.energised + delay
        self.kept = cancel >= power.cancel_multiplier * keys.cancel_probability


class Customer:
    def __init__(self, keys, deck, default, recovery):
        credit = deck.credit
        self.keys = keys
        n = credit.recovery_mean * (1 - credit.recovery_mean) / credit.recovery_sd ** 2 - 1
        self.recovery = betaincinv(credit.recovery_mean * n, (1 - credit.recovery_mean) * n, recovery)
        self.threshold = -log1p(-default)
        self.revenue, self.growth, self.share = keys.initial_revenue, keys.initial_growth, keys.initial_share
        self.log_training, self.cash, self.price = 0.0, keys.initial_cash, keys.contract_price
        self.reference = deck.market.initial_price
        self.commitment = self.backlog = keys.commitment
        self.makeup, self.scale, self.runway = [0.0] * 4, 1.0, credit.runway_limit
        self.alive, self.renegotiated, self.extended = True, False, False
        self.default_month = self.fulfilled_month = self.fulfilled_in_full_month = inf
        for name in ('gross paid relief_of_year bank hazard tranches stake invested mix fifo deferred used bill rec billed_sum '
                     'rec_sum used_sum shortfall_sum relief_sum credit_sum beyond cut written_off lapsed forfeited bookings '
                     'financed_mix financed_fifo distributed ecl peak equity_loss relet_base exposure current_rpo '
                     'live_demand want budget usage miss shortfall').split():
            setattr(self, name, 0.0)

    def clock(self, m):
        """Where month m stands in the contract."""
        start, term = self.keys.start, self.keys.term
        k = m - start
        year = max(k, 0) // 12
        length = max(1, min(12, term - 12 * year))
        active = 0 <= k < term
        return SimpleNamespace(k=k, year=year, length=length, active=active, closes=active and max(k, 0) % 12 + 1 == length,
                               ends=active and k == term - 1, resets=active and k > 0 and k % 12 == 0)


class Path:
    def __init__(self, deck, draws):
        self.deck, self.draws = deck, draws
        slip, delay = draws['slip'], draws['delay']
        self.generations = [Generation(g, deck, slip[0], slip[1 + i], draws['yield'][i])
                            for i, g in enumerate(deck.generations)]
        self.sites = [Site(s, deck, delay[0], delay[1 + j], draws['cancel'][j]) for j, s in enumerate(deck.sites)]
        self.customers = [Customer(c, deck, draws['default'][n], draws['recovery'][n])
                          for n, c in enumerate(deck.customers)]
        self.low = cholesky(deck.correlation.factors)
        chain = expm([[x * STEP for x in row] for row in deck.regime.transition_rate])
        self.chain = [[float(x) for x in row] for row in chain]
        self.regime, self.disrupted = deck.regime.initial_regime, False
        self.backfill = [0.0]
        self.last_capacity = self.last_demand = deck.fleet.initial_capacity
        self.last_relet = 0.0
        self.price = deck.market.initial_price
        self.base, self.base_growth = deck.base_business.initial_revenue, deck.base_business.initial_growth
        self.obligations = deck.base_business.initial_obligations
        self.payback = self.payback_frozen = inf
        for name in ('npv npv_operating npv_capex cash_sum frozen investment_pv distribution_pv distribution_sum capex_sum '
                     'backfill_cost_sum idle_sum relet_sum capacity_at_cutoff').split():
            setattr(self, name, 0.0)
        self.relet_tables()

    # ---- the expected price and absorption over the next h months
    def relet_tables(self):
        deck = self.deck
        e = exp(-deck.market.reversion_rate * STEP)
        level = [log(x) for x in deck.market.price_level]
        absorb = list(deck.relet.absorption)
        self.mean_absorption, self.alpha, self.beta = [list(absorb)], [1.0], [[0.0] * 3]
        total_a, total_e, total_r, r, ahead, power = [0.0] * 3, 0.0, [0.0] * 3, [0.0] * 3, level, 1.0
        for h in range(1, max(c.start + c.term for c in deck.customers) + 1):
            absorb = [sum(p * x for p, x in zip(row, absorb)) for row in self.chain]
            ahead = [sum(p * x for p, x in zip(row, ahead)) for row in self.chain]
            power *= e
            r = [e * x + (1 - e) * y for x, y in zip(r, ahead)]
            total_a = [x + y for x, y in zip(total_a, absorb)]
            total_r = [x + y for x, y in zip(total_r, r)]
            total_e += power
            self.mean_absorption.append([x / h for x in total_a])
            self.alpha.append(total_e / h)
            self.beta.append([x / h for x in total_r])

    # ---- blocks 1 to 3
    def advance_regime(self, m):
        row, u = self.chain[self.regime], self.draws['regime'][m]
        self.regime = (u > row[0]) + (u > row[0] + row[1])

    def advance_supply(self, m):
        deck, fleet, power_keys, build = self.deck, self.deck.fleet, self.deck.power, self.deck.build
        n, r = m + 1, m + 1 - fleet.service_life
        u = self.draws['disruption'][m]
        if self.disrupted:
            self.disrupted = u >= 1 - exp(-STEP / fleet.disruption_duration)
        else:
            self.disrupted = u < 1 - exp(-fleet.disruption_rate * STEP)
        fulfil = build.mode == 'fulfil'
        promised = 0.0
        for c in self.customers:
            k = m + build.order_lead - c.keys.start
            if c.alive and 0 <= k < c.keys.term:
                promised += entry(c.keys.guaranteed_capacity, k // 12, 'last')
        target = min(build.capacity_cap, max(build.demand_margin * (self.last_demand + self.last_relet), promised))

        def retired(delivered, date):
            return delivered[date] if date >= 0 else 0.0

        def initial(date):
            gone = (date - fleet.initial_retirement_start) / fleet.initial_retirement_spread
            return fleet.initial_capacity * (1 - clip(gone, 0, 1))

        old_fleet = initial(n)
        left = [g.delivered[m] - retired(g.delivered, r) for g in self.generations]
        left_backfill = self.backfill[m] - retired(self.backfill, r)
        offers = []
        for g in self.generations:
            g.age += fleet.disruption_speed if self.disrupted else 1.0
            offer = max(min(g.volume * g.fraction() - g.delivered[m], g.top), 0.0)
            offers.append(offer if g.age <= fleet.offer_life else 0.0)
        part = 1.0
        if fulfil:
            part = clip(max(target - (old_fleet + sum(left) + left_backfill), 0.0) / max(sum(offers), TINY), 0, 1)
        taken = [offer * part for offer in offers]
        for g, x in zip(self.generations, taken):
            g.delivered.append(g.delivered[m] + x)
        serving = [a + b for a, b in zip(left, taken)]
        new = old_fleet + sum(serving)

        started, power, shells = 0.0, 0.0, 0.0
        for site in self.sites:
            if site.gated and site.begin == inf and m >= site.plan and target > started + TINY:
                site.begin = m
            size = site.keys.capacity
            if site.begin == inf:
                continue
            if site.begin <= m and (site.kept or m < site.begin + power_keys.shell_lead):
                started += size
            if site.kept:
                power += size * clip((n - (site.date + site.begin - site.plan)) / power_keys.ramp, 0, 1)
            if site.begin <= m < site.begin + power_keys.shell_lead:
                shells += power_keys.shell_cost * size / power_keys.shell_lead * (
                    1.0 if site.kept else power_keys.cancel_cost_fraction)

        buy = clip(min(power, build.capacity_cap, self.last_demand) - new - left_backfill, 0, fleet.backfill_rate * STEP)
        self.backfill.append(self.backfill[m] + buy)
        serving_backfill = left_backfill + buy
        self.installed = new + serving_backfill
        self.power = power
        self.capacity = min(self.installed, power, build.capacity_cap)
        self.performance = fleet.initial_performance
        if self.installed > TINY:
            self.performance = (fleet.initial_performance * old_fleet + fleet.backfill_performance * serving_backfill + sum(
                g.keys.performance * a for g, a in zip(self.generations, serving))) / self.installed
        owned = [g.keys.own * a for g, a in zip(self.generations, serving)]
        self.own_chips = fleet.initial_own * old_fleet + sum(owned)
        self.chips = sum(a / g.keys.chip_power for g, a in zip(self.generations, owned))
        self.milestone = min(sum(g.keys.milestone * a for g, a in zip(self.generations, serving)),
                             max(power - old_fleet, 0.0))
        bought = [g.delivered[n] - g.delivered[m] for g in self.generations]
        chips = sum(g.keys.chip_cost * x for g, x in zip(self.generations, bought)) + fleet.backfill_cost * buy
        self.capex, self.backfill_cost = chips + shells, fleet.backfill_cost * buy
        self.depreciation = (fleet.initial_cost * old_fleet + fleet.backfill_cost * serving_backfill + sum(
            g.keys.chip_cost * a for g, a in zip(self.generations, serving))) / fleet.service_life \
            + power_keys.shell_cost * power / power_keys.shell_life
        gone = initial(m) - old_fleet
        for delivered in [g.delivered for g in self.generations] + [self.backfill]:
            gone += retired(delivered, r) - retired(delivered, r - 1)
        added = sum(bought) + buy
        self.replacement = chips * min(1.0, gone / max(added, TINY)) if added > TINY else 0.0

    def advance_price(self, m, z):
        market = self.deck.market
        kappa = market.reversion_rate
        e = exp(-kappa * STEP)
        sd = market.price_volatility * sqrt((1 - e * e) / (2 * kappa) if kappa > 0 else STEP)
        self.price = exp(e * log(self.price) + (1 - e) * log(market.price_level[self.regime]) + sd * z[3])

    # ---- block 4
    def advance_demand(self, m, z):
        deck, s = self.deck, self.regime
        demand, w = deck.demand, deck.correlation.between_customers if len(self.customers) > 1 else 1.0
        fade = demand.fade_floor + (1 - demand.fade_floor) * exp(-m * STEP / demand.fade_time)
        starved = clip(1 - self.last_capacity / self.last_demand, 0, 1) if self.last_demand > TINY else 0.0
        self.distribution = 0.0
        for n, c in enumerate(self.customers):
            keys = c.keys
            own = lower_times(self.low, self.draws['own_factors'][m][n], 3)
            shock = [sqrt(w) * z[j] + sqrt(1 - w) * own[j] for j in range(3)]
            c.share += (keys.share_recovery_rate * (keys.target_share - c.share)
                        - keys.share_loss_rate * c.share * starved) * STEP
            c.growth += keys.growth_reversion * (keys.growth_level[s] + keys.distribution_growth - c.growth) * STEP \
                + keys.growth_volatility * sqrt(STEP) * shock[1]
            damped = c.growth * clip(1 - c.revenue / keys.revenue_ceiling, 0, 1) if c.growth > 0 else c.growth
            v = keys.revenue_volatility
            c.revenue *= exp((damped - keys.growth_starvation * starved - v * v / 2) * STEP + v * sqrt(STEP) * shock[0])
            v = demand.training_volatility
            c.log_training += (demand.training_growth[s] - demand.efficiency_pass_through * demand.efficiency_growth) \
                * fade * STEP - v * v / 2 * STEP + v * sqrt(STEP) * shock[2]
            c.demand = (keys.training_demand * exp(c.log_training) + keys.inference_demand * (
                c.revenue / keys.initial_revenue) ** demand.inference_elasticity) * (c.share / keys.initial_share) \
                / self.performance * deck.fleet.initial_performance
            c.now = c.clock(m)
            c.serves = c.alive and c.now.active                  # before this month's default
            c.live_demand = c.demand if c.serves else 0.0
            if c.alive:
                self.distribution += keys.distribution_share * keys.take_rate * c.revenue * STEP

    # ---- block 5
    def allocate(self):
        funding, build = self.deck.funding, self.deck.build
        for c in self.customers:
            keys = c.keys
            if c.now.resets:
                if c.alive:
                    step = min(self.price / c.reference, keys.price_reset_limit) - 1
                    c.price = max(keys.price_floor_fraction * keys.contract_price, c.price * (1 + keys.price_indexation * step))
                c.reference = self.price
            c.budget = c.share * (funding.budget_revenue_share * c.revenue + funding.budget_cash_rate * max(c.cash, 0.0))
            c.want = min(c.live_demand, keys.capacity_limit, c.budget / c.price)
        wanted = sum(c.want for c in self.customers)
        left = self.capacity
        for c in self.customers:
            if self.deck.provider.allocation == 'priority':
                c.used = min(left, c.want)
                left -= c.used
            else:
                c.used = c.want * min(1.0, self.capacity / max(wanted, 1e-12))
        self.free = max(self.capacity - sum(c.used for c in self.customers), 0.0)

        low = min(self.power, build.capacity_cap, self.installed)
        supply = POWER if self.power <= low + TINY else CONTRACT_CAP if build.capacity_cap <= low + TINY else CHIPS
        for c in self.customers:
            low = min(c.live_demand, c.keys.capacity_limit, c.budget / c.price)
            own = CONTRACT_CAP if c.keys.capacity_limit <= low + TINY else \
                BUDGET if c.budget / c.price <= low + TINY else DEMAND
            c.binding = NONE if c.live_demand == 0 else supply if c.used < c.want - TINY else own
        largest = max(self.customers, key=lambda c: c.want)      # the first of equals
        self.binding = supply if wanted > self.capacity + TINY else largest.binding

    # ---- block 6
    def fulfil_contract(self, c, m):
        keys, now, serves = c.keys, c.now, c.serves
        minimum = entry(keys.annual_minimum, now.year, 'zero') * c.scale
        c.usage = c.used * c.price * STEP
        promised = entry(keys.guaranteed_capacity, now.year, 'last')
        c.miss = max(min(promised, c.want) - c.used, 0.0) if serves else 0.0
        relief = keys.relief_fraction * c.miss * c.price * STEP
        c.relief_of_year += relief
        c.relief_sum += relief
        unfunded = max(c.commitment - c.gross - sum(c.makeup), 0.0)
        over = max(c.usage - min(minimum / now.length, unfunded), 0.0)
        drawn = 0.0
        for v in (3, 2, 1, 0):
            x = min(over, c.makeup[v])
            over, drawn = over - x, drawn + x
            c.makeup[v] -= x
        net = c.usage - drawn
        credit = min(keys.credit_fraction * c.miss * c.price * STEP, net)
        c.paid += net
        c.shortfall = expired = 0.0
        if now.closes:
            due = max(minimum - c.relief_of_year, 0.0)
            open_ = max(c.commitment - c.gross - c.usage - sum(c.makeup), 0.0)
            have = c.paid + c.bank
            c.shortfall = max(min(due - have, open_), 0.0) if serves else 0.0
            c.bank = keys.carry_forward * max(have - due, 0.0) if serves else 0.0
            c.paid = c.relief_of_year = 0.0
            years = keys.makeup_years
            if years > 0:
                expired = c.makeup[years - 1]
                for v in range(years - 1, 0, -1):
                    c.makeup[v] = c.makeup[v - 1]
                c.makeup[0] = c.shortfall
            else:
                expired = c.shortfall
            if now.ends:
                expired += sum(c.makeup)
                c.makeup = [0.0] * 4
        gross = c.usage + expired if serves else 0.0
        c.rec = gross - credit if serves else 0.0
        c.bill = net - credit + c.shortfall if serves else 0.0
        c.gross += gross
        c.deferred = sum(c.makeup)
        c.billed_sum += c.bill
        c.rec_sum += c.rec
        c.used_sum += c.used * STEP
        c.shortfall_sum += c.shortfall
        c.credit_sum += credit if serves else 0.0
        if now.k == keys.term:
            c.lapsed += c.backlog
        standing = c.alive and now.k < keys.term
        if standing:
            c.beyond += max(c.deferred - (c.backlog - gross), 0.0)
        c.next_backlog = max(c.commitment - c.gross, c.deferred) if standing else 0.0
        if serves and c.next_backlog <= TINY:
            c.fulfilled_month = min(c.fulfilled_month, m + 1)
            if not c.renegotiated:
                c.fulfilled_in_full_month = min(c.fulfilled_in_full_month, m + 1)

    # ---- block 7
    def finance(self, c, m):
        deck, keys, funding, s = self.deck, c.keys, self.deck.funding, self.regime
        h = (1 - c.share) / c.share
        elsewhere = max(min(h * c.demand * self.price, h * c.budget), entry(keys.other_spend, m // 12, 'last')) * STEP
        paid = 0.0
        for i, tranche in enumerate(keys.tranches):
            if c.serves and c.tranches == i and c.billed_sum >= tranche.spend_threshold - TINY \
                    and self.capacity >= tranche.capacity_threshold - TINY and (s != WINTER or i == 0):
                c.tranches += 1
                c.stake += tranche.stake
                paid += tranche.amount
        c.invested += paid
        c.growth += keys.growth_from_investment * paid / max(c.revenue, TINY)
        self.investment_pv -= paid * exp(-deck.provider.discount_rate * (m + 0.5) * STEP)
        income, overhead = c.revenue * STEP, funding.overhead_share * c.revenue * STEP
        flow = c.revenue * (1 - funding.overhead_share) * STEP - c.bill - elsewhere
        burn = max(-flow, 0.0)
        phi = clip((c.mix + paid) / max(max(c.cash, 0.0) + paid + income, TINY), 0, 1)
        c.financed_mix += phi * c.bill
        c.mix = max(c.mix + paid - phi * (c.bill + elsewhere + overhead), 0.0)
        c.fifo += paid
        x = min(c.fifo, c.bill)
        c.fifo -= x
        c.financed_fifo += x
        c.cash += paid + flow
        if c.alive and (c.cash < funding.raise_trigger * burn or c.cash < 0) \
                and self.draws['raise'][m][self.customers.index(c)] < funding.raise_probability[s]:
            c.cash += min(max(funding.raise_target * burn - c.cash, 0.0), funding.raise_multiple[s] * c.revenue)
        excess = max(c.cash - funding.cash_ceiling * c.revenue, 0.0)
        if excess > 0:
            c.mix *= 1 - excess / max(c.cash, TINY)
            c.cash -= excess
            c.distributed += excess if c.alive else 0.0
        c.runway = max(c.cash, 0.0) / burn if burn > TINY else deck.credit.runway_limit

    # ---- block 8
    def judge(self, c, m):
        deck, keys, credit, s = self.deck, c.keys, self.deck.credit, self.regime
        n = self.customers.index(c)
        receivable, c.exposure, effect = 0.0, 0.0, 0.0
        if c.alive:
            h = max(keys.start + keys.term - (m + 1), 0)
            keep = clip(self.mean_absorption[h][s] * (1 - deck.relet.discount)
                        * exp(self.alpha[h] * log(self.price) + self.beta[h][s]) / c.price, 0, 1)
            receivable = credit.receivable_months * (c.bill - c.shortfall) + c.shortfall
            c.exposure = receivable + (c.next_backlog - c.deferred) * (1 - keep)
        c.peak = max(c.peak, c.exposure)
        limit = credit.hazard_growth_limit
        rate = credit.hazard[s] * exp(clip(credit.hazard_growth_slope * (keys.growth_level[BOOM] - c.growth), -limit, limit)) \
            * (1 + credit.hazard_runway_slope * (1 - clip(c.runway / credit.runway_reference, 0, 1))) \
            + (credit.hazard_cash_out if c.cash < 0 else 0.0)
        if c.alive:
            c.hazard += rate * STEP
            if c.hazard >= c.threshold:
                c.default_month = m + 1
                recovered = c.recovery * (credit.recovery_winter_factor if s == WINTER else 1.0)
                c.ecl += (1 - recovered) * c.exposure * exp(-deck.provider.risk_free_rate * (m + 1) * STEP)
                c.equity_loss += keys.prior_investment + c.invested
                effect = recovered * c.exposure * exp(-deck.provider.discount_rate * credit.recovery_lag * STEP) - receivable
                c.relet_base = c.used
                c.written_off += c.next_backlog
                c.forfeited += c.deferred
                c.next_backlog = c.deferred = 0.0
                c.makeup = [0.0] * 4
                c.alive = False
        minimum = entry(keys.annual_minimum, c.now.year, 'zero')
        if c.alive and c.now.active and not c.renegotiated and c.next_backlog - c.deferred > TINY \
                and 12 * c.usage < minimum * c.scale / keys.renegotiation_trigger \
                and self.draws['renegotiation'][m][n] < 1 - exp(-keys.renegotiation_rate[s] * STEP):
            cut = keys.renegotiation_cut * (c.next_backlog - c.deferred)
            c.commitment -= cut
            c.next_backlog -= cut
            c.cut += cut
            c.scale *= 1 - keys.renegotiation_cut
            c.renegotiated = True
        if c.alive and c.now.active and not c.extended and c.next_backlog - c.deferred > TINY \
                and c.next_backlog < keys.extension_trigger * 12 * c.usage \
                and self.draws['extension'][m][n] < 1 - exp(-keys.extension_rate[s] * STEP):
            more = keys.extension_size * keys.commitment
            c.commitment += more
            c.next_backlog += more
            c.bookings += more
            c.extended = True
        c.backlog = c.next_backlog
        self.measure(c)
        return effect

    @staticmethod
    def measure(c):
        """Current RPO and schedule duration."""
        keys, n = c.keys, c.now.k + 1
        near = rest_sum = centre_sum = 0.0
        for j in range(ceil(keys.term / 12)):
            begin, end = 12 * j, min(12 * (j + 1), keys.term)
            minimum = entry(keys.annual_minimum, j, 'zero')
            rest = minimum * max(min(end - max(begin, n), end - begin), 0) / (end - begin)
            centre_sum += rest * ((max(begin, n) + end) / 2 - n) / 12
            rest_sum += rest
            near += minimum * max(min(end, n + 12) - max(begin, n), 0) / (end - begin)
        over = c.now.k >= keys.term
        c.current_rpo = 0.0 if over else min(c.backlog, max(near * c.scale, 12 * c.usage))
        c.duration = 0.0 if over else centre_sum / max(rest_sum, TINY)

    # ---- blocks 9 to 11
    def close_month(self, m, z, default_effect):
        deck, customers, s = self.deck, self.customers, self.regime
        relet, business, provider = deck.relet, deck.base_business, deck.provider
        freed = 0.0
        for c in customers:
            h = m + 1 - c.default_month - relet.lag
            if h > 0:
                freed += c.relet_base * (1 - exp(-h / relet.time_constant))
        self.last_relet = freed * relet.absorption[s]
        again = min(self.last_relet, self.free)
        self.sold = again + deck.market.spot_fraction * relet.absorption[s] * (self.free - again)
        self.relet_revenue = self.sold * self.price * (1 - relet.discount) * STEP
        self.idle = self.free - self.sold
        self.base_growth += business.growth_reversion * (business.growth_level[s] - self.base_growth) * STEP \
            + business.growth_volatility * sqrt(STEP) * self.draws['base_growth'][m]
        v = business.revenue_volatility
        self.base *= exp((self.base_growth - v * v / 2) * STEP + v * sqrt(STEP) * z[4])
        self.obligations = max(self.obligations + (business.book_to_bill[s] - 1) * business.obligated_fraction
                               * self.base * STEP, 0.0)
        recognised = sum(c.rec for c in customers)
        self.recognised = recognised
        self.aws_revenue = self.base * STEP + (1 - business.cannibalisation) * recognised + self.relet_revenue \
            + self.distribution
        cost = provider.operating_cost * (sum(c.used for c in customers) + self.sold
                                          + provider.idle_cost_fraction * (self.free - self.sold)) * STEP
        operating = sum(c.bill for c in customers) + default_effect + self.relet_revenue - cost \
            - business.cannibalisation * business.base_margin * recognised
        self.operating_income = recognised + self.relet_revenue - cost - self.depreciation
        self.flow = flow = operating - self.capex
        discount = exp(-provider.discount_rate * (m + 0.5) * STEP)
        self.npv += flow * discount
        self.npv_operating += operating * discount
        self.npv_capex += self.capex * discount
        self.cash_sum += flow
        self.distribution_pv += self.distribution * discount
        self.distribution_sum += self.distribution
        self.capex_sum += self.capex
        self.backfill_cost_sum += self.backfill_cost
        self.idle_sum += self.idle * STEP
        self.relet_sum += self.relet_revenue
        self.payback = inf if self.cash_sum < 0 else min(self.payback, m + 1)
        if m < provider.payback_cutoff:
            self.frozen += flow
            self.capacity_at_cutoff = self.capacity
        else:
            self.frozen += (operating - self.replacement) * min(1.0, self.capacity_at_cutoff / max(self.capacity, TINY))
        self.payback_frozen = inf if self.frozen < 0 else min(self.payback_frozen, m + 1)
        self.last_capacity = self.capacity
        self.last_demand = self.live_demand = sum(c.live_demand for c in customers)

    def month(self, m):
        z = lower_times(self.low, self.draws['factors'][m], 5)
        self.advance_regime(m)
        self.advance_supply(m)
        self.advance_price(m, z)
        self.advance_demand(m, z)
        self.allocate()
        effect = 0.0
        for c in self.customers:
            self.fulfil_contract(c, m)
            self.finance(c, m)
            effect += self.judge(c, m)
        self.close_month(m, z, effect)

    # ---- block 12
    def value(self):
        deck, fleet, power, provider = self.deck, self.deck.fleet, self.deck.power, self.deck.provider
        horizon = deck.time.horizon
        worth = 0.0
        for delivered, cost in [(g.delivered, g.keys.chip_cost) for g in self.generations] + [(self.backfill, fleet.backfill_cost)]:
            for n in range(1, horizon + 1):
                worth += cost * (delivered[n] - delivered[n - 1]) * clip(1 - (horizon - n) / fleet.service_life, 0, 1)
        for site in self.sites:
            if site.begin < inf and site.kept:
                done = site.begin + power.shell_lead
                spent = clip((min(horizon, done) - max(site.begin, 0)) / power.shell_lead, 0, 1)
                worth += power.shell_cost * site.keys.capacity * spent * clip(1 - (horizon - done) / power.shell_life, 0, 1)
        self.npv_terminal = worth * exp(-provider.discount_rate * horizon * STEP) if provider.terminal_value else 0.0
        self.npv += self.npv_terminal
        self.stake_value = self.prior_stake_value = 0.0
        for c in self.customers:
            equity = provider.equity_price_to_sales[self.regime] * c.revenue * exp(
                -provider.equity_discount_rate * horizon * STEP) if c.alive else 0.0
            self.stake_value += c.stake * equity
            self.prior_stake_value += c.keys.prior_stake * equity


class Books:
    """What a quarter sums up."""

    def __init__(self, path):
        self.path, self.dates = path, {}
        self.floor_binds = {}
        self.monthly = {name: [] for name in ('cash_flow', 'survivor', 'winter_survivor', 'monthly_exposure')}
        self.open()

    def open(self):
        self.months = 0
        self.sums = dict.fromkeys(('contract_revenue', 'aws_revenue', 'capex', 'relet_revenue', 'distribution_revenue',
                                   'operating_income', 'depreciation', 'used', 'sold', 'capacity'), 0.0)
        self.codes = [0] * 6
        self.customer_codes = [[0] * 6 for _ in self.path.customers]

    def add_month(self, m):
        p = self.path
        self.months += 1
        for name, value in (('contract_revenue', p.recognised), ('aws_revenue', p.aws_revenue), ('capex', p.capex),
                            ('relet_revenue', p.relet_revenue), ('distribution_revenue', p.distribution),
                            ('operating_income', p.operating_income), ('depreciation', p.depreciation),
                            ('used', sum(c.used for c in p.customers)), ('sold', p.sold), ('capacity', p.capacity)):
            self.sums[name] += value
        before = [float(c.default_month > m) for c in p.customers]
        self.monthly['cash_flow'].append([p.flow])
        self.monthly['survivor'].append(before)
        self.monthly['winter_survivor'].append([x * (p.regime == WINTER) for x in before])
        self.monthly['monthly_exposure'].append([c.exposure for c in p.customers])
        self.codes[p.binding] += 1
        for c, codes in zip(p.customers, self.customer_codes):
            codes[c.binding] += 1
            if c.now.closes:
                self.floor_binds[c.now.year, p.customers.index(c)] = float(c.shortfall > TINY)

    def close_quarter(self):
        p, s = self.path, self.sums
        customers = p.customers
        total = {name: sum(getattr(c, attribute) for c in customers) for name, attribute in (
            ('backlog', 'backlog'), ('current_rpo', 'current_rpo'), ('deferred_revenue', 'deferred'), ('exposure', 'exposure'),
            ('contract_revenue_cum', 'rec_sum'), ('shortfall_cum', 'shortfall_sum'), ('relief_cum', 'relief_sum'),
            ('billed_cum', 'billed_sum'), ('bookings_cum', 'bookings'), ('used_cum', 'used_sum'),
            ('financed_fifo_cum', 'financed_fifo'), ('financed_mix_cum', 'financed_mix'))}
        whole = max(s['capacity'], TINY)
        values = {name: [x] for name, x in total.items()}
        values.update({name: [s[name]] for name in ('contract_revenue', 'aws_revenue', 'capex', 'relet_revenue',
                                                    'distribution_revenue', 'operating_income', 'depreciation')})
        values.update(
            capacity=[p.capacity], installed=[p.installed], power=[p.power], demand=[p.live_demand],
            utilisation=[(s['used'] + s['sold']) / whole], customer_utilisation=[s['used'] / whole], idle_capacity=[p.idle],
            capex_cum=[p.capex_sum], backfill_cost_cum=[p.backfill_cost_sum],
            aws_obligations=[p.obligations + total['backlog']],
            circularity_fifo=[total['financed_fifo_cum'] / max(total['billed_cum'], TINY)],
            circularity_mixing=[total['financed_mix_cum'] / max(total['billed_cum'], TINY)],
            market_price=[p.price], own_chip_share=[p.own_chips / max(p.installed, TINY)], own_chip_capacity=[p.own_chips],
            chips_in_service=[p.chips], milestone_capacity=[p.milestone],
            milestone_reached=[float(p.milestone >= 1 - 1e-6)],
            five_gw_reached=[float(max([p.capacity] + [x[0] for x in self.dates.get('capacity', [])]) >= 5 - 1e-6)],
            duration=[sum(c.backlog * c.duration for c in customers) / max(total['backlog'], TINY)],
            regime_share=[float(p.regime == k) for k in range(3)],
            binding_share=[n / self.months for n in self.codes],
            customer_binding_share=[n / self.months for codes in self.customer_codes for n in codes],
            alive=[float(c.alive) for c in customers], customer_revenue=[c.revenue for c in customers],
            customer_cash=[c.cash for c in customers], customer_backlog=[c.backlog for c in customers],
            customer_exposure=[c.exposure for c in customers])
        for name, items in values.items():
            self.dates.setdefault(name, []).append(items)
        self.open()

    def close(self):
        p, customers = self.path, self.path.customers
        p.value()
        years = max(ceil(c.keys.term / 12) for c in customers)
        self.dates['floor_binds'] = [[self.floor_binds.get((y, n), 0.0) for n in range(len(customers))] for y in range(years)]
        totals = dict(
            npv=p.npv, npv_operating=p.npv_operating, npv_capex=p.npv_capex, npv_terminal=p.npv_terminal,
            npv_with_equity=p.npv + p.investment_pv + p.stake_value, investment_pv=p.investment_pv, stake_value=p.stake_value,
            prior_stake_value=p.prior_stake_value, distribution_pv=p.distribution_pv, distribution_total=p.distribution_sum,
            lost_backlog=sum(c.written_off + c.cut + c.lapsed + (c.backlog if c.keys.start + c.keys.term <= p.deck.time.horizon else 0.0)
                             for c in customers), payback=p.payback, payback_net_of_growth=p.payback_frozen, cash_total=p.cash_sum, capex_total=p.capex_sum,
            idle_total=p.idle_sum, relet_total=p.relet_sum)
        per_customer = dict(
            default_month='default_month', fulfilled_month='fulfilled_month', fulfilled_in_full_month='fulfilled_in_full_month',
            revenue_total='rec_sum', billed_total='billed_sum', used_total='used_sum', shortfall_total='shortfall_sum',
            relief_total='relief_sum', credit_total='credit_sum', ecl='ecl', peak_exposure='peak', equity_loss='equity_loss',
            invested='invested', stake='stake', distributed='distributed', financed_fifo='financed_fifo',
            financed_mix='financed_mix', renegotiated='renegotiated', extended='extended', recognised_gross='gross',
            commitment_final='commitment', beyond='beyond', cut='cut', written_off='written_off', lapsed='lapsed',
            forfeited='forfeited', bookings='bookings', final_backlog='backlog', final_deferred='deferred')
        self.dates.update({name: [[x]] for name, x in totals.items()})
        self.dates.update({name: [[float(getattr(c, attribute)) for c in customers]] for name, attribute in per_customer.items()})
        self.dates.update(self.monthly)
        self.dates['defaulted'] = [[float(c.default_month < inf) for c in customers]]
        return self.dates


def namespace(tree):
    """Nested dicts and lists of dicts with their keys as attributes."""
    if isinstance(tree, dict):
        return SimpleNamespace(**{key: namespace(value) for key, value in tree.items()})
    return [namespace(value) for value in tree] if isinstance(tree, list) else tree


def path(deck, draws):
    """One path through the deck: metrics by name, [date][item]."""
    one = Path(namespace(deck), draws)
    books, horizon = Books(one), deck['time']['horizon']
    for m in range(horizon):
        one.month(m)
        books.add_month(m)
        if m % 3 == 2 or m == horizon - 1:
            books.close_quarter()
    return books.close()
