"""The engine's model against the scalar twin (tests/twin), path by path on the same draws."""
import copy
import os
import random
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, REPLAY, COLUMNS = BUILD / "engine/tenor", BUILD / "tests/tool/replay", BUILD / "tests/tool/columns"
sys.path.append(str(TOP / "tests/twin"))
import cases  # noqa: E402
import model  # noqa: E402
from deck_text import read_deck, write_deck  # noqa: E402

TOLERANCE = 1e-10  # relative, absolute below 1
SHARES = {"own_chip_share": "installed", "utilisation": "capacity", "customer_utilisation": "capacity"}
NORMALS = ("slip", "yield", "delay", "factors", "own_factors", "base_growth")


def shapes(deck):
    """Shape of each draw, the path left out."""
    months, customers = deck["time"]["horizon"], len(deck["customers"])
    generations, sites = len(deck["generations"]), len(deck["sites"])
    return dict(slip=(generations + 1,), **{"yield": (generations,)}, delay=(sites + 1,), cancel=(sites,),
                default=(customers,), recovery=(customers,), regime=(months,), factors=(months, 5),
                own_factors=(months, customers, 3), disruption=(months,), **{"raise": (months, customers)},
                renegotiation=(months, customers), extension=(months, customers), base_growth=(months,))


def make_draws(deck, paths, seed):
    """Draws by name, the path last, from the standard library's generator, whose sequence is fixed."""
    generator, normal, draws = random.Random(seed), NormalDist(), {}
    for name, shape in shapes(deck).items():
        uniform = np.array([generator.random() for _ in range(int(np.prod(shape)) * paths)]).reshape(*shape, paths)
        if name in NORMALS:
            uniform = np.vectorize(lambda u: normal.inv_cdf(max(u, 1e-300)), otypes=[float])(uniform)
        draws[name] = uniform
    return draws


def write_draws(draws, path):
    with Dataset(path, "w") as data:
        data.createDimension("path", next(iter(draws.values())).shape[-1])
        for name, values in draws.items():
            rows = values.reshape(-1, values.shape[-1])
            if not len(rows):
                continue
            data.createDimension(name + "_row", len(rows))
            data.createVariable("draw_" + name, "f8", (name + "_row", "path"))[:] = rows


def read_draws(deck, path):
    with Dataset(path) as data:
        return {name: np.array(data["draw_" + name][:]).reshape(*shape, -1) if np.prod(shape) else
                np.zeros((*shape, len(data.dimensions["path"]))) for name, shape in shapes(deck).items()}


def read_columns(path):
    """Metrics by name, shaped (item, date, path)."""
    with Dataset(path) as data:
        data.set_auto_mask(False)
        return {name: data[name][:] for name in data.variables}


def twin(deck, draws):
    """The same from the twin."""
    paths = next(iter(draws.values())).shape[-1]
    results = [model.path(deck, {name: values[..., i].tolist() for name, values in draws.items()}) for i in range(paths)]
    return {name: np.array([one[name] for one in results], float).transpose(2, 1, 0) for name in results[0]}


def allowances(results):
    """What each path may differ by: more where hardly anything is installed at some date, because the performance per
    GW is then a quotient of two small differences, which carry the rounding of the large sums they come from."""
    installed = results["installed"]
    least = np.where(installed > 1e-9, installed, np.inf).min(axis=(0, 1))
    return TOLERANCE * np.maximum(1, 1e-3 / least)


def differences(ours, theirs):
    """Metrics that differ, with the largest difference of each."""
    assert set(ours) == set(theirs)
    found, allowed = {}, allowances(theirs)
    for name, mine in ours.items():
        other = theirs[name]
        assert mine.shape == other.shape, name
        if name in SHARES:  # where only rounding is left of the whole, a share is a quotient of two roundings
            mine = np.where(ours[SHARES[name]] < 1e-6, mine * ours[SHARES[name]], mine)
            other = np.where(theirs[SHARES[name]] < 1e-6, other * theirs[SHARES[name]], other)
        never = np.isinf(mine)
        gap = np.abs(np.where(never, 0, mine) - np.where(never, 0, other)) / np.maximum(1, np.abs(np.where(never, 0, other)))
        if not np.array_equal(never, np.isinf(other)) or not (gap <= allowed).all():
            found[name] = gap.max()
    return found


def replayed(deck_file, draws, folder):
    write_draws(draws, folder / "draws.nc")
    subprocess.run([REPLAY, "run", deck_file, folder / "draws.nc", folder / "out.nc"], check=True)
    return read_columns(folder / "out.nc")


@pytest.mark.parametrize("name, base, change", cases.CASES, ids=[name.replace(" ", "-") for name, *_ in cases.CASES])
def test_the_model_equals_its_twin(tmp_path, name, base, change):
    deck_file = TOP / f"decks/{base}.yaml"
    deck = read_deck(TENOR, deck_file)
    if change is not cases.unchanged:
        change(deck)
        deck_file = write_deck(TENOR, deck, tmp_path / "deck.yaml")
    draws = make_draws(deck, 6, name)
    assert differences(replayed(deck_file, draws, tmp_path), twin(deck, draws)) == {}


