"""The result file: what is in it is what the paths say, and common programs read it."""
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, COLUMNS = BUILD / "engine/tenor", BUILD / "tests/tool/columns"
DECK, PATHS, SEED = TOP / "decks/portfolio.yaml", 20_000, 11
QUARTERLY = ("backlog", "operating_income", "utilisation", "aws_revenue", "customer_cash", "shortfall_cum")
TERMINAL = ("npv", "capex_total", "ecl", "fulfilled_month", "default_month", "payback", "stake", "lost_backlog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    subprocess.run([TENOR, "run", DECK, "-o", folder / "out.nc", "--paths", str(PATHS), "--seed", str(SEED), "--quiet"], check=True)
    subprocess.run([COLUMNS, DECK, str(SEED), str(PATHS), folder / "columns.nc", *QUARTERLY, *TERMINAL], check=True)
    return folder


@pytest.fixture(scope="module")
def data(folder):
    with xarray.open_dataset(folder / "out.nc") as data:
        return data.load()


@pytest.fixture(scope="module")
def raw(folder):
    """(path, date, customer) or less, as the file has its dimensions."""
    with Dataset(folder / "columns.nc") as columns:
        columns.set_auto_mask(False)
        return {name: columns[name][:].transpose(2, 1, 0) for name in QUARTERLY + TERMINAL}


def of(data, name, shape):
    """A variable, shaped (date, item)."""
    return data[name].values.reshape(shape[1:])


@pytest.mark.parametrize("name", QUARTERLY + TERMINAL)
def test_moments_are_those_of_the_paths(data, raw, name):
    values = np.where(np.isinf(raw[name]), np.nan, raw[name])
    count = np.isfinite(values).sum(axis=0)
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)
    np.testing.assert_allclose(of(data, name + "_mean", values.shape), mean, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(of(data, name + "_sd", values.shape), sd, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(of(data, name + "_se", values.shape), sd / np.sqrt(count), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", QUARTERLY + TERMINAL)
def test_quantiles_are_order_statistics_within_their_bin(data, raw, name):
    """Order statistic ceil(p N), infinity last; a bin is 1/128 of an octave wide, or 2^-10 near zero."""
    if name + "_quantile" not in data:
        pytest.skip(f"{name} carries no histogram")
    ordered, levels = np.sort(raw[name], axis=0), data["quantile"].values
    quantiles = data[name + "_quantile"]
    found = quantiles.transpose(..., "quantile").values.reshape(*ordered.shape[1:], len(levels))
    seen = 0
    for k, level in enumerate(levels):
        exact = ordered[int(np.ceil(round(level * PATHS, 6))) - 1]
        have = found[..., k]
        there = np.isfinite(have)
        assert (np.isinf(exact) | there | np.isnan(have)).all()
        assert not (np.isinf(exact) & there).any(), "never has a date"
        width = np.maximum(2.0 ** -10, np.abs(exact) / 128)
        assert (np.abs(have - exact) <= width)[there].all()
        seen += there.sum()
    assert seen >= 4


@pytest.mark.parametrize("name, sign", [("npv", -1), ("capex_total", 1), ("ecl", 1)])
def test_tails_are_those_of_the_losses(data, raw, name, sign):
    """VaR is the order statistic ceil(pN) of the loss within its bin; CVaR = VaR + mean((loss - VaR)+)/(1 - p)."""
    losses = np.sort(sign * raw[name][:, 0, :], axis=0)
    seen = 0
    for level in data["level"].values:
        tail = {part: np.atleast_1d(data[f"{name}_{part}"].sel(level=level).values) for part in
                ("var", "var_lo", "var_hi", "cvar", "cvar_se")}
        exact = losses[int(np.ceil(round(level * PATHS, 6))) - 1]
        known = ~np.isnan(tail["var"])
        seen += known.sum()
        bins = np.maximum(2.0 ** -10, np.abs(exact) / 128)
        assert (np.abs(tail["var"] - exact) <= bins)[known].all()
        assert (tail["var_lo"] <= tail["var"])[known].all() and (tail["var"] <= tail["var_hi"])[known].all()
        excess = np.maximum(losses - exact, 0)
        beyond = exact + excess.mean(axis=0) / (1 - level)
        error = excess.std(axis=0) / (1 - level) / np.sqrt(PATHS)
        assert (np.abs(tail["cvar"] - beyond) <= np.maximum(1e-3 * np.abs(beyond), 2.0 ** -10))[known].all()
        np.testing.assert_allclose(tail["cvar_se"][known], error[known], rtol=0.03, atol=2e-4)
    assert seen >= 3


def test_exceedance_curves_count_paths(data, raw):
    losses = -raw["npv"][:, 0, 0]
    exact = (losses[:, None] > data["threshold"].values).mean(axis=0)
    np.testing.assert_allclose(data["npv_exceedance"], exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(data["npv_exceedance_se"], np.sqrt(exact * (1 - exact) / (PATHS - 1)), rtol=1e-9, atol=1e-15)
    assert (np.diff(data["npv_exceedance"]) <= 0).all() and 0 < float(data["npv_exceedance"].sel(threshold=0)) < 1
    capex = (raw["capex_total"][:, 0, 0][:, None] > data["threshold"].values).mean(axis=0)
    np.testing.assert_allclose(data["capex_total_exceedance"], capex, rtol=0, atol=1e-12)
    lost = raw["lost_backlog"][:, 0, 0]
    assert float(data["lost_backlog_exceedance"].sel(threshold=0)) == (lost >= 2.0 ** -10).mean() < 1
    assert "stake_var" not in data  # neither end of it is the bad one


def test_dates_by_a_month_count_paths(data, raw):
    for name in ("fulfilled_month", "default_month"):
        exact = (raw[name][:, 0, :][..., None] <= data["by"].values).mean(axis=0)
        np.testing.assert_allclose(data[name + "_by"], exact, rtol=0, atol=1e-12)
        np.testing.assert_allclose(data[name + "_by_se"], np.sqrt(exact * (1 - exact) / (PATHS - 1)), rtol=1e-9)


def test_the_loss_without_wrong_way_risk_follows_from_monthly_means(data):
    """sum (E / s) (1 - recovery) (defaults) exp(-r t); the deck's recovery is 0.35, 0.6 of it in winter, r 4.25 %."""
    alive, after = data["survivor"].values, np.vstack([data["survivor"].values[1:], 1 - data["defaulted"].values])
    lost = 1 - 0.35 * (1 - 0.4 * data["winter_survivor"].values / alive)
    discount = np.exp(-0.0425 * data["month"].values / 12)[:, None]
    exact = (data["monthly_exposure_mean"].values / alive * lost * (alive - after) * discount).sum(axis=0)
    np.testing.assert_allclose(data["ecl_independent"], exact, rtol=1e-9)
    np.testing.assert_allclose(data["wrong_way_ratio"], data["ecl_mean"] / exact, rtol=1e-9)
    assert data.sizes["month"] == 120 and (data["survivor"][0] == 1).all()


def test_shares_are_counts_of_paths(data, raw):
    share = (raw["default_month"][:, 0, :] < np.inf).mean(axis=0)
    np.testing.assert_allclose(data["defaulted"], share, rtol=1e-12)
    np.testing.assert_allclose(data["defaulted_se"], np.sqrt(share * (1 - share) / (PATHS - 1)), rtol=1e-9)
    np.testing.assert_allclose(data["alive"][-1], 1 - share, rtol=1e-12)
    np.testing.assert_allclose(data["binding_share"].sum("constraint"), 1, rtol=1e-12)
    np.testing.assert_allclose(data["regime_share"].sum("regime"), 1, rtol=1e-12)


def test_intervals_enclose_their_quantiles(data):
    for name in data:
        if name.endswith("_quantile"):
            low, middle, high = (data[name + end].values for end in ("_lo", "", "_hi"))
            known = ~np.isnan(middle) & ~np.isnan(low) & ~np.isnan(high)
            assert (low <= middle)[known].all() and (middle <= high)[known].all(), name
            steps = np.diff(data[name].transpose(..., "quantile").values, axis=-1)
            assert (steps[~np.isnan(steps)] >= 0).all(), name


def test_xarray_reads_it_without_help(data):
    assert data.sizes["time"] == 40 and list(data["customer"].values) == ["Anthropic", "OpenAI", "Enterprise"]
    assert str(data["time"].values[0])[:10] == "2026-07-01" and str(data["time"].values[-1])[:10] == "2036-04-01"
    assert data["backlog_quantile"].sel(quantile=0.95).shape == (40,)
    assert data["backlog_mean"].attrs["currency"] == "USD" and data["backlog_mean"].attrs["scale"] == "billion"
    assert data["capacity_mean"].attrs["units"] == "GW"
    assert data.attrs["Conventions"].startswith("CF-1.10")
    for name, variable in data.variables.items():
        assert name == "time_bnds" or variable.attrs.get("long_name"), name


def test_history_is_in_the_file_and_changes_no_figure(tmp_path):
    """Past quarters as the deck has them, what is not known as missing; without them everything else is the same."""
    import yaml
    base = [TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "600", "--quiet", "-o"]
    subprocess.run([*base, tmp_path / "with.nc"], check=True)
    subprocess.run([*base, tmp_path / "without.nc", "--set", "history=[]"], check=True)
    data, bare = (xarray.open_dataset(tmp_path / name, decode_timedelta=False) for name in ("with.nc", "without.nc"))
    past = yaml.safe_load((TOP / "decks/data/aws-history.yaml").read_text())["history"]
    assert [str(end)[:10] for end in data["history_time"].values] == [str(quarter["end"]) for quarter in past]
    for key in ("aws_revenue", "aws_obligations"):
        wanted = [float(quarter[key]["value"].split()[0]) if key in quarter else np.nan for quarter in past]
        assert 1 < np.isfinite(wanted).sum() and np.array_equal(data[f"history_{key}"].values, wanted, equal_nan=True)
        assert data[f"history_{key}"].attrs["scale"] == "billion"
    assert set(data.variables) - set(bare.variables) == {"history_time", "history_aws_revenue", "history_aws_obligations"}
    assert all(data[name].equals(bare[name]) for name in bare.variables)


def test_the_state_group_holds_what_a_later_run_needs(folder):
    with Dataset(folder / "out.nc") as data:
        state = data["state"]
        deck = state["deck"][:].tobytes().rstrip(b"\0")
        assert hashlib.sha256(deck).hexdigest() == state["deck"].sha256 == data.deck_sha256
        assert state["path_ranges"][:].tolist() == [[0, PATHS]]
        assert int(state.seed) == SEED and state.model_version == data.model_version


@pytest.mark.parametrize("command", [
    ["ncdump", "-h", "out.nc"], ["ncks", "-O", "-d", "quantile,0.5", "-v", "backlog_quantile", "out.nc", "median.nc"],
    ["ncwa", "-O", "-a", "time", "-v", "backlog_mean,customer_cash_mean", "out.nc", "mean.nc"], ["nces", "-O", "-v", "backlog_mean,npv_mean", "out.nc", "out.nc", "all.nc"],
    ["ncatted", "-O", "-a", "comment,global,c,c,mine", "out.nc", "noted.nc"], ["ncrename", "-v", "backlog_mean,rpo", "noted.nc"],
    ["ncks", "-O", "--mk_rec_dmn", "time", "-v", "backlog_mean", "out.nc", "records.nc"]], ids=lambda words: "-".join(words[:3]))
def test_common_programs_read_it(folder, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr


def test_operators_give_the_right_numbers(folder, data):
    if shutil.which("ncwa") is None or shutil.which("ncks") is None:
        pytest.skip("NCO is not installed")
    subprocess.run(["ncwa", "-O", "-a", "time", "-v", "backlog_mean", "out.nc", "mean.nc"], cwd=folder, check=True)
    subprocess.run(["ncks", "-O", "-d", "quantile,0.5", "-v", "backlog_quantile", "out.nc", "median.nc"], cwd=folder, check=True)
    with xarray.open_dataset(folder / "mean.nc") as mean, xarray.open_dataset(folder / "median.nc") as median:
        np.testing.assert_allclose(mean["backlog_mean"], data["backlog_mean"].mean(), rtol=1e-12)
        np.testing.assert_array_equal(median["backlog_quantile"][:, 0], data["backlog_quantile"].sel(quantile=0.5))


def test_the_json_of_show_has_every_variable(folder, data):
    text = subprocess.run([TENOR, "show", folder / "out.nc", "--json"], check=True, capture_output=True, text=True).stdout
    shown = json.loads(text)["variables"]
    assert set(data.variables) <= set(shown)
    np.testing.assert_array_equal(shown["backlog_mean"]["values"], data["backlog_mean"])
    assert shown["backlog_mean"]["dims"] == ["time"]


def test_the_digest_is_of_the_content(folder):
    def digest(path):
        return subprocess.run([TENOR, "show", path, "--digest"], check=True, capture_output=True, text=True).stdout.strip()
    first = digest(folder / "out.nc")
    assert len(first) == 64
    if shutil.which("nccopy"):
        subprocess.run(["nccopy", "-d", "1", "-s", folder / "out.nc", folder / "copy.nc"], check=True)
        assert (folder / "copy.nc").read_bytes() != (folder / "out.nc").read_bytes()
        assert digest(folder / "copy.nc") == first
    shutil.copy(folder / "out.nc", folder / "changed.nc")
    with Dataset(folder / "changed.nc", "a") as changed:
        changed["backlog_mean"][5] = np.nextafter(changed["backlog_mean"][5], 100)
    assert digest(folder / "changed.nc") != first


@pytest.mark.parametrize("content", [b"", b"no result", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_result_is_refused(tmp_path, content):
    (tmp_path / "x.nc").write_bytes(content)
    done = subprocess.run([TENOR, "show", tmp_path / "x.nc"], capture_output=True, text=True)
    assert done.returncode == 6 and "x.nc" in done.stderr and done.stdout == ""


def test_another_programs_netcdf_is_refused(tmp_path):
    with Dataset(tmp_path / "x.nc", "w") as other:
        other.createDimension("time", 3)
        other.createVariable("backlog_mean", "f8", ("time",))[:] = 1
    done = subprocess.run([TENOR, "show", tmp_path / "x.nc"], capture_output=True, text=True)
    assert done.returncode == 6 and done.stdout == ""


def test_the_table_of_show_has_the_numbers_of_the_file(folder, data):
    table = subprocess.run([TENOR, "show", folder / "out.nc"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in table.split("\n") if line.strip().startswith("backlog, bn USD")]
    assert len(rows) == 4
    for row, quarter in zip(rows, (3, 11, 19, 39)):
        mean, half = float(row[3]), float(row[4])
        assert mean == pytest.approx(float(data["backlog_mean"][quarter]), rel=1e-3)
        assert half == pytest.approx(1.96 * float(data["backlog_se"][quarter]), rel=2e-2, abs=6e-4)


@pytest.mark.parametrize("command, months, dates", [("run", 11, ["month 11"]), ("run", 12, ["year 1"]), ("run", 15, ["year 1", "quarter 5"]),
                                                    ("compare", 11, [])])
def test_a_year_that_is_cut_short_is_not_shown_as_one(tmp_path, command, months, dates):
    """The last quarter of a horizon of 11 months is a fourth one, of two months."""
    done = subprocess.run([TENOR, command, *[TOP / "decks/anthropic-aws.yaml"] * (2 if command == "compare" else 1), "--paths", "64",
                           "-o", tmp_path / "out.nc", "--set", f"time.horizon={months} months"], check=True, capture_output=True, text=True)
    assert [line[7:33].strip() for line in done.stdout.splitlines() if line.startswith("end of ")] == dates
