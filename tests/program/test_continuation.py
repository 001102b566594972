"""Runs that are split, joined, continued or stopped early end with the bytes of the run in one piece.

LONG=1 takes more shards, orders and decks; see tests/README.md."""
import filecmp
import itertools
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BASE, PORTFOLIO, NO_DEAL = (TOP / f"decks/{name}.yaml" for name in ("anthropic-aws", "portfolio", "no-deal"))
LONG = bool(os.environ.get("LONG"))
PATHS = 200_000 if LONG else 12_345


def tenor(*words, ranks=1, code=0):
    command = [TENOR, *map(str, words)]
    done = subprocess.run((["mpirun", "-np", str(ranks)] if ranks > 1 else []) + command, capture_output=True, text=True, timeout=900)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done


def run(output, *words, deck=BASE, paths=PATHS, **how):
    tenor("run", deck, "-o", output, "--paths", paths, "--quiet", "--threads", 2, *words, **how)
    return output


def sidecar(result):
    return json.loads(result.with_suffix(".run.json").read_text())


def same(a, b):
    return filecmp.cmp(a, b, shallow=False)


SAMPLINGS = {"philox": (), "sobol": ("--sampling", "sobol", "--set", "sampling.replicates=8")}


@pytest.fixture(scope="module", params=SAMPLINGS)
def whole(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    words = SAMPLINGS[request.param]
    run(folder / "whole.nc", *words)
    for i in (1, 2, 3, 4):
        run(folder / f"part{i}.nc", "--shard", f"{i}/4", *words, ranks=1 + i % 2)
    return folder


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3, 4))) if LONG else [(1, 2, 3, 4), (4, 2, 1, 3)])
def test_shards_joined_in_any_order_are_the_whole(whole, tmp_path, order):
    tenor("merge", *(whole / f"part{i}.nc" for i in order), "-o", tmp_path / "joined.nc", "--quiet")
    assert same(tmp_path / "joined.nc", whole / "whole.nc")


def test_merges_of_merges_are_the_whole(whole, tmp_path):
    tenor("merge", whole / "part4.nc", whole / "part1.nc", "-o", tmp_path / "outer.nc", "--quiet")
    tenor("merge", whole / "part3.nc", whole / "part2.nc", "-o", tmp_path / "inner.nc", "--quiet")
    tenor("merge", tmp_path / "inner.nc", tmp_path / "outer.nc", "-o", tmp_path / "joined.nc", "--quiet")
    assert same(tmp_path / "joined.nc", whole / "whole.nc")


def test_a_gap_between_shards_is_filled_by_extending(whole, tmp_path):
    tenor("merge", whole / "part4.nc", whole / "part2.nc", "-o", tmp_path / "gaps.nc", "--quiet")
    tenor("extend", tmp_path / "gaps.nc", "--paths", sidecar(whole / "whole.nc")["paths"], "--quiet", ranks=2)
    assert same(tmp_path / "gaps.nc", whole / "whole.nc")


def test_extending_a_whole_result_to_its_own_size_changes_nothing(whole, tmp_path):
    shutil.copy(whole / "whole.nc", tmp_path / "copy.nc")
    tenor("extend", tmp_path / "copy.nc", "--paths", sidecar(whole / "whole.nc")["paths"], "--quiet")
    assert same(tmp_path / "copy.nc", whole / "whole.nc")


@pytest.fixture(scope="module")
def one_piece(tmp_path_factory):
    return run(tmp_path_factory.mktemp("piece") / "whole.nc")


@pytest.mark.parametrize("first", [1, 511, 512, 513, 5000] + ([random.Random(3).randrange(1, PATHS) for _ in range(20)] if LONG else []))
def test_a_run_that_goes_on_is_the_run_in_one_piece(tmp_path, one_piece, first):
    """Also when its last block was not whole."""
    run(tmp_path / "grown.nc", paths=first)
    tenor("extend", tmp_path / "grown.nc", "--paths", PATHS, "--quiet", ranks=2)
    assert same(tmp_path / "grown.nc", one_piece)


def test_more_replicates_are_added_to_those_there_are(tmp_path):
    """A replicate keeps its number of points; more paths are more replicates."""
    run(tmp_path / "grown.nc", *SAMPLINGS["sobol"], paths=8 * 512)
    tenor("extend", tmp_path / "grown.nc", "--paths", 11 * 512 - 3, "--quiet")
    run(tmp_path / "whole.nc", "--sampling", "sobol", "--set", "sampling.replicates=11", paths=11 * 512)
    assert same(tmp_path / "grown.nc", tmp_path / "whole.nc")


def test_extending_twice_into_another_file_leaves_the_first(tmp_path):
    run(tmp_path / "a.nc", paths=700)
    before = (tmp_path / "a.nc").read_bytes()
    tenor("extend", tmp_path / "a.nc", "--paths", 900, "-o", tmp_path / "b.nc", "--quiet")
    tenor("extend", tmp_path / "b.nc", "--paths", 3000, "--quiet")
    assert (tmp_path / "a.nc").read_bytes() == before
    assert same(tmp_path / "b.nc", run(tmp_path / "whole.nc", paths=3000))


