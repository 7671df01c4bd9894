"""Figures of detection: scikit-learn's, from scores, counts and histograms."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as peer

from cfmt import metrics
from reference import metrics as reference

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]

# A grid makes ties, and thresholds that scores meet exactly.
SCORES = st.integers(0, 8).map(lambda step: step / 8) | st.floats(0, 1, width=32)


@st.composite
def scored(draw: st.DrawFn, max_rows: int = 80, both_classes: bool = True) -> tuple[Scores, Labels]:
    n = draw(st.integers(2, max_rows))
    scores = draw(hnp.arrays(np.float32, n, elements=SCORES))
    labels = draw(hnp.arrays(np.uint8, n, elements=st.integers(0, 1)))
    if both_classes:
        labels[:2] = [0, 1]
    return scores, labels


@given(rows=scored())
def test_areas_are_those_of_scikit_learn(rows: tuple[Scores, Labels]) -> None:
    scores, labels = rows
    np.testing.assert_allclose(
        metrics.roc_auc(scores, labels), peer.roc_auc_score(labels, scores), rtol=1e-12
    )
    np.testing.assert_allclose(metrics.roc_auc(scores, labels), reference.roc_auc(scores, labels), rtol=1e-12)
    precision = metrics.average_precision(scores, labels)
    np.testing.assert_allclose(precision, peer.average_precision_score(labels, scores), rtol=1e-12)
    np.testing.assert_allclose(precision, reference.average_precision(scores, labels), rtol=1e-12)


@st.composite
def typed(draw: st.DrawFn) -> tuple[Scores, Labels, Codes]:
    scores, labels = draw(scored())
    return scores, labels, draw(hnp.arrays(np.int64, len(labels), elements=st.integers(-1, 4)))


@given(rows=typed(), threshold=SCORES | st.sampled_from([-1.0, 2.0, np.inf]))
def test_figures_by_type_are_those_of_scikit_learn_under_weights(
    rows: tuple[Scores, Labels, Codes], threshold: float
) -> None:
    scores, labels, codes = rows
    weights = reference.weights_of(codes, labels)
    assert weights[labels == 1].sum() == pytest.approx(labels.sum())
    area = metrics.roc_auc_macro_types(scores, labels, codes)
    assert area == pytest.approx(reference.roc_auc_macro_types(scores, labels, codes), rel=1e-12)
    inverse = np.where(labels == 1, weights / labels.sum(), 1.0)  # 1 / rows of the type, but for a factor
    assert area == pytest.approx(peer.roc_auc_score(labels, scores, sample_weight=inverse), abs=1e-9)
    called = scores.astype(np.float64) >= threshold
    recall = metrics.recall_macro_types(scores, labels, codes, threshold)
    assert recall == pytest.approx(reference.recall_macro_types(scores, labels, codes, threshold), rel=1e-12)
    assert recall == pytest.approx(peer.recall_score(labels, called, sample_weight=weights), abs=1e-12)
    assert metrics.f1_macro_types(scores, labels, codes, threshold) == pytest.approx(
        peer.f1_score(labels, called, sample_weight=weights), abs=1e-12
    )


@given(rows=scored(), threshold=SCORES)
def test_with_one_type_or_types_of_one_size_rows_count_alike(
    rows: tuple[Scores, Labels], threshold: float
) -> None:
    scores, labels = rows
    counts = metrics.confusion(scores, labels, threshold)
    for codes in (np.full(len(labels), 7), np.arange(len(labels))):
        found = metrics.roc_auc_macro_types(scores, labels, codes)
        assert found == pytest.approx(metrics.roc_auc(scores, labels), rel=1e-12)
        found = metrics.recall_macro_types(scores, labels, codes, threshold)
        assert found == pytest.approx(metrics.recall(counts), rel=1e-12)
        found = metrics.f1_macro_types(scores, labels, codes, threshold)
        assert found == pytest.approx(metrics.f1(counts), rel=1e-12)


def test_a_frequent_type_weighs_no_more_than_a_rare_one() -> None:
    scores = np.array([0.9] * 98 + [0.1, 0.5, 0.95], np.float32)  # 98 rows of type 0, one of 1, two normal
    labels = np.array([1] * 99 + [0, 0], np.uint8)
    codes = np.array([0] * 98 + [1, 2, 2])
    assert metrics.roc_auc_macro_types(scores, labels, codes) == pytest.approx((0.5 + 0) / 2)
    assert metrics.recall_macro_types(scores, labels, codes, 0.7) == pytest.approx(0.5)
    tp, fp, fn = 99 / 2, 1, 99 / 2
    assert metrics.f1_macro_types(scores, labels, codes, 0.7) == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_figures_by_type_want_both_classes_and_codes_that_fit() -> None:
    scores, codes = np.array([0.5, 0.7], np.float32), np.array([1, 2])
    attacks, normal = np.ones(2, np.uint8), np.zeros(2, np.uint8)
    for labels in (attacks, normal):
        assert np.isnan(metrics.roc_auc_macro_types(scores, labels, codes))
        assert np.isnan(metrics.f1_macro_types(scores, labels, codes, 0.6))
    assert np.isnan(metrics.recall_macro_types(scores, normal, codes, 0.6))
    assert metrics.recall_macro_types(scores, attacks, codes, 0.6) == 0.5
    with pytest.raises(TypeError, match="attack_type must be an int64 array, got uint8"):
        metrics.roc_auc_macro_types(scores, attacks, attacks)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="attack_type must be an int64 array, got list"):
        metrics.roc_auc_macro_types(scores, attacks, [1, 2])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="attack_type must have 2 elements, as labels has, got 1"):
        metrics.f1_macro_types(scores, attacks, codes[:1], 0.5)
    with pytest.raises(ValueError, match=r"scores\[0\] must be a number"):
        metrics.roc_auc_macro_types(scores * np.float32(np.nan), attacks, codes)
    with pytest.raises(ValueError, match="threshold must be a number, got NaN"):
        metrics.recall_macro_types(scores, attacks, codes, np.nan)


@given(rows=scored(both_classes=False), threshold=SCORES | st.sampled_from([-1.0, 2.0, np.inf]))
def test_decisions_are_those_of_scikit_learn(rows: tuple[Scores, Labels], threshold: float) -> None:
    scores, labels = rows
    counts = metrics.confusion(scores, labels, threshold)
    assert list(counts) == reference.confusion(scores, labels, threshold)
    called = scores.astype(np.float64) >= threshold
    matrix = peer.confusion_matrix(labels, called, labels=[0, 1])
    assert [[counts.tn, counts.fp], [counts.fn, counts.tp]] == matrix.tolist()
    assert metrics.accuracy(counts) == pytest.approx(peer.accuracy_score(labels, called), abs=1e-15)
    assert metrics.macro_f1(counts) == pytest.approx(
        peer.f1_score(labels, called, average="macro", zero_division=0), abs=1e-15
    )
    figures: dict[Callable[[metrics.Confusion], float], float] = {
        metrics.f1: peer.f1_score(labels, called, zero_division=np.nan),
        metrics.recall: peer.recall_score(labels, called, zero_division=np.nan),
        metrics.false_positive_rate: 1
        - peer.recall_score(~labels.astype(bool), ~called, zero_division=np.nan),
    }
    for figure, want in figures.items():
        assert figure(counts) == pytest.approx(want, abs=1e-15, nan_ok=True)


def test_what_is_not_defined_is_nan() -> None:
    nothing = metrics.Confusion(0, 0, 0, 0)
    for figure in (
        metrics.f1,
        metrics.macro_f1,
        metrics.recall,
        metrics.false_positive_rate,
        metrics.accuracy,
    ):
        assert np.isnan(figure(nothing))
    assert np.isnan(metrics.f1(metrics.Confusion(0, 0, 0, 5)))
    assert metrics.macro_f1(metrics.Confusion(0, 0, 0, 5)) == 1
    assert metrics.f1(metrics.Confusion(0, 1, 0, 5)) == 0
    scores = np.array([0.1, 0.9], np.float32)
    for labels in (np.zeros(2, np.uint8), np.ones(2, np.uint8)):
        assert np.isnan(metrics.roc_auc(scores, labels))
        assert np.isnan(metrics.average_precision(scores, labels))
        assert np.isnan(metrics.recall_at_fpr(scores, labels, 0.1))
        histograms = metrics.score_histogram(scores, labels)
        assert np.isnan(metrics.roc_auc_from_histograms(*histograms))
        assert np.isnan(metrics.average_precision_from_histograms(*histograms))
    none, no_labels = scores[:0], np.empty(0, np.uint8)
    assert np.isnan(metrics.roc_auc(none, no_labels))
    assert np.isnan(metrics.average_precision(none, no_labels))
    assert np.isnan(metrics.all_attack_f1(no_labels))
    assert metrics.confusion(none, no_labels, 0.5) == nothing
    empty = np.zeros(4, np.int64)
    assert np.isnan(metrics.threshold_at_fpr(empty + 1, empty, 0.1))
    assert np.isnan(metrics.expected_alerts_per_million(empty, 0.5))


@given(rows=scored(both_classes=False), cuts=st.lists(st.integers(0, 80), max_size=6), threshold=SCORES)
def test_ragged_figures_are_those_of_each_client(
    rows: tuple[Scores, Labels], cuts: list[int], threshold: float
) -> None:
    scores, labels = rows
    offsets = np.array([0, *sorted(min(cut, len(scores)) for cut in cuts), len(scores)])
    counts = metrics.ragged_confusion(scores, labels, offsets, threshold)
    precision = metrics.ragged_average_precision(scores, labels, offsets)
    for k, (start, stop) in enumerate(itertools.pairwise(offsets)):
        own = scores[start:stop], labels[start:stop]
        assert tuple(counts[k]) == metrics.confusion(*own, threshold)
        np.testing.assert_array_equal(precision[k], metrics.average_precision(*own))
    assert tuple(counts.sum(axis=0)) == metrics.confusion(scores, labels, threshold)


@given(rows=scored(max_rows=40), fpr=st.floats(0, 1) | st.integers(0, 20).map(lambda step: step / 20))
def test_recall_at_fpr(rows: tuple[Scores, Labels], fpr: float) -> None:
    got = metrics.recall_at_fpr(*rows, fpr)
    np.testing.assert_allclose(got, reference.recall_at_fpr(*rows, fpr), rtol=1e-14)
    false_rates, recalls, _ = peer.roc_curve(rows[1], rows[0], drop_intermediate=False)
    np.testing.assert_allclose(got, recalls[false_rates <= fpr].max(), rtol=1e-14)


def test_a_rate_that_is_met_exactly_is_kept() -> None:
    """29 of 100 is 0.29, although 0.29 * 100 is less than 29 in float64."""
    scores = np.concatenate([np.linspace(0, 1, 100), [0.715]]).astype(np.float32)
    labels = np.array([0] * 100 + [1], np.uint8)
    assert metrics.recall_at_fpr(scores, labels, 0.29) == 1
    assert metrics.recall_at_fpr(scores, labels, 0.28) == 0


@given(rows=scored(), fpr=st.floats(0, 1), bins=st.integers(1, 40))
def test_the_threshold_keeps_the_rate_and_is_the_smallest(
    rows: tuple[Scores, Labels], fpr: float, bins: int
) -> None:
    scores, labels = rows
    positive, negative = metrics.score_histogram(scores, labels, bins=bins)
    threshold = metrics.threshold_at_fpr(positive, negative, fpr)
    want = reference.threshold_at_fpr(negative, fpr)
    assert threshold == (want if want is not None else np.nextafter(1, 2))
    counts = metrics.confusion(scores, labels, threshold)
    rate = metrics.false_positive_rate(counts)
    assert rate <= fpr
    assert metrics.expected_alerts_per_million(negative, threshold) == pytest.approx(1e6 * rate)
    # What the histograms say at the edge is what the scores say.
    edge = round(threshold * bins)
    assert counts.tp == positive[edge:].sum()


@given(rows=scored(), bins=st.integers(1, 50))
def test_histograms_are_numpys_and_add_up(rows: tuple[Scores, Labels], bins: int) -> None:
    scores, labels = rows
    edges = np.arange(bins + 1) / bins
    for got, label in zip(metrics.score_histogram(scores, labels, bins=bins), (1, 0), strict=True):
        want = np.histogram(scores[labels == label].astype(np.float64), edges)[0]
        np.testing.assert_array_equal(got, want)
    whole = np.array(metrics.score_histogram(scores, labels, bins=bins))
    parts = [
        metrics.score_histogram(scores[part], labels[part], bins=bins) for part in (slice(9), slice(9, None))
    ]
    np.testing.assert_array_equal(whole, np.sum(parts, axis=0))


def test_histogram_figures_converge_to_the_exact_ones() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(20_000) < 0.3).astype(np.uint8)
    scores = rng.beta(2 + 2 * labels, 3).astype(np.float32)
    for exact, binned in (
        (metrics.roc_auc, metrics.roc_auc_from_histograms),
        (metrics.average_precision, metrics.average_precision_from_histograms),
    ):
        for bins, allowed in ((10, 0.05), (100, 5e-3), (1000, 5e-4), (2**20, 1e-5)):
            histograms = metrics.score_histogram(scores, labels, bins=bins)
            assert abs(binned(*histograms) - exact(scores, labels)) < allowed


@given(rows=scored(), bins=st.integers(1, 30))
def test_histogram_figures_are_exact_for_binned_scores(rows: tuple[Scores, Labels], bins: int) -> None:
    scores, labels = rows
    histograms = metrics.score_histogram(scores, labels, bins=bins)
    edges = np.arange(bins) / bins
    binned = (np.searchsorted(edges, scores.astype(np.float64), side="right") - 1).astype(np.float32)
    np.testing.assert_allclose(
        metrics.roc_auc_from_histograms(*histograms), metrics.roc_auc(binned, labels), rtol=1e-12
    )
    np.testing.assert_allclose(
        metrics.average_precision_from_histograms(*histograms),
        metrics.average_precision(binned, labels),
        rtol=1e-12,
    )


def test_calling_everything_an_attack() -> None:
    labels = np.array([1] * 12_833 + [0] * 9711, np.uint8)
    assert metrics.all_attack_f1(labels) == pytest.approx(0.7255, abs=5e-5)
    assert metrics.all_attack_f1(labels) == pytest.approx(peer.f1_score(labels, np.ones(len(labels))))


def test_a_threshold_is_compared_in_float64() -> None:
    score = np.array([0.1], np.float32)
    assert metrics.confusion(score, np.array([1], np.uint8), 0.1).tp == 1
    assert metrics.confusion(score, np.array([1], np.uint8), float(score[0])).tp == 1
    assert metrics.confusion(np.array([0.3], np.float32), np.array([1], np.uint8), 0.30000002).tp == 0


def test_large_inputs_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 5000, 300_000).astype(np.float32) / np.float32(5000)
    labels = (rng.random(300_000) < scores).astype(np.uint8)
    np.testing.assert_allclose(
        metrics.roc_auc(scores, labels), peer.roc_auc_score(labels, scores), rtol=1e-12
    )
    precision = peer.average_precision_score(labels, scores)
    np.testing.assert_allclose(metrics.average_precision(scores, labels), precision, rtol=1e-12)


def test_bad_arguments_are_named() -> None:
    scores, labels = np.array([0.5, 0.7], np.float32), np.array([0, 1], np.uint8)
    with pytest.raises(ValueError, match=r"scores\[1\] must be a number"):
        metrics.roc_auc(np.array([0.5, np.nan], np.float32), labels)
    with pytest.raises(ValueError, match=r"labels\[0\] must be 0 \(normal\) or 1 \(attack\), got 2"):
        metrics.average_precision(scores, labels + np.uint8(2))
    with pytest.raises(ValueError, match="labels must have 2 elements"):
        metrics.confusion(scores, labels[:1], 0.5)
    with pytest.raises(ValueError, match="threshold must be a number, got NaN"):
        metrics.confusion(scores, labels, np.nan)
    with pytest.raises(ValueError, match="values must have 1 elements"):
        metrics.ragged_confusion(scores, labels, np.array([0, 1]), 0.5)
    with pytest.raises(ValueError, match=r"scores\[1\] must be in \[0, 1\]; pass probabilities"):
        metrics.score_histogram(scores * 2, labels)
    with pytest.raises(ValueError, match="bins must be at least 1, got 0"):
        metrics.score_histogram(scores, labels, bins=0)
    with pytest.raises(TypeError, match="labels must have dtype uint8, got int64"):
        metrics.roc_auc(scores, labels.astype(np.int64))
    with pytest.raises(TypeError, match="scores must have dtype float32, got float64"):
        metrics.roc_auc(scores.astype(np.float64), labels)
    for fpr in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"fpr must be in \[0, 1\]"):
            metrics.recall_at_fpr(scores, labels, fpr)
        with pytest.raises(ValueError, match=r"fpr must be in \[0, 1\]"):
            metrics.threshold_at_fpr(np.ones(2, np.int64), np.ones(2, np.int64), fpr)


def test_bad_histograms_are_named() -> None:
    good = np.ones(3, np.int64)
    with pytest.raises(TypeError, match="positive must be an int64 array, got float64"):
        metrics.roc_auc_from_histograms(good.astype(float), good)
    with pytest.raises(TypeError, match="negative must be an int64 array, got list"):
        metrics.expected_alerts_per_million([1, 2], 0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative must have 3 bins, as positive has, got 2"):
        metrics.average_precision_from_histograms(good, good[:2])
    with pytest.raises(ValueError, match="positive must hold no negative count, got -1"):
        metrics.threshold_at_fpr(-good, good, 0.1)
    with pytest.raises(ValueError, match="negative must have one dimension and at least one bin"):
        metrics.expected_alerts_per_million(good[:0], 0.5)
    with pytest.raises(ValueError, match="threshold must be a number, got nan"):
        metrics.expected_alerts_per_million(good, np.nan)


def test_alerts_per_million() -> None:
    negative = np.array([50, 30, 15, 5])
    for threshold, alerts in ((-1, 1e6), (0, 1e6), (0.25, 5e5), (0.3, 5e5), (0.75, 5e4), (1, 5e4), (1.1, 0)):
        assert metrics.expected_alerts_per_million(negative, threshold) == pytest.approx(alerts)
