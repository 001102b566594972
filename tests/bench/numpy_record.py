"""The metrics of a chunk of paths, and their moments over many chunks."""
import numpy as np

from model import TINY

FLOWS = ('contract_revenue', 'aws_revenue', 'capex', 'relet_revenue', 'distribution', 'operating_income', 'depreciation',
         'used_by_all', 'sold', 'capacity')
CODES = np.arange(6)[:, None]

# metric of the totals of a path and customer -> where Paths has it
CUSTOMER_TOTALS = dict(
    default_month='default_month', fulfilled_month='fulfilled_month', fulfilled_in_full_month='fulfilled_in_full_month',
    revenue_total='revenue_sum', billed_total='billed_sum', used_total='used_sum', shortfall_total='shortfall_sum',
    relief_total='relief_sum', credit_total='credit_sum', ecl='ecl', peak_exposure='peak_exposure', equity_loss='equity_loss',
    invested='invested', stake='stake', distributed='distributed', financed_fifo='financed_fifo', financed_mix='financed_mix',
    renegotiated='renegotiated', extended='extended', recognised_gross='fulfilled', commitment_final='commitment',
    beyond='beyond', cut='cut', written_off='written_off', lapsed='lapsed', forfeited='forfeited', bookings='bookings',
    final_backlog='backlog', final_deferred='deferred')
PATH_TOTALS = dict(
    npv='npv', npv_operating='npv_operating', npv_capex='npv_capex', npv_terminal='npv_terminal', investment_pv='investment_pv',
    stake_value='stake_value', prior_stake_value='prior_stake_value', distribution_pv='distribution_pv',
    distribution_total='distribution_sum', payback='payback', payback_net_of_growth='payback_net_of_growth',
    cash_total='cash_sum', capex_total='capex_sum', idle_total='idle_sum', relet_total='relet_sum')


def moments_of(values):
    """n, mean and sum of squared deviations of the finite values along the paths."""
    n = values.shape[-1]
    mean = values.mean(-1)
    if np.isfinite(mean).all():
        off = values - mean[..., None]
        return np.full(mean.shape, float(n)), mean, np.einsum('...i,...i->...', off, off)
    finite = np.isfinite(values)
    count = finite.sum(-1).astype(float)
    values = np.where(finite, values, 0.0)
    mean = values.sum(-1) / np.maximum(count, 1)
    off = np.where(finite, values - mean[..., None], 0.0)
    return count, mean, np.einsum('...i,...i->...', off, off)


