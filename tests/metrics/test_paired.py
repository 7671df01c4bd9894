"""DeLong's interval of two ROC-AUC on the same rows, held against a bootstrap and the definition."""

from __future__ import annotations

import numpy as np
import pytest

from cfmt.metrics import paired_roc_auc, roc_auc


def _scores(rng: np.random.Generator, labels: np.ndarray, gain: float) -> np.ndarray:
    return (rng.normal(size=len(labels)) + gain * labels).round(1).astype(np.float32)


def test_areas_are_those_of_roc_auc_with_ties() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(300) < 0.2).astype(np.uint8)
    one, other = _scores(rng, labels, 1.5), _scores(rng, labels, 0.5)
    found = paired_roc_auc(one, other, labels)
    assert found.one == pytest.approx(roc_auc(one, labels), abs=1e-12)
    assert found.other == pytest.approx(roc_auc(other, labels), abs=1e-12)
    assert found.difference == found.one - found.other
    turned = paired_roc_auc(other, one, labels)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_interval_is_near_that_of_a_stratified_bootstrap() -> None:
    rng = np.random.default_rng(1)
    labels = (np.arange(400) < 80).astype(np.uint8)
    shared = rng.normal(size=400)
    one = (shared + labels).astype(np.float32)
    other = (shared + 0.5 * rng.normal(size=400) + 0.8 * labels).astype(np.float32)
    found = paired_roc_auc(one, other, labels)
    draws = []
    for _ in range(1500):
        rows = np.concatenate([rng.integers(0, 80, 80), rng.integers(80, 400, 320)])
        draws.append(roc_auc(one[rows], labels[rows]) - roc_auc(other[rows], labels[rows]))
    assert found.high - found.low == pytest.approx(np.subtract(*np.quantile(draws, [0.975, 0.025])), rel=0.12)


def test_interval_covers_no_difference_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        labels = (np.arange(120) < 30).astype(np.uint8)
        found = paired_roc_auc(_scores(rng, labels, 1), _scores(rng, labels, 1), labels)
        covered += found.low <= 0 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_too_few_rows_of_a_class_have_no_interval() -> None:
    labels = np.array([1] * 4 + [0] * 20, np.uint8)
    scores = np.linspace(1, 0, 24, dtype=np.float32)
    found = paired_roc_auc(scores, scores, labels)
    assert found.one == 1.0
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(paired_roc_auc(scores[4:], scores[4:], labels[4:]).one)
    with pytest.raises(ValueError, match="one entry for each row, got 3, 4 and 4"):
        paired_roc_auc(scores[:3], scores[:4], labels[:4])
