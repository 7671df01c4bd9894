"""Threshold rules against every threshold there is, and the text that names them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cfmt import metrics
from cfmt.cli import app, errors
from cfmt.errors import ConfigError
from cfmt.metrics import AtFpr, BestF1, LeastCost, ThresholdRule, threshold_rule, threshold_rules

Counts: TypeAlias = npt.NDArray[np.int64]

pairs = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(*(st.lists(st.integers(0, 6), min_size=bins, max_size=bins) for _ in range(2)))
)
costs = st.floats(0, 20) | st.integers(0, 5).map(float)


def as_counts(pair: tuple[list[int], list[int]]) -> tuple[Counts, Counts]:
    positive, negative = (np.array(counts, np.int64) for counts in pair)
    return positive, negative


def as_rows(positive: Counts, negative: Counts) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Rows in the middle of their bins, so that every edge parts the bins as it should."""
    middles = ((np.arange(len(positive)) + 0.5) / len(positive)).astype(np.float32)
    scores = np.concatenate([np.repeat(middles, positive), np.repeat(middles, negative)])
    labels = np.concatenate([np.ones(positive.sum()), np.zeros(negative.sum())])
    return scores, labels.astype(np.uint8)


def every_edge(bins: int) -> list[float]:
    """Thresholds from the highest down; the first calls nothing an attack."""
    return [float(np.nextafter(1, 2)), *((bins - i) / bins for i in range(1, bins + 1))]


@given(pairs)
def test_the_f1_rule_finds_the_best_of_all_thresholds(pair: tuple[list[int], list[int]]) -> None:
    positive, negative = as_counts(pair)
    found = BestF1().choose(positive, negative)
    if positive.sum() == 0:
        assert np.isnan(found)
        return
    scores, labels = as_rows(positive, negative)
    by_edge = [metrics.f1(metrics.confusion(scores, labels, edge)) for edge in every_edge(len(positive))]
    assert found == every_edge(len(positive))[int(np.argmax(by_edge))]


@given(pairs, costs, costs)
def test_the_cost_rule_finds_the_cheapest_of_all_thresholds(
    pair: tuple[list[int], list[int]], fn: float, fp: float
) -> None:
    positive, negative = as_counts(pair)
    found = metrics.threshold_for_cost(positive, negative, fn=fn, fp=fp)
    if positive.sum() + negative.sum() == 0:
        assert np.isnan(found)
        return
    scores, labels = as_rows(positive, negative)
    counts = [metrics.confusion(scores, labels, edge) for edge in every_edge(len(positive))]
    by_edge = [fn * c.fn + fp * c.fp for c in counts]
    assert found == every_edge(len(positive))[int(np.argmin(by_edge))]


@given(pairs, st.floats(0.01, 0.99))
def test_the_rate_rule_finds_the_lowest_threshold_within_the_rate(
    pair: tuple[list[int], list[int]], rate: float
) -> None:
    positive, negative = as_counts(pair)
    found = AtFpr(rate).choose(positive, negative)
    if negative.sum() == 0:
        assert np.isnan(found)
        return
    scores, labels = as_rows(positive, negative)
    rates = [(scores >= edge)[labels == 0].mean() for edge in every_edge(len(positive))]
    allowed = [
        edge for edge, of_edge in zip(every_edge(len(positive)), rates, strict=True) if of_edge <= rate
    ]
    assert found == min(allowed)


def test_a_missed_attack_that_costs_more_lowers_the_threshold() -> None:
    positive, negative = np.array([1, 1, 1, 5]), np.array([20, 4, 1, 0])
    dear = [LeastCost(fn=fn, fp=1).choose(positive, negative) for fn in (0.5, 2, 5, 50)]
    assert dear == [0.75, 0.5, 0.25, 0.0]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("fpr:0.05", AtFpr(0.05)),
        ("fpr:1e-3", AtFpr(0.001)),
        ("f1", BestF1()),
        ("cost:fn=10,fp=1", LeastCost(fn=10, fp=1)),
        (" cost:fn=2.5, fp=0 ", LeastCost(fn=2.5, fp=0)),
    ],
)
def test_rules_have_short_names(text: str, rule: ThresholdRule) -> None:
    assert threshold_rule(text) == rule
    assert threshold_rule(str(rule)) == rule


def test_rules_stand_with_commas_between_though_one_has_its_own() -> None:
    rules = (AtFpr(0.05), LeastCost(10, 1), BestF1(), LeastCost(1, 0))
    assert threshold_rules("fpr:0.05,cost:fn=10,fp=1, f1,cost:fn=1,fp=0") == rules
    assert threshold_rules(",".join(map(str, rules))) == rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "threshold must be fpr:RATE, f1 or cost:fn=COST,fp=COST, got ''; write fpr:0.05"),
        ("fpr", "got 'fpr'"),
        ("fpr:0.0.5", "got 'fpr:0.0.5'"),
        ("fpr:-0.1", "got 'fpr:-0.1'"),
        ("fpr:1", r"RATE in \(0, 1\), got 1; write fpr:0.05"),
        ("f2", "got 'f2'"),
        ("cost:fn=1", "got 'cost:fn=1'"),
        ("cost:fn=0,fp=0", "not both 0, got cost:fn=0,fp=0"),
        ("f1,f1", "threshold must name each rule once, got f1 again"),
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        threshold_rules(text)
    assert "\n" not in str(caught.value)


def test_costs_must_be_numbers() -> None:
    counts = np.array([1, 2])
    with pytest.raises(ValueError, match=r"fn must be a finite number >= 0, got -1"):
        metrics.threshold_for_cost(counts, counts, fn=-1, fp=1)
    with pytest.raises(ConfigError, match="costs >= 0"):
        LeastCost(fn=float("inf"), fp=1)


def test_the_option_takes_several_rules(tmp_path: object) -> None:
    tiny = ["--clients", "5", "--train-rows", "2000", "--test-rows", "300", "--hidden", "4", "--steps", "2"]
    several = ["--threshold", "fpr:0.01,f1,cost:fn=10,fp=1", "--rounds", "1", "--out", f"{tmp_path}/run"]
    done = CliRunner().invoke(app, ["train", *tiny, *several])
    assert done.exit_code == 0, done.stderr
    for rule in ("fpr:0.01", "f1", "cost:fn=10,fp=1"):
        assert any(line.startswith(rule) for line in done.stdout.splitlines())
    assert "alerts per million" in done.stdout
    wrong = CliRunner().invoke(app, ["train", "--threshold", "fpr:5"])
    assert wrong.exit_code == errors.MISUSED
    assert wrong.stderr == "error: threshold fpr:RATE takes a RATE in (0, 1), got 5; write fpr:0.05\n"
