#!/usr/bin/env python3
"""Holds the model next to an independent program, path by path.

usage: compare.py REFERENCE.py BUILD DECKS [--paths N] [--seed N] [--only CASE ...]

REFERENCE.py is a program written from the same model description, imported as a module: `named_deck(name)` gives a
deck as a dict, `make_draws(deck, paths, seed)` its draws, `simulate(deck, draws)` the results, `dump(deck, paths,
seed, file)` writes draws and results to a NetCDF file. BUILD is the folder the engine was built in (`make check` there builds
the replay program). DECKS is the project's folder of decks: the ten of its stories are read from there, the others are
written from the reference's dicts. Both get the same draws; every metric of every path must agree to 1e-10, relative or
absolute, and dates that never come must never come in both. The largest difference of each deck is printed.
"""
import argparse
import copy
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from netCDF4 import Dataset

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "twin"))
import cases  # noqa: E402
from deck_text import write_deck  # noqa: E402

TOLERANCE = 1e-10
TINY = 1e-9

# the reference keeps no such figure of a path; the scalar twin has them
UNKNOWN = ('cash_flow', 'winter_survivor', 'monthly_exposure')

# metric of ours -> result of the reference, where the names differ
RENAMED = {
    'distribution_total': 'distribution_sum', 'cash_total': 'cash_sum', 'capex_total': 'capex_sum',
    'idle_total': 'idle_sum', 'relet_total': 'relet_sum', 'defaulted': 'default', 'revenue_total': 'revenue_sum',
    'billed_total': 'billed_sum', 'used_total': 'used_sum', 'shortfall_total': 'shortfall_sum',
    'relief_total': 'relief_sum', 'credit_total': 'credit_sum', 'recognised_gross': 'fulfilled_gross',
    'commitment_final': 'commitment', 'beyond': 'flow_beyond', 'cut': 'flow_cut', 'written_off': 'flow_written_off',
    'lapsed': 'flow_lapsed', 'forfeited': 'flow_forfeited', 'bookings': 'flow_bookings'}


def expected(metric, out, deck):
    """The reference's values of one metric, shaped (item, date, path)."""
    if metric == 'lost_backlog':
        over = np.array([c['start'] + c['term'] <= deck['time']['horizon'] for c in deck['customers']])[:, None]
        return (out['flow_cut'] + out['flow_written_off'] + out['flow_lapsed'] + over * out['final_backlog']).sum(0)[None, None]
    if metric == 'survivor':
        months = np.arange(deck['time']['horizon'])[None, :, None]
        return (np.asarray(out['default_month'], float)[:, None, :] > months).astype(float)
    if metric == 'milestone_reached':
        return (out['milestone_capacity'] >= 1 - 1e-6).astype(float)[None]
    if metric == 'five_gw_reached':
        return (np.maximum.accumulate(out['capacity'], 0) >= 5 - 1e-6).astype(float)[None]
    derived = {
        'contract_revenue_cum': lambda: np.cumsum(out['contract_revenue'], 0)[None],
        'circularity_fifo': lambda: (out['financed_fifo_cum'] / np.maximum(out['billed_cum'], TINY))[None],
        'circularity_mixing': lambda: (out['financed_mix_cum'] / np.maximum(out['billed_cum'], TINY))[None],
        'regime_share': lambda: np.stack([out['regime'] == k for k in range(3)]).astype(float),
        'binding_share': lambda: out['binding'].transpose(1, 0, 2),
        'customer_binding_share': lambda: out['customer_binding'].transpose(2, 1, 0, 3).reshape(
            -1, out['binding'].shape[0], out['binding'].shape[2])}
    if metric in derived:
        return derived[metric]()
    values = np.asarray(out[RENAMED.get(metric, metric)], float)
    if values.ndim == 3:                                  # (date, customer, path)
        return values.transpose(1, 0, 2)
    if values.ndim == 1:                                  # (path)
        return values[None, None]
    quarters = out['backlog'].shape[0]
    per_customer = metric in RENAMED or metric in TERMINAL_CUSTOMER
    return values[:, None] if per_customer or values.shape[0] != quarters else values[None]


