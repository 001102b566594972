"""The decks two programs are compared on: name, the file of the deck it starts from, and what is changed in it."""
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


def nobody_can_pay(deck):
    """The first customer has not begun, the second has no budget: both want nothing, and the first of equals decides."""
    second = copy.deepcopy(deck['customers'][0])
    second.update(name='Second')
    deck['customers'][0].update(start=60)
    deck['customers'].append(second)
    deck['funding'].update(budget_revenue_share=0.0, budget_cash_rate=0.0)


LATE = dict(start=7, term=31, annual_minimum=[4, 6, 3])

DECKS = ('anthropic-aws', 'chip-slip', 'power-constrained', 'demand-winter', 'customer-default', 'build-and-wait', 'no-deal',
         'no-seed', 'gpu', 'portfolio')
CASES = [(name, name, unchanged) for name in DECKS] + [
    ('late start, stub year', 'anthropic-aws', customers(**LATE)),
    ('late start, portfolio', 'portfolio', customers(**LATE)),
    ('nobody can pay', 'anthropic-aws', nobody_can_pay),
    ('no fleet', 'anthropic-aws', no_fleet),
    ('no power', 'anthropic-aws', no_power),
    ('horizon 1', 'anthropic-aws', section('time', horizon=1)),
    ('horizon 50', 'anthropic-aws', section('time', horizon=50)),
    ('horizon 50, short term', 'anthropic-aws', both(section('time', horizon=50), customers(term=26))),
    ('horizon 360', 'anthropic-aws', section('time', horizon=360)),
    ('horizon 360, winter', 'demand-winter', both(section('time', horizon=360), customers(start=12, term=300))),
    ('no make-up', 'demand-winter', customers(makeup_years=0)),
    ('four make-up years', 'demand-winter', customers(makeup_years=4)),
    ('make-up, portfolio', 'portfolio', customers(makeup_years=4, carry_forward=0.5)),
    ('sixteen customers', 'anthropic-aws', crowd),
    ('sixteen, pro rata', 'anthropic-aws', both(crowd, section('provider', allocation='pro_rata'))),
    ('sixteen, waiting', 'build-and-wait', both(crowd, section('time', horizon=200))),
    ('early extension', 'anthropic-aws', customers(extension_rate=[12.0, 6.0, 2.0], extension_trigger=9.0)),
    ('low ceilings', 'anthropic-aws', both(customers(revenue_ceiling=60.0), section('funding', cash_ceiling=0.05))),
    ('nearly all default', 'customer-default', section('credit', hazard=[1.0, 2.0, 4.0])),
    ('nearly all default, portfolio', 'portfolio', section('credit', hazard=[0.5, 1.0, 2.0])),
    ('renegotiation', 'demand-winter', customers(renegotiation_rate=[5.0, 5.0, 5.0], renegotiation_trigger=0.5)),
    ('pro rata', 'anthropic-aws', section('provider', allocation='pro_rata')),
    ('priority portfolio', 'portfolio', section('provider', allocation='priority')),
    ('waiting, slips', 'chip-slip', section('build', mode='wait')),
    ('short life', 'anthropic-aws', both(section('fleet', service_life=17, offer_life=9.0), section('time', horizon=97))),
    ('steep ramps', 'chip-slip', steep_ramps),
    ('no reversion', 'anthropic-aws', section('market', reversion_rate=0.0)),
    ('no terminal value, early cutoff', 'anthropic-aws', section('provider', terminal_value=False, payback_cutoff=5)),
    ('no order lead', 'portfolio', section('build', order_lead=0, demand_margin=0.8)),
    ('long order lead', 'anthropic-aws', section('build', order_lead=30, capacity_cap=3.0)),
]