def scatter(node, generator):
    """Multiplies a third of the numbers of a deck by something between 1/3 and 3, keeping signs, flags and counts."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(value, (dict, list)) and key not in ("transition_rate", "factors"):
            scatter(value, generator)
        elif isinstance(value, float) and key not in FIXED and value < 1e29 and generator.random() < 1 / 3:
            node[key] = value * 3 ** generator.uniform(-1, 1)
            if key in FRACTIONS:
                node[key] = min(node[key], 0.9)


FIXED = ("recovery_mean", "recovery_sd", "initial_retirement_start")
FRACTIONS = ("slip_correlation", "delay_correlation", "between_customers", "initial_share", "target_share", "cancel_probability",
             "cancel_cost_fraction", "disruption_speed", "spot_fraction", "obligated_fraction", "cannibalisation",
             "price_indexation", "price_floor_fraction", "carry_forward", "relief_fraction", "credit_fraction",
             "renegotiation_cut", "fade_floor", "overhead_share", "idle_cost_fraction", "discount", "take_rate",
             "distribution_share", "stake", "prior_stake", "base_margin", "recovery_winter_factor", "budget_revenue_share",
             "efficiency_pass_through", "inference_elasticity", "share_loss_rate", "extension_size")
LISTED_FRACTIONS = (("relet", "absorption"), ("funding", "raise_probability"))


def random_deck(seed):
    generator = random.Random(seed)
    deck = read_deck(TENOR, TOP / "decks" / (generator.choice(cases.DECKS) + ".yaml"))
    scatter(deck, generator)
    for section, key in LISTED_FRACTIONS:
        deck[section][key] = [min(x, 0.95) for x in deck[section][key]]
    deck["time"]["horizon"] = generator.choice([7, 24, 61, 120, 145])
    deck["generations"] = deck["generations"][:generator.randint(0, 6)]
    deck["sites"] = deck["sites"][:generator.randint(1, 12)]
    deck["build"]["mode"] = generator.choice(["fulfil", "wait"])
    deck["build"]["order_lead"] = generator.randint(0, 30)
    deck["provider"]["allocation"] = generator.choice(["priority", "pro_rata"])
    deck["provider"]["terminal_value"] = generator.random() < 0.5
    deck["fleet"]["service_life"] = generator.randint(3, 90)
    deck["regime"]["initial_regime"] = generator.randint(0, 2)
    customers = [copy.deepcopy(generator.choice(deck["customers"])) for _ in range(generator.randint(1, 5))]
    for n, customer in enumerate(customers):
        customer.update(name=f"C{n}", start=generator.randint(0, 40), term=generator.randint(1, 130),
                        makeup_years=generator.randint(0, 4))
        customer["tranches"] = customer["tranches"][:generator.randint(0, 5)]
        scatter(customer, generator)
    deck["customers"] = customers
    return deck


@pytest.mark.parametrize("seed", range(24))
def test_the_model_equals_its_twin_on_random_decks(tmp_path, seed):
    deck = random_deck(seed)
    deck_file = write_deck(TENOR, deck, tmp_path / "deck.yaml")
    draws = make_draws(deck, 4, seed)
    assert differences(replayed(deck_file, draws, tmp_path), twin(deck, draws)) == {}


@pytest.mark.parametrize("base", ["anthropic-aws", "portfolio", "demand-winter"])
def test_the_model_equals_its_twin_on_extreme_draws(tmp_path, base):
    """Uniforms at both ends of their range and normals of six standard deviations, mixed at random."""
    deck_file = TOP / f"decks/{base}.yaml"
    deck = read_deck(TENOR, deck_file)
    generator, draws = np.random.Generator(np.random.PCG64(1)), make_draws(deck, 6, base)
    for name, values in draws.items():
        ends = (-6.0, 6.0) if name in NORMALS else (2.0 ** -53, 1 - 2.0 ** -53)
        odd = generator.random(values.shape) < (0.5 if name in ("slip", "yield", "delay", "cancel", "recovery") else 0.02)
        values[odd] = generator.choice(ends, odd.sum())
    assert differences(replayed(deck_file, draws, tmp_path), twin(deck, draws)) == {}


@pytest.mark.parametrize("base", ["anthropic-aws", "portfolio"])
def test_the_sampled_run_is_the_model_on_the_samplers_draws(tmp_path, base):
    """Columns of the sampled run, to the bit, are the replay of the sampler's draws; and the twin agrees."""
    deck_file, first = TOP / f"decks/{base}.yaml", 1022
    deck = read_deck(TENOR, deck_file)
    subprocess.run([REPLAY, "sample", deck_file, "7", str(first), "6", tmp_path / "draws.nc"], check=True)
    subprocess.run([REPLAY, "run", deck_file, tmp_path / "draws.nc", tmp_path / "replay.nc"], check=True)
    ours = read_columns(tmp_path / "replay.nc")
    subprocess.run([COLUMNS, deck_file, "7", str(first + 6), tmp_path / "run.nc", *ours], check=True)
    for name, values in read_columns(tmp_path / "run.nc").items():
        assert np.array_equal(values[..., first:], ours[name]), name
    assert differences(ours, twin(deck, read_draws(deck, tmp_path / "draws.nc"))) == {}
