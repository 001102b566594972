#!/usr/bin/env python3
"""Holds sampled results next to an independent program's, drawn independently.

usage: agree.py REFERENCE.py BUILD DECKS [--paths N] [--reference-paths N] [--seed N] [--only DECK ...]

REFERENCE.py is imported as in compare.py; BUILD is the folder the engine was built in. For every deck, every quarterly
metric at the ends of years 1, 3, 5 and 10 and every terminal metric: the means, the standard deviations and the 5, 50 and
95 % points of the two programs must agree within four combined standard errors. Where a few rare paths make a figure
(relief, with a kurtosis of tens of thousands), the smaller sample underrates its own error, so that it is taken from the
larger one if that is larger. A quantile is compared through the share of
the reference's paths at or below the engine's, so that it needs no density; ties count for either side.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import xarray

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / 'twin'))
import cases  # noqa: E402
from compare import NAMES, UNKNOWN, expected, load  # noqa: E402

QUARTERS = (3, 11, 19, 39)
LEVELS = (0.05, 0.5, 0.95)
ALLOWED = 4.0
CHUNK = 2000


def reference_columns(reference, deck, metrics, paths, seed):
    """Values by metric, shaped (item, date, path); quarterly ones at QUARTERS only."""
    parts = {name: [] for name in metrics}
    for chunk in range(paths // CHUNK):
        out = reference.simulate(deck, reference.make_draws(deck, CHUNK, seed, chunk))
        for name in metrics:
            values = expected(name, out, deck)
            parts[name].append(values[:, list(QUARTERS)] if values.shape[1] > 1 else values)
    return {name: np.concatenate(values, -1) for name, values in parts.items()}


def ours(program, deck_file, paths, seed, folder):
    output = folder / 'out.nc'
    subprocess.run([program, 'run', deck_file, '-o', output, '--paths', str(paths), '--seed', str(seed), '--quiet'], check=True)
    with xarray.open_dataset(output) as data:
        return data.load()


def at_dates(variable):
    """(item, date), or (item, date, quantile) of a result's variable."""
    if 'time' in variable.dims:
        variable = variable.isel(time=list(QUARTERS))
    else:
        variable = variable.expand_dims('time', 0)
    items = [dim for dim in variable.dims if dim not in ('time', 'quantile')]
    stacked = variable.transpose(*items, 'time', ..., transpose_coords=False)
    shape = (-1, variable.sizes['time']) + ((variable.sizes['quantile'],) if 'quantile' in variable.dims else ())
    return stacked.values.reshape(shape)


def moments(values):
    """Mean, sd and their standard errors along the paths, infinite values left out."""
    values = np.where(np.isfinite(values), values, np.nan)
    n = np.isfinite(values).sum(-1)
    mean, sd = np.nanmean(values, -1), np.nanstd(values, -1, ddof=1)
    fourth = np.nanmean((values - mean[..., None]) ** 4, -1)
    sd_se = np.sqrt(np.maximum(fourth - sd ** 4, 0) / n) / (2 * np.maximum(sd, 1e-300))
    return mean, sd, sd / np.sqrt(n), sd_se


def score(difference, error):
    """|z|; a figure without error in both programs must agree to rounding."""
    with np.errstate(divide='ignore', invalid='ignore'):
        z = np.abs(difference) / error
    return np.where(np.abs(difference) < 1e-9, 0, z)


def quantile_score(values, quantile, level, n_ours):
    """|z| of the level between the shares of the reference's paths below and not above the engine's quantile."""
    tolerance = np.maximum(2.0 ** -10, np.abs(quantile) / 128)[..., None]        # a bin of the engine's histogram
    below = (values < quantile[..., None] - tolerance).mean(-1)
    upto = (values <= quantile[..., None] + tolerance).mean(-1)
    error = np.sqrt(level * (1 - level) * (1 / values.shape[-1] + 1 / n_ours))
    gap = np.maximum(np.maximum(below - level, level - upto), 0)
    return np.where(np.isfinite(quantile), gap / error, 0)


def compare_deck(data, columns, n_ours):
    """Rows (score, statistic, metric) of every figure."""
    rows = []
    for name, values in columns.items():
        if name + '_mean' in data:
            mean, sd, se, sd_se = moments(values)
            for word, theirs, their_se, mine, my_se in (('mean', mean, se, '_mean', '_se'), ('sd', sd, sd_se, '_sd', '_sd_se')):
                my_error = at_dates(data[name + my_se])
                their_error = np.maximum(their_se, my_error * np.sqrt(n_ours / values.shape[-1]))
                z = score(at_dates(data[name + mine]) - theirs, np.hypot(my_error, their_error))
                rows += [(x, word, name) for x in z.ravel() if not np.isnan(x)]
        elif name in data:
            share = values.mean(-1)
            error = np.hypot(at_dates(data[name + '_se']), np.sqrt(share * (1 - share) / values.shape[-1]))
            rows += [(x, 'share', name) for x in score(at_dates(data[name]) - share, error).ravel()]
        if name + '_quantile' in data:
            for level in LEVELS:
                mine = at_dates(data[name + '_quantile'].sel(quantile=level))
                rows += [(x, '%g %%' % (100 * level), name) for x in quantile_score(values, mine, level, n_ours).ravel()]
    return sorted(rows, reverse=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reference', type=pathlib.Path)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('decks', type=pathlib.Path)
    parser.add_argument('--paths', type=int, default=1_000_000)
    parser.add_argument('--reference-paths', type=int, default=20_000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--only', nargs='*', default=cases.DECKS)
    args = parser.parse_args()
    reference, figures, far = load(args.reference), 0, 0
    for name in args.only:
        with tempfile.TemporaryDirectory() as folder:
            data = ours(args.build / 'engine/tenor', args.decks / (name + '.yaml'), args.paths, args.seed, pathlib.Path(folder))
        metrics = sorted({key[:-5] for key in data if key.endswith('_mean')} | {'alive', 'defaulted', 'renegotiated', 'extended',
                                                                               'regime_share'})
        metrics = [metric for metric in metrics if metric not in UNKNOWN and (metric in data or metric + '_mean' in data)]
        columns = reference_columns(reference, reference.named_deck(NAMES.get(name, name)), metrics, args.reference_paths, args.seed)
        rows = compare_deck(data, columns, args.paths)
        figures, far = figures + len(rows), far + sum(row[0] > ALLOWED for row in rows)
        print('%-20s %5d figures, %d beyond %g; largest %s' % (name, len(rows), sum(row[0] > ALLOWED for row in rows), ALLOWED, ', '.join(
            '%.1f (%s of %s)' % row for row in rows[:4])), flush=True)
    print('%d figures, %d beyond %g combined standard errors; %.2f are expected by chance' % (
        figures, far, ALLOWED, figures * 6.3e-5))
    return 1 if far else 0


if __name__ == '__main__':
    sys.exit(main())
