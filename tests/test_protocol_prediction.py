"""Whether a hold-out predicts the test file: the correlation, and the command that measures it."""

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

from cfmt.cli import app, errors
from cfmt.errors import ConfigError
from cfmt.federated import rank_correlation
from cfmt.protocol.prediction import LOG, Scored, correlations

Array: TypeAlias = npt.NDArray[np.float64]

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30)


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@given(PAIRS)
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    if len(set(one)) > 1 and len(set(other)) > 1:
        assert rank_correlation(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)
    else:
        assert np.isnan(rank_correlation(one, other))


def scored(types: Array, random: Array, official: Array) -> list[Scored]:
    splits = {"types": types, "random": random, "official": official}
    return [
        Scored(f"m{i % 2}", i // 2, split, float(values[i]))
        for split, values in splits.items()
        for i in range(len(values))
    ]


def test_a_hold_out_that_orders_as_the_test_does_is_told_from_one_that_does_not() -> None:
    official = np.linspace(0, 1, 20)
    noise = np.random.default_rng(0).random(20)
    types, random = correlations(scored(official**3, noise, official))
    assert (types.split, types.n_trials) == ("types", 20)
    assert (types.rho, types.within, types.low, types.high) == pytest.approx((1, 1, 1, 1))
    assert random.split == "random"
    assert random.low < random.rho < random.high < 0.9


def test_trials_without_a_score_are_left_out() -> None:
    values = np.arange(4.0)
    entries = [
        *scored(values, values, values),
        Scored("m0", 9, "types", None),
        Scored("m0", 9, "random", 0.1),
    ]
    assert correlations(entries)[0].n_trials == 4
    with pytest.raises(ConfigError, match="at least 3 trials with a score everywhere, got 1"):
        correlations(scored(values[:1], values[:1], values[:1]))


def test_the_command_goes_on_with_its_log(tmp_path: Path) -> None:
    tiny = ["--train-rows", 2000, "--test-rows", 300, "--clients", 6, "--rounds", 2, "--steps", 3]
    tiny += ["--hidden", 4, "--seeds", 1, "--folds", 2]
    code, _, err = invoke("search", *tiny, "--method", "fedprox", "--trials", 4, "--out", tmp_path)
    assert code == 0, err
    code, out, err = invoke("check-hold-out", tmp_path)
    assert code == 0, err
    assert "types" in out
    assert "fedprox trial 3 on official" in err
    written = json.loads((tmp_path / "hold-out-check.json").read_text())
    assert [one["split"] for one in written["correlations"]] == ["types", "random"]
    assert len(written["scores"]) == 12
    lines = (tmp_path / LOG).read_text().splitlines(keepends=True)
    (tmp_path / LOG).write_text("".join(lines[:4]))
    assert invoke("check-hold-out", tmp_path, "--quiet")[::2] == (0, "")
    assert json.loads((tmp_path / "hold-out-check.json").read_text()) == written
    assert (tmp_path / LOG).read_text().splitlines(keepends=True) == lines


def test_a_folder_without_a_search_is_an_error_of_one_line(tmp_path: Path) -> None:
    code, _, err = invoke("check-hold-out", tmp_path)
    assert code == errors.MISUSED
    assert "holds no METHOD.jsonl; make some with: cfmt search" in err