def test_comparisons_are_joined_and_continued_like_runs(tmp_path):
    pair = ("compare", BASE, NO_DEAL, "--quiet")
    tenor(*pair, "-o", tmp_path / "whole.nc", "--paths", 4000)
    for i in (1, 2):
        tenor(*pair, "-o", tmp_path / f"part{i}.nc", "--paths", 4000, "--shard", f"{i}/2")
    tenor("merge", tmp_path / "part2.nc", tmp_path / "part1.nc", "-o", tmp_path / "joined.nc", "--quiet")
    tenor(*pair, "-o", tmp_path / "grown.nc", "--paths", 1000)
    tenor("extend", tmp_path / "grown.nc", "--paths", 4000, "--quiet")
    assert same(tmp_path / "joined.nc", tmp_path / "whole.nc") and same(tmp_path / "grown.nc", tmp_path / "whole.nc")


def test_uneven_shards_of_several_customers_are_the_whole(tmp_path):
    shards = [run(tmp_path / f"{i}.nc", "--shard", f"{i}/7", deck=PORTFOLIO, paths=5000) for i in range(1, 8)]
    tenor("merge", *shards, "-o", tmp_path / "joined.nc", "--quiet")
    assert same(tmp_path / "joined.nc", run(tmp_path / "whole.nc", deck=PORTFOLIO, paths=5000))


def test_shards_have_names_of_their_own(tmp_path):
    subprocess.run([TENOR, "run", BASE, "--paths", "2000", "--shard", "2/3", "--quiet"], cwd=tmp_path, check=True)
    assert (tmp_path / "out/anthropic-aws.2-of-3.nc").exists()


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    for i in (1, 2):
        run(folder / f"{i}.nc", "--shard", f"{i}/2", paths=2048)
    return folder


@pytest.mark.parametrize("words,said", [
    (("--seed", 2), "seed 2"), (("--set", "market.spot_fraction=0.5"), "spot_fraction"),
    (("--sampling", "sobol"), "points"), (("--set", "name=other"), "name")])
def test_what_does_not_belong_together_is_refused_with_the_difference(parts, tmp_path, words, said):
    run(tmp_path / "other.nc", "--shard", "2/2", *words, paths=2048)
    done = tenor("merge", parts / "1.nc", tmp_path / "other.nc", "-o", tmp_path / "x.nc", code=6)
    assert said in done.stderr and "other.nc" in done.stderr and not (tmp_path / "x.nc").exists()


def test_a_joined_result_keeps_no_record_of_another_run(parts, tmp_path):
    """What stood beside the result that it replaces: targets, looks, times."""
    shutil.copy(parts / "1.nc", tmp_path / "out.nc")
    shutil.copy(parts / "1.run.json", tmp_path / "out.run.json")
    words = "-o", tmp_path / "out.nc", "--force", "--quiet"
    tenor("merge", parts / "1.nc", parts / "1.nc", *words, code=6)
    assert sidecar(tmp_path / "out.nc")["paths"] == 1024  # the old result has its own still
    tenor("merge", parts / "1.nc", parts / "2.nc", *words)
    assert [path.name for path in tmp_path.iterdir()] == ["out.nc"]


def test_paths_count_once(parts, tmp_path):
    done = tenor("merge", parts / "1.nc", parts / "2.nc", parts / "1.nc", "-o", tmp_path / "x.nc", code=6)
    assert "path 0" in done.stderr and not (tmp_path / "x.nc").exists()
    run(tmp_path / "overlap.nc", paths=1030)
    done = tenor("merge", parts / "2.nc", tmp_path / "overlap.nc", "-o", tmp_path / "x.nc", code=6)
    assert "path 1024" in done.stderr


def test_another_model_version_and_a_damaged_state_are_refused(parts, tmp_path):
    netcdf = pytest.importorskip("netCDF4")
    for attribute, value, said in (("model_version", "1.0", "model version 1.0"), ("block_paths", 256, "damaged"), ("seed", 9, "seed 9")):
        shutil.copy(parts / "2.nc", tmp_path / "changed.nc")
        with netcdf.Dataset(tmp_path / "changed.nc", "a") as data:
            data["state"].setncattr(attribute, value)
        done = tenor("merge", parts / "1.nc", tmp_path / "changed.nc", "-o", tmp_path / "x.nc", code=6)
        assert said in done.stderr
    shutil.copy(parts / "2.nc", tmp_path / "changed.nc")
    with netcdf.Dataset(tmp_path / "changed.nc", "a") as data:
        data["state"]["words"][0] += 1
    done = tenor("merge", parts / "1.nc", tmp_path / "changed.nc", "-o", tmp_path / "x.nc", code=6)
    assert "changed.nc" in done.stderr


