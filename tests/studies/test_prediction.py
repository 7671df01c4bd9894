"""Whether a fold predicts the test file: the correlation, and the command that measures it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from cfmt.cli import app as cli_app
from cfmt.cli import errors
from cfmt.errors import ConfigError, RunDirectoryError
from cfmt.experiment.statistics import rank_correlation
from studies.check_folds import app
from studies.fold_check import CRITERIA, LOG, Scored, check_report, correlations

Array: TypeAlias = npt.NDArray[np.float64]

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30)


def invoke_check(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@given(PAIRS)
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    if len(set(one)) > 1 and len(set(other)) > 1:
        assert rank_correlation(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)
    else:
        assert np.isnan(rank_correlation(one, other))


def scored(types: Array, rows: Array, random: Array, official: Array) -> list[Scored]:
    criteria = {"types": types, "types-micro": rows, "random": random, "official": official}
    return [
        Scored(f"m{i % 2}", i // 2, criterion, float(values[i]))
        for criterion, values in criteria.items()
        for i in range(len(values))
    ]


def test_a_fold_that_orders_as_the_test_does_is_told_from_one_that_does_not() -> None:
    official = np.linspace(0, 1, 20)
    noise = np.random.default_rng(0).random(20)
    types, rows, random = correlations(scored(official**3, -official, noise, official))
    assert (types.criterion, types.n_trials) == ("types", 20)
    assert (types.rho, types.within, types.low, types.high) == pytest.approx((1, 1, 1, 1))
    assert rows.criterion == "types-micro"
    assert rows.rho == pytest.approx(-1)
    assert random.criterion == "random"
    assert random.low < random.rho < random.high < 0.9


def test_trials_without_a_score_are_left_out() -> None:
    values = np.arange(4.0)
    entries = [
        *scored(values, values, values, values),
        Scored("m0", 9, "types", None),
        Scored("m0", 9, "random", 0.1),
    ]
    assert correlations(entries)[0].n_trials == 4
    with pytest.raises(ConfigError, match="at least 3 trials with a score everywhere, got 1"):
        correlations(scored(*[values[:1]] * 4))


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder of a tiny search with its check, and what the command printed."""
    folder = tmp_path_factory.mktemp("search")
    tiny = ["--train-rows", 2000, "--test-rows", 300, "--clients", 6, "--rounds", 2, "--steps", 3]
    tiny += ["--hidden", 4, "--seeds", 1, "--folds", 2]
    result = CliRunner().invoke(
        cli_app, [str(a) for a in ("tune", *tiny, "--method", "fedprox", "--trials", 4, "--out", folder)]
    )
    code, err = result.exit_code, result.stderr
    assert code == 0, err
    code, out, err = invoke_check("check", folder)
    assert code == 0, err
    assert "fedprox trial 3 by official" in err
    return folder, out


def copy_of(folder: Path, place: Path, *, lines: int | None = None, rest: bytes = b"") -> Path:
    """Copy a search and the first lines of its check."""
    (place / "fedprox.jsonl").write_bytes((folder / "fedprox.jsonl").read_bytes())
    kept = (folder / LOG).read_bytes().splitlines(keepends=True)[:lines]
    (place / LOG).write_bytes(b"".join(kept) + rest)
    return place


def test_the_three_criteria_stand_beside_each_other(checked: tuple[Path, str]) -> None:
    folder, out = checked
    assert all(words in out for words in CRITERIA.values())
    _, *entries = (json.loads(line) for line in (folder / LOG).read_text().splitlines())
    assert len(entries) == 4 * 4
    trials = [json.loads(line) for line in (folder / "fedprox.jsonl").read_text().splitlines()[1:]]
    scores = {(entry["criterion"], entry["trial"]): entry["score"] for entry in entries}
    for trial in trials:
        assert scores["types", trial["trial"]] == trial["score"]
        alike = [run["roc_auc"] / 2 + run["f1_at_threshold"] / 2 for run in trial["runs"]]
        assert scores["types-micro", trial["trial"]] == pytest.approx(np.mean(alike))


@pytest.mark.parametrize("lines", [1, 4, 12])
def test_an_interrupted_check_goes_on_with_its_log(
    checked: tuple[Path, str], tmp_path: Path, lines: int
) -> None:
    folder, out = checked
    copy_of(folder, tmp_path, lines=lines, rest=b'{"method": "fedp')
    code, again, _ = invoke_check("check", tmp_path, "--quiet")
    assert (code, again) == (0, out)
    assert (tmp_path / LOG).read_text() == (folder / LOG).read_text()


def test_a_check_of_another_search_is_not_gone_on_with(checked: tuple[Path, str], tmp_path: Path) -> None:
    copy_of(checked[0], tmp_path)
    header, *trials = (json.loads(line) for line in (tmp_path / "fedprox.jsonl").read_text().splitlines())
    trials[2]["runs"][0]["f1_macro_types"] += 0.01
    (tmp_path / "fedprox.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (header, *trials)))
    code, _, err = invoke_check("check", tmp_path)
    assert code != 0
    assert "fedprox trial 2 has another score in the search; remove the log" in " ".join(err.split())


def test_the_page_has_the_correlations_of_a_whole_log(checked: tuple[Path, str], tmp_path: Path) -> None:
    heading, text, table = check_report(checked[0], "KDDTest+")
    assert heading == "## Do the folds predict KDDTest+?\n"
    assert "chose nothing" in " ".join(text.split())
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [f"| {x}" for x in CRITERIA.values()]
    assert list(check_report(tmp_path, "KDDTest+")) == list(check_report(None, "KDDTest+")) == []
    copy_of(checked[0], tmp_path, lines=-1)
    with pytest.raises(RunDirectoryError, match="lacks some trials; resume with: python -m studies"):
        list(check_report(tmp_path, "KDDTest+"))


def test_a_folder_without_a_search_is_an_error_of_one_line(tmp_path: Path) -> None:
    code, _, err = invoke_check("check", tmp_path)
    assert code == errors.MISUSED
    assert "holds no METHOD.jsonl; make some with: cfmt tune" in err
