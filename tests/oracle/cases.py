"""The decks the two programs are compared on: name, the deck it starts from, and what is changed in it."""
import copy


def unchanged(deck):
    pass


def customers(**values):
    """The same change to every customer."""
    def change(deck):
        for customer in deck['customers']:
            customer.update(copy.deepcopy(values))
    return change


def section(name, **values):
    def change(deck):
        deck[name].update(values)
    return change


def both(*changes):
    def change(deck):
        for one in changes:
            one(deck)
    return change


def no_fleet(deck):
    deck['generations'] = []
    deck['fleet'].update(initial_capacity=0.0, backfill_rate=0.0)


def no_power(deck):
    deck['sites'] = [dict(deck['sites'][0], capacity=1e-6, energised=300, cancel_probability=1.0)]


def crowd(deck):
    """Sixteen customers with different starts, terms and sizes, of the same contract."""
    first = deck['customers'][0]
    deck['customers'] = []
    for n in range(16):
        one = copy.deepcopy(first)
        one.update(name='C%d' % n, start=5 * (n % 4), term=24 + 13 * n, commitment=10.0 + 3 * n, capacity_limit=0.3 + 0.05 * n,
                   initial_revenue=5.0 + n, training_demand=0.03 * (1 + n % 3), inference_demand=0.02 * (1 + n % 5),
                   initial_cash=2.0 + n, makeup_years=n % 5, annual_minimum=[1.0 + 0.2 * n] * (1 + n % 9),
                   guaranteed_capacity=[0.05] * (n % 4), other_spend=[0.5 * n] * (n % 3))
        deck['customers'].append(one)


def steep_ramps(deck):
    """Curves that rise within a month, some of them long after their start."""
    for n, generation in enumerate(deck['generations']):
        generation.update(ramp_slope=6.0, ramp_midpoint=20.0 * n + 1.0, slip_sigma=1.0, slip_median=6.0)


LATE = dict(start=7, term=31, annual_minimum=[4, 6, 3])

CASES = [(name, name, unchanged) for name in ('base', 'chipslip', 'power', 'winter', 'default', 'buildwait', 'no-deal',
                                              'no-seed', 'gpu', 'portfolio')] + [
    ('late start, stub year', 'base', customers(**LATE)),
    ('late start, portfolio', 'portfolio', customers(**LATE)),
    ('no fleet', 'base', no_fleet),
    ('no power', 'base', no_power),
    ('horizon 1', 'base', section('time', horizon=1)),
    ('horizon 50', 'base', section('time', horizon=50)),
    ('horizon 50, short term', 'base', both(section('time', horizon=50), customers(term=26))),
    ('horizon 360', 'base', section('time', horizon=360)),
    ('horizon 360, winter', 'winter', both(section('time', horizon=360), customers(start=12, term=300))),
    ('no make-up', 'winter', customers(makeup_years=0)),
    ('four make-up years', 'winter', customers(makeup_years=4)),
    ('make-up, portfolio', 'portfolio', customers(makeup_years=4, carry_forward=0.5)),
    ('sixteen customers', 'base', crowd),
    ('sixteen, pro rata', 'base', both(crowd, section('provider', allocation='pro_rata'))),
    ('sixteen, waiting', 'buildwait', both(crowd, section('time', horizon=200))),
    ('early extension', 'base', customers(extension_rate=[12.0, 6.0, 2.0], extension_trigger=9.0)),
    ('low ceilings', 'base', both(customers(revenue_ceiling=60.0), section('funding', cash_ceiling=0.05))),
    ('nearly all default', 'default', section('credit', hazard=[1.0, 2.0, 4.0])),
    ('nearly all default, portfolio', 'portfolio', section('credit', hazard=[0.5, 1.0, 2.0])),
    ('renegotiation', 'winter', customers(renegotiation_rate=[5.0, 5.0, 5.0], renegotiation_trigger=0.5)),
    ('pro rata', 'base', section('provider', allocation='pro_rata')),
    ('priority portfolio', 'portfolio', section('provider', allocation='priority')),
    ('waiting, slips', 'chipslip', section('build', mode='wait')),
    ('short life', 'base', both(section('fleet', service_life=17, offer_life=9.0), section('time', horizon=97))),
    ('steep ramps', 'chipslip', steep_ramps),
    ('no reversion', 'base', section('market', reversion_rate=0.0)),
    ('no terminal value, early cutoff', 'base', section('provider', terminal_value=False, payback_cutoff=5)),
    ('no order lead', 'portfolio', section('build', order_lead=0, demand_margin=0.8)),
    ('long order lead', 'base', section('build', order_lead=30, capacity_cap=3.0)),
]
