#!/usr/bin/env python3
"""Changes one line of the model at a time - signs, orders, months, units - and asks whether a test notices.

usage: mutate.py FOLDER [NUMBER ...]

Copies the project into FOLDER, builds it there, and for every mutant of the table (or those numbered) changes the line,
builds again and runs tests/program/test_model.py until its first failure; a mutant that this misses meets the invariants.
Prints a line a mutant and ends with how many were killed; exit 1 if one survived. About ten seconds a mutant.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
MUTANTS = [  # file of engine/model, what stands there, what is put in its place
    ("supply.c", "const double age = 0.0 - start - slip;", "const double age = 0.0 - start + slip;"),
    ("supply.c", "lane_exp(spread * yield[i] - drift)", "lane_exp(spread * yield[i] + drift)"),
    ("supply.c", "u[i] >= ends ? 1.0", "u[i] < ends ? 1.0"),
    ("supply.c", "margin * (w->live_demand[i] + w->relet_demand[i])", "margin * w->live_demand[i]"),
    ("supply.c", "least(cap, most(seen, w->target[i]))", "least(cap, seen)"),
    ("supply.c", "before + (disrupted[i] > 0 ? slow : 1.0)", "before + (disrupted[i] > 0 ? 1.0 : slow)"),
    ("supply.c", "least(reach - lanes->delivered[i], volume * steepest)", "(reach - lanes->delivered[i])"),
    ("supply.c", "age <= offer_life ? offer : 0.0", "age < offer_life + 1e9 ? offer : 0.0"),
    ("supply.c", "const double need = max0(w->target[i] - left);", "const double need = max0(w->target[i]);"),
    ("supply.c", "clip(room - new_chips - left, 0.0, most_a_month)", "clip(room - new_chips, 0.0, most_a_month)"),
    ("supply.c", "least(least(installed, w->power[i]), cap)", "least(installed, w->power[i])"),
    ("supply.c", "least(marked, max0(w->power[i] - initial_left))", "least(marked, w->power[i])"),
    ("supply.c", "w->capex[i] = chips + w->shells[i];", "w->capex[i] = chips;"),
    ("supply.c", "chips * least(1.0, gone / most(added, TINY))", "chips * (gone / most(added, TINY))"),
    ("supply.c", "r = n - deck->fleet.service_life;", "r = m - deck->fleet.service_life;"),
    ("sites.c", "lead + median * lane_exp(sigma * normal)", "lead - median * lane_exp(sigma * normal)"),
    ("sites.c", "u[i] >= cancelled ? 1.0 : 0.0", "u[i] < cancelled ? 1.0 : 0.0"),
    ("sites.c", "w->target[i] > w->started_capacity[i] + TINY", "w->target[i] > TINY"),
    ("sites.c", "now = (double)(m + 1)", "now = (double)m"),
    ("sites.c", "capacity * most(begun * kept, building)", "capacity * begun"),
    ("sites.c", "(kept > 0 ? 1.0 : cancel_cost)", "1.0"),
    ("sites.c", "least(horizon, complete) - max0(start)", "least(horizon, complete) - start"),
    ("price.c", "+ spread * z[i]", "- spread * z[i]"),
    ("demand.c", "clip01(1 - w->capacity[i] / most(demand, TINY))", "clip01(w->capacity[i] / most(demand, TINY))"),
    ("demand.c", "recovery * (target - share) - loss * share * starvation[i]", "recovery * (target - share) - loss * starvation[i]"),
    ("demand.c", "growth > 0 ? growth * room : growth", "growth * room"),
    ("demand.c", "- 0.5 * sigma * sigma * STEP + spread * z_training[i]", "+ spread * z_training[i]"),
    ("demand.c", "(in_regime(w->regime[i], training_growth) - saved) * fade", "in_regime(w->regime[i], training_growth) - saved * fade"),
    ("allocation.c", "least(market[i] / a->reference[i], limit) - 1", "market[i] / a->reference[i] - 1"),
    ("allocation.c", "most(floor_price, a->price[i] * (1 + indexation * move))", "a->price[i] * (1 + indexation * move)"),
    ("allocation.c", "of_cash * max0(a->cash[i])", "of_cash * a->cash[i]"),
    ("allocation.c", "w->free[i] -= a->used[i];", "w->free[i] -= 0 * a->used[i];"),
    ("allocation.c", "least(1.0, w->capacity[i] / most(w->wanted[i], nobody))", "(w->capacity[i] / most(w->wanted[i], nobody))"),
    ("binding.c", "a->used[i] < want - TINY", "a->used[i] <= want"),
    ("binding.c", "system[i] = want > largest[i]", "system[i] = want >= largest[i]"),
    ("contract.c", "least(guaranteed, a->wanted[i]) - a->used[i]", "guaranteed - a->used[i]"),
    ("contract.c", "least(minimum * a->scale[i] / length, unfunded)", "minimum * a->scale[i] / length"),
    ("contract.c", "minimum * a->scale[i] / length, unfunded", "minimum * a->scale[i] / 12, unfunded"),
    ("contract.c", "least(credit_fraction * a->missing[i] * a->price[i] * STEP, net)", "credit_fraction * a->missing[i] * a->price[i] * STEP"),
    ("contract.c", "max0(minimum * a->scale[i] - a->year_relief[i])", "max0(minimum * a->scale[i])"),
    ("contract.c", "max0(least(due - have, open))", "max0(due - have)"),
    ("contract.c", "carry * max0(have - due)", "max0(have - due)"),
    ("contract.c", "a->net[i] - a->credit[i] + a->shortfall[i]", "a->net[i] + a->shortfall[i]"),
    ("contract.c", "most(a->commitment[i] - a->fulfilled[i], deferred)", "(a->commitment[i] - a->fulfilled[i])"),
    ("contract.c", "const double in_full = a->renegotiated[i] > 0 ? 0.0 : done;", "const double in_full = done;"),
    ("contract.c", "a->lapsed[i] += lapses * a->backlog[i];", "a->lapsed[i] += 0 * lapses * a->backlog[i];"),
    ("financing.c", "a->billed_sum[i] >= spend", "a->billed_sum[i] > spend + 2 * TINY"),
    ("financing.c", "i_tranche == 0 ? N_REGIMES : REGIME_WINTER", "N_REGIMES"),
    ("financing.c", "most(least(elsewhere * a->demand[i] * w->price[i], elsewhere * a->budget[i]),", "least(least(elsewhere * a->demand[i] * w->price[i], elsewhere * a->budget[i]),"),
    ("financing.c", "fraction * (bill + other + overhead)", "fraction * (bill + other)"),
    ("financing.c", "least(unspent, bill)", "unspent"),
    ("financing.c", "least(max0(goal * burn - before), in_regime(s, multiple) * revenue)", "max0(goal * burn - before)"),
    ("financing.c", "a->mix[i] *= 1 - excess / most(cash, TINY);", "a->mix[i] *= 1;"),
    ("credit.c", "(1 - keep);", "keep;"),
    ("credit.c", "months * (a->billed[i] - a->shortfall[i]) + a->shortfall[i]", "months * a->billed[i]"),
    ("credit.c", "slope * (growth_boom - a->growth[i])", "slope * (a->growth[i] - growth_boom)"),
    ("credit.c", "1 - clip01(a->runway[i] / reference)", "clip01(a->runway[i] / reference)"),
    ("credit.c", "a->default_month[i] = (double)(m + 1);", "a->default_month[i] = (double)m;"),
    ("credit.c", "rate * exposure * k->recovery_discount - receivable", "rate * exposure * k->recovery_discount"),
    ("credit.c", "deck->customers[c].prior_investment + a->invested[i]", "a->invested[i]"),
    ("amendment.c", "scale * (1 - part)", "scale"),
    ("amendment.c", "12 * a->usage[i] < trigger * scale", "a->usage[i] < trigger * scale"),
    ("amendment.c", "customer->extension_size * customer->commitment", "customer->extension_size * 100"),
    ("relet.c", "next - a->default_month[i] - lag", "next - a->default_month[i]"),
    ("relet.c", "relet + spot * absorbed * (free - relet)", "relet + spot * (free - relet)"),
    ("provider.c", "- displaced * recognised", "+ displaced * recognised"),
    ("provider.c", "payback == NEVER ? next : payback", "next"),
    ("provider.c", "(w->operating[i] - w->replacement[i]) * part", "w->operating[i] * part"),
    ("contract_clock.c", "month.resets = month.active && k > 0 && k % 12 == 0;", "month.resets = month.active && k % 12 == 0;"),
    ("contract_clock.c", "larger(term - k - 1, 0)", "larger(term - k, 0)"),
    ("constants.c", "(month + 0.5) * STEP", "(month + 1) * STEP"),
    ("constants.c", "reach[s] = e * reach[s] + (1 - e) * level[s];", "reach[s] = e * reach[s] + e * level[s];"),
]


def run(words, folder, **settings):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env={**os.environ, **settings})


def build(folder):
    done = run(["make", "-j2", "engine/tenor", "tests/tool/replay", "tests/tool/columns", "tests/tool/invariants"], folder / "build")
    return done.returncode == 0, done.stderr[-500:]


def killer(folder):
    """The test that notices, or None."""
    build_folder = str(folder / "build")
    for test, words in (("model", ["-x", "tests/program/test_model.py"]), ("invariants", ["-x", "tests/program/test_invariants.py"])):
        done = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words], folder, TENOR_BUILD=build_folder,
                   TENOR=build_folder + "/engine/tenor", PYTHONDONTWRITEBYTECODE="1")
        if done.returncode != 0:
            return test
    return None


def main():
    folder, chosen = Path(sys.argv[1]).resolve(), [int(word) for word in sys.argv[2:]]
    shutil.copytree(TOP, folder, ignore=shutil.ignore_patterns(".git", "build", "out", "autom4te.cache"))
    (folder / "build").mkdir()
    for words, where in ((["autoreconf", "-i"], folder), ([str(folder / "configure"), "CFLAGS=-O1"], folder / "build")):
        assert run(words, where).returncode == 0, words
    sound, words = build(folder)
    assert sound and killer(folder) is None, "the unchanged model fails: " + words
    survivors, tried = [], 0
    for number, (name, old, new) in enumerate(MUTANTS, 1):
        if chosen and number not in chosen:
            continue
        path = folder / "engine/model" / name
        text = path.read_text()
        assert text.count(old) >= 1, f"mutant {number}: {name} has no `{old}`"
        path.write_text(text.replace(old, new, 1))
        sound, words = build(folder)
        found = killer(folder) if sound else "compiler"
        path.write_text(text)
        tried += 1
        survivors += [number] if found is None else []
        print(f"{number:3d} {'killed by ' + found if found else 'SURVIVED':24s} {name}: {old} -> {new}", flush=True)
    print(f"{tried - len(survivors)} of {tried} mutants killed" + (f"; survivors {survivors}" if survivors else ""))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