@pytest.mark.parametrize("words", [("run", BASE, "--shard", "0/3"), ("run", BASE, "--shard", "4/3"), ("run", BASE, "--shard", "3"),
                                   ("run", BASE, "--shard", "1/2", "--until", "npv:1%"), ("run", BASE, "--shard", "1/2", "--paths", 3),
                                   ("extend", "none.nc"), ("extend", "a.nc", "--paths", 10, "--seed", 3), ("merge", "-o", "x.nc"),
                                   ("merge", "a.nc"), ("run", BASE, "--max-time", "soon"), ("run", BASE, "--sampling", "best")])
def test_wrong_words_are_usage_errors(tmp_path, words):
    assert tenor(*words, code=2).stderr.startswith(("tenor: error", "--set"))


def test_a_missing_part_is_an_input_error(parts, tmp_path):
    tenor("merge", parts / "1.nc", tmp_path / "none.nc", "-o", tmp_path / "x.nc", code=5)
    tenor("extend", tmp_path / "none.nc", "--paths", 10, code=5)


def test_a_result_cannot_shrink(parts):
    assert "already" in tenor("extend", parts / "2.nc", "--paths", 1000, code=2).stderr


# ---- precision targets

@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_target_stops_the_run_at_a_look_whatever_computes_it(tmp_path, sampling):
    words = ("run", BASE, "--until", "npv.cvar99:4%", "--until", "backlog@60:0.5", "--quiet", *SAMPLINGS[sampling])
    tenor(*words, "-o", tmp_path / "a.nc", "--threads", 2)
    tenor(*words, "-o", tmp_path / "b.nc", "--threads", 1, ranks=3)
    assert same(tmp_path / "a.nc", tmp_path / "b.nc")
    story = sidecar(tmp_path / "a.nc")
    looks = story["looks"]
    assert story["ending"] == "every precision target was met" and story["paths"] == looks[-1]["paths"]
    assert all(f["met"] for f in looks[-1]["figures"])
    assert all(not all(f["met"] for f in look["figures"]) for look in looks[:-1])
    assert sorted(look["paths"] for look in looks) == [look["paths"] for look in looks] == [look["paths"] for look in
                                                                                            sidecar(tmp_path / "b.nc")["looks"]]


def test_a_run_stopped_by_a_target_is_the_run_of_that_size(tmp_path):
    tenor("run", BASE, "--until", "npv:3%", "--quiet", "-o", tmp_path / "a.nc")
    assert same(tmp_path / "a.nc", run(tmp_path / "b.nc", paths=sidecar(tmp_path / "a.nc")["paths"]))


def test_the_figure_at_the_last_look_is_the_files(tmp_path):
    xarray = pytest.importorskip("xarray")
    tenor("run", BASE, "--until", "npv.cvar99:5%", "--quiet", "-o", tmp_path / "a.nc")
    last = sidecar(tmp_path / "a.nc")["looks"][-1]["figures"][0]
    with xarray.open_dataset(tmp_path / "a.nc") as data:
        tail = data.sel(level=0.99)
        assert last["value"] == float(tail["npv_cvar"])
        assert last["half_width"] == pytest.approx(float(data["interval_factor"]) * float(tail["npv_cvar_se"]), rel=1e-12)
        assert last["half_width"] <= 0.05 * abs(last["value"])


def test_a_target_that_is_not_met_is_exit_3_with_the_result(tmp_path):
    done = tenor("run", BASE, "--until", "npv.cvar99:0.01%", "--paths", 40_000, "--quiet", "-o", tmp_path / "a.nc", code=3)
    assert "not met" in done.stderr and (tmp_path / "a.nc").exists()


def test_a_thin_tail_meets_no_target(tmp_path):
    done = tenor("run", BASE, "--until", "npv.var99.5:90%", "--paths", 2000, "--quiet", "-o", tmp_path / "a.nc", code=3)
    assert "not met" in done.stderr


def test_time_is_up_with_the_paths_so_far(tmp_path):
    done = tenor("run", BASE, "--paths", "1e9", "--max-time", "2s", "--quiet", "-o", tmp_path / "a.nc", code=3)
    assert "time was up" in done.stderr
    assert same(tmp_path / "a.nc", run(tmp_path / "b.nc", paths=sidecar(tmp_path / "a.nc")["paths"]))


@pytest.mark.parametrize("target,said", [("npv", "wanted"), ("npv:", "wanted"), ("npv:0", "wanted"), ("npv:-1%", "wanted"), ("nvp:1%", "nvp"),
                                         ("npv.cvar98:1%", "cvar98"), ("backlog:1%", "backlog@60"), ("backlog@61:1%", "backlog@60"),
                                         ("npv@60:1%", "no date"), ("defaulted.cvar99:1%", "cvar99"), ("npv:1%x", "wanted")])
def test_a_target_that_makes_no_sense_is_refused_with_a_hint(target, said):
    assert said in tenor("run", BASE, "--until", target, code=2).stderr