TERMINAL_CUSTOMER = {'default_month', 'fulfilled_month', 'fulfilled_in_full_month', 'ecl', 'peak_exposure', 'equity_loss',
                     'invested', 'stake', 'distributed', 'financed_fifo', 'financed_mix', 'renegotiated', 'extended',
                     'final_backlog', 'final_deferred'}


# Shares of something that may be nothing: when only rounding is left of the denominator (a fleet long retired) the
# share is a quotient of two roundings, so the numerators are compared.
SHARE_OF = {'own_chip_share': 'installed', 'utilisation': 'capacity', 'customer_utilisation': 'capacity'}


def numerator(metric, values, results):
    """A share times its denominator where that is below a millionth of a GW; everything else as it is."""
    if metric not in SHARE_OF:
        return values
    whole = results[SHARE_OF[metric]]
    return np.where(whole < 1e-6, values * whole, values)


def difference(ours, theirs):
    """Largest difference, absolute or relative, whichever is smaller; infinite where one is and the other is not."""
    if ours.shape != theirs.shape:
        raise SystemExit('shapes differ: ours %s, theirs %s' % (ours.shape, theirs.shape))
    if not np.array_equal(np.isinf(ours), np.isinf(theirs)) or np.isnan(ours).any():
        return np.inf
    finite = np.isfinite(theirs)
    gap = np.abs(ours[finite] - theirs[finite])
    return float((gap / np.maximum(1, np.abs(theirs[finite]))).max(initial=0))


def replay(program, deck_file, draws_file, out_file):
    """Our results, by metric, shaped (item, date, path)."""
    subprocess.run([program, 'run', deck_file, draws_file, out_file], check=True)
    with Dataset(out_file) as data:
        return {name: np.array(data[name][:]) for name in data.variables}


def compare(reference, program, deck_file, deck, paths, seed, folder):
    """Differences by metric, largest first."""
    draws, out = folder / 'draws.nc', folder / 'ours.nc'
    reference.dump(deck, paths, seed, str(draws))
    theirs = reference.simulate(deck, reference.make_draws(deck, paths, seed))
    ours = replay(program, str(deck_file), str(draws), str(out))
    ours = {name: values for name, values in ours.items() if name not in UNKNOWN}
    theirs = {name: expected(name, theirs, deck) for name in ours}
    found = {name: difference(numerator(name, ours[name], ours), numerator(name, theirs[name], theirs)) for name in ours}
    return sorted(found.items(), key=lambda item: -item[1])


def load(path):
    """A program's file as a module."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location('reference', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# name of a deck's file -> the reference's name of it
NAMES = {'anthropic-aws': 'base', 'chip-slip': 'chipslip', 'power-constrained': 'power', 'demand-winter': 'winter',
         'customer-default': 'default', 'build-and-wait': 'buildwait'}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reference', type=pathlib.Path)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('decks', type=pathlib.Path)
    parser.add_argument('--paths', type=int, default=200)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--only', nargs='*', default=[])
    args = parser.parse_args()
    reference = load(args.reference)
    worst = 0.0
    for name, base, change in cases.CASES:
        if args.only and name not in args.only:
            continue
        deck = copy.deepcopy(reference.named_deck(NAMES.get(base, base)))
        change(deck)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            if change is cases.unchanged:
                deck_file = args.decks / (base + '.yaml')
            else:
                deck_file = write_deck(args.build / 'engine/tenor', deck, folder / 'deck.yaml')
            rows = compare(reference, args.build.resolve() / 'tests/tool/replay', deck_file, deck, args.paths, args.seed, folder)
        print('%-28s %9.2e  %s' % (name, rows[0][1], ' '.join('%s=%.1e' % r for r in rows[:3])), flush=True)
        worst = max(worst, rows[0][1])
    print('largest difference %.2e, allowed %.0e' % (worst, TOLERANCE))
    return 0 if worst <= TOLERANCE else 1


if __name__ == '__main__':
    sys.exit(main())