class Books:
    """Takes down a chunk of n paths. Every quarter all rows go into one array, of which the moments are taken at once."""

    def __init__(self, k, n):
        self.k, self.n = k, n
        self.quarters, self.floors = [], {}
        self.peak = np.zeros(n)
        self.open()

    def open(self):
        customers = len(self.k.deck.customers)
        self.months, self.sums = 0, np.zeros((len(FLOWS), self.n))
        self.bound, self.customer_bound = np.zeros((6, self.n)), np.zeros((customers, 6, self.n))

    def add_month(self, p, m):
        clock = self.k.clock[m]
        self.months += 1
        for total, name in zip(self.sums, FLOWS):
            total += getattr(p, name)
        self.bound += p.system_code == CODES
        self.customer_bound += p.codes[:, None] == CODES
        if clock.any_closes:
            for c in np.flatnonzero(clock.closes):
                self.floors[c, int(clock.year[c, 0])] = moments_of((p.shortfall[c] > TINY).astype(float))
        if m % 3 == 2 or m == self.k.deck.time.horizon - 1:
            self.close_quarter(p, clock)

    def close_quarter(self, p, clock):
        sums = dict(zip(FLOWS, self.sums))
        backlog, billed, whole = p.backlog.sum(0), p.billed_sum.sum(0), np.maximum(sums['capacity'], TINY)
        fifo, mix = p.financed_fifo.sum(0), p.financed_mix.sum(0)
        near = np.maximum(clock.near * p.scale, 12 * p.usage)
        self.peak = np.maximum(self.peak, p.capacity)
        share = 1 / self.months
        values = dict(
            backlog=backlog, current_rpo=(np.minimum(p.backlog, near) * clock.standing).sum(0),
            deferred_revenue=p.deferred.sum(0), exposure=p.exposure.sum(0), contract_revenue=sums['contract_revenue'],
            contract_revenue_cum=p.revenue_sum.sum(0), aws_revenue=sums['aws_revenue'], capex=sums['capex'],
            relet_revenue=sums['relet_revenue'], distribution_revenue=sums['distribution'],
            operating_income=sums['operating_income'], depreciation=sums['depreciation'], capacity=p.capacity,
            installed=p.installed, power=p.power, demand=p.live, utilisation=(sums['used_by_all'] + sums['sold']) / whole,
            customer_utilisation=sums['used_by_all'] / whole, idle_capacity=p.idle, shortfall_cum=p.shortfall_sum.sum(0),
            relief_cum=p.relief_sum.sum(0), billed_cum=billed, bookings_cum=p.bookings.sum(0), capex_cum=p.capex_sum,
            backfill_cost_cum=p.backfill_cost_sum, used_cum=p.used_sum.sum(0), aws_obligations=p.obligations + backlog,
            financed_fifo_cum=fifo, financed_mix_cum=mix, circularity_fifo=fifo / np.maximum(billed, TINY),
            circularity_mixing=mix / np.maximum(billed, TINY), market_price=p.price,
            own_chip_share=p.own_chips / np.maximum(p.installed, TINY), own_chip_capacity=p.own_chips,
            chips_in_service=p.chips, milestone_capacity=p.milestone, milestone_reached=p.milestone >= 1 - 1e-6,
            five_gw_reached=self.peak >= 5 - 1e-6,
            duration=(p.backlog * clock.duration).sum(0) / np.maximum(backlog, TINY), regime_share=p.regimes,
            binding_share=self.bound * share, customer_binding_share=(self.customer_bound * share).reshape(-1, self.n),
            alive=p.alive, customer_revenue=p.revenue, customer_cash=p.cash, customer_backlog=p.backlog,
            customer_exposure=p.exposure)
        self.names = {name: 1 if rows.ndim == 1 else len(rows) for name, rows in values.items()}
        rows = np.empty((sum(self.names.values()), self.n))
        first = 0
        for (name, count), value in zip(self.names.items(), values.values()):
            rows[first:first + count] = value
            first += count
        self.quarters.append(moments_of(rows))
        self.open()

    def close(self, p):
        """(n, mean, m2) by metric, each (items, dates)."""
        out, first = {}, 0
        whole = [np.stack(parts, -1) for parts in zip(*self.quarters)]
        for name, count in self.names.items():
            out[name] = [part[first:first + count] for part in whole]
            first += count
        customers, years = len(self.k.deck.customers), max(-(-c.term // 12) for c in self.k.deck.customers)
        never = (float(self.n), 0.0, 0.0)
        floors = [[self.floors.get((c, year), never) for year in range(years)] for c in range(customers)]
        out['floor_binds'] = list(np.moveaxis(np.array(floors, float), -1, 0))
        totals = {name: getattr(p, attribute)[None] for name, attribute in PATH_TOTALS.items()}
        over = np.array([[c.start + c.term <= self.k.deck.time.horizon] for c in self.k.deck.customers])
        totals['npv_with_equity'] = (p.npv + p.investment_pv + p.stake_value)[None]
        totals['lost_backlog'] = (p.written_off + p.cut + p.lapsed + p.backlog * over).sum(0)[None]
        totals['defaulted'] = np.isfinite(p.default_month).astype(float)
        totals.update({name: getattr(p, attribute).astype(float) for name, attribute in CUSTOMER_TOTALS.items()})
        out.update({name: [part[:, None] for part in moments_of(rows)] for name, rows in totals.items()})
        return out


class Moments:
    """Of all chunks so far (Chan, Golub and LeVeque)."""

    def __init__(self):
        self.metrics = {}

    def add(self, chunk):
        for name, (n, mean, m2) in chunk.items():
            if name not in self.metrics:
                self.metrics[name] = [n, mean, m2]
                continue
            old_n, old_mean, old_m2 = self.metrics[name]
            total, off = old_n + n, mean - old_mean
            self.metrics[name] = [total, old_mean + off * n / np.maximum(total, 1),
                                  old_m2 + m2 + off ** 2 * old_n * n / np.maximum(total, 1)]

    def table(self):
        return {name: {'items': len(n), 'n': n.ravel().tolist(), 'mean': mean.ravel().tolist(), 'm2': m2.ravel().tolist()}
                for name, (n, mean, m2) in self.metrics.items()}
