"""Intervals over seeds against scipy, and pairing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cfmt.experiment.statistics import interval, paired, summarise_runs

VALUES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20)


@given(VALUES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_interval_is_students(values: list[float], level: float) -> None:
    found = interval(values, level=level)
    scale = stats.sem(values)
    low, high = (
        stats.t.interval(level, len(values) - 1, np.mean(values), scale) if scale else (found.mean,) * 2
    )
    np.testing.assert_allclose([found.low, found.high], [low, high], rtol=1e-7, atol=1e-7)
    assert found.values == tuple(values)


def test_intervals_cover_what_they_claim() -> None:
    draws = np.random.default_rng(0).normal(3, 2, (2000, 5))
    covered = [found.low <= 3 <= found.high for found in map(interval, draws)]
    assert abs(np.mean(covered) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_one_seed_has_no_interval() -> None:
    found = interval([0.5])
    assert found.mean == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_no_values_and_unequal_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="values must hold at least one number"):
        interval([])
    with pytest.raises(ValueError, match="must cover the same seeds, got 2 and 1"):
        paired([1, 2], [1])


@given(VALUES, st.floats(-10, 10))
def test_pairing_removes_what_seeds_share(values: list[float], shift: float) -> None:
    found = paired([v + shift for v in values], values)
    np.testing.assert_allclose([found.low, found.mean, found.high], shift, atol=1e-9)


def test_summary_pairs_against_the_baseline() -> None:
    runs = {"fedavg": [{"f1": 0.5}, {"f1": 0.7}], "cfmt": [{"f1": 0.6}, {"f1": 0.8}]}
    methods, differences = summarise_runs(runs, baseline="fedavg")
    assert methods["cfmt"]["f1"].mean == pytest.approx(0.7)
    assert set(differences) == {"cfmt"}
    assert differences["cfmt"]["f1"].mean == pytest.approx(0.1)
    assert summarise_runs({"cfmt": runs["cfmt"]}, baseline="fedavg")[1] == {}


def test_an_infinite_value_has_no_interval() -> None:
    found = interval([1.0, math.inf])
    assert found.mean == math.inf
    assert math.isnan(found.high)
