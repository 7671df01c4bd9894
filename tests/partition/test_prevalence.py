"""Prevalence, validation rows and measures of a partition."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from cfmt.partition import (
    class_counts,
    gini,
    imbalance_ratio,
    impose_prevalence,
    jensen_shannon,
    partition_dirichlet,
    partition_iid,
    split_validation,
)
from cfmt.ragged import Ragged
from reference import partition as reference

SEEDS = st.integers(0, 2**64 - 1)
EMPTY = Ragged(np.zeros(0, np.int64), np.zeros(1, np.int64))


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Ragged[np.int64], npt.NDArray[np.uint8]]:
    """Clients of any size, empty ones too, over a table with any share of attacks."""
    sizes = np.array(draw(st.lists(st.integers(0, 40), min_size=1, max_size=15)), np.int64)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    is_attack = (rng.random(sizes.sum()) < draw(st.floats(0, 1))).astype(np.uint8)
    return Ragged.from_sizes(rng.permutation(sizes.sum()), sizes), is_attack


@settings(deadline=None)
@given(case=partitions(), percent=st.integers(1, 99), seed=SEEDS)
def test_prevalence_keeps_as_many_attacks_as_it_allows(
    case: tuple[Ragged[np.int64], npt.NDArray[np.uint8]], percent: int, seed: int
) -> None:
    parts, is_attack = case
    result = impose_prevalence(parts, is_attack, percent / 100, min_size=0, seed=seed)
    before = class_counts(parts, is_attack.astype(np.int64), 2)
    after = class_counts(result, is_attack.astype(np.int64), 2)
    most = Fraction(percent, 100)
    kept = [reference.kept_attacks(normal, attacks, most) for normal, attacks in before.tolist()]
    np.testing.assert_array_equal(after, np.stack([before[:, 0], kept], axis=1))
    for client in range(parts.n_clients):
        assert set(result.of(client)) <= set(parts.of(client))


@settings(deadline=None)
@given(
    n_clients=st.integers(1, 200),
    alpha=st.floats(0.05, 10),
    percent=st.integers(1, 60),
    min_size=st.integers(0, 4),
    seed=SEEDS,
)
def test_prevalence_holds_after_repair(
    n_clients: int, alpha: float, percent: int, min_size: int, seed: int
) -> None:
    """Half of the rows are normal, enough for every client."""
    labels = np.arange(n_clients * 8) % 2
    is_attack = labels.astype(np.uint8)
    parts = partition_dirichlet(labels, n_clients, alpha, min_size=min_size, seed=seed)
    result = impose_prevalence(parts, is_attack, percent / 100, min_size=min_size, seed=seed)
    normal, attacks = class_counts(result, labels, 2).T
    assert result.sizes.min() >= min_size
    assert normal.sum() == n_clients * 4, "normal rows are moved, never dropped"
    assert len(np.unique(result.values)) == len(result.values)
    assert np.all((attacks <= 1) | (100 * attacks <= percent * (normal + attacks)))


def test_a_range_of_prevalences_is_drawn_log_uniformly() -> None:
    """500 clients with 20,000 normal rows each; Kolmogorov-Smirnov at level 0.001."""
    client = np.concatenate([np.zeros(20_000, np.uint8), np.ones(5000, np.uint8)])
    parts = Ragged(np.tile(np.arange(25_000), 500), np.arange(501) * 25_000)
    result = impose_prevalence(parts, client, (0.001, 0.2), seed=6)
    shares = class_counts(result, client.astype(np.int64), 2)[:, 1] / result.sizes
    assert shares.max() <= 0.2
    uniform = np.log(shares / 0.001) / np.log(0.2 / 0.001)
    assert stats.kstest(uniform, "uniform").pvalue > 0.001


def test_dropped_attacks_are_a_fair_choice() -> None:
    """10 of 20 attacks on 2000 clients alike: each is kept 1000 times, within 5 standard errors."""
    is_attack = np.repeat([0, 1], [10, 20]).astype(np.uint8)
    parts = Ragged(np.tile(np.arange(30), 2000), np.arange(2001) * 30)
    result = impose_prevalence(parts, is_attack, 0.5, seed=6)
    kept = np.bincount(result.values, minlength=30)
    assert np.all(kept[:10] == 2000)
    assert np.abs(kept[10:] - 1000).max() < 5 * np.sqrt(2000 / 4)


def test_a_client_does_not_depend_on_the_others() -> None:
    is_attack = (np.arange(300) % 3 > 0).astype(np.uint8)
    parts = partition_iid(300, 3, seed=1)
    alone = Ragged(parts.of(0), np.array([0, len(parts.of(0))]))
    together, single = (impose_prevalence(some, is_attack, (0.1, 0.3), seed=4) for some in (parts, alone))
    np.testing.assert_array_equal(together.of(0), single.of(0))
    together, single = (split_validation(some, is_attack, 0.3, seed=4)[1] for some in (parts, alone))
    np.testing.assert_array_equal(together.of(0), single.of(0))


@pytest.mark.parametrize(
    "prevalence", [0.0, 1.0, -0.1, 1.5, float("nan"), (0.2, 0.1), (0.0, 0.5), (0.5, 1.0)]
)
def test_prevalence_out_of_range_is_refused(prevalence: float | tuple[float, float]) -> None:
    parts = partition_iid(4, 2, seed=0)
    with pytest.raises(ValueError, match=r"prevalence must be a share .*above 0 and below 1"):
        impose_prevalence(parts, np.zeros(4, np.uint8), prevalence, seed=0)


def test_prevalence_names_what_is_missing() -> None:
    parts = partition_iid(10, 2, seed=0)
    only_attacks = np.ones(10, np.uint8)
    with pytest.raises(ValueError, match=r"min_size cannot be reached: .*raise the prevalence"):
        impose_prevalence(parts, only_attacks, 0.1, seed=0)
    assert impose_prevalence(parts, only_attacks, 0.1, min_size=0, seed=0).sizes.tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"is_attack\[9\] must be 0 \(normal\) or 1 \(attack\), got 2"):
        impose_prevalence(parts, np.repeat([0, 2], [9, 1]).astype(np.uint8), 0.1, seed=0)
    with pytest.raises(ValueError, match="min_size cannot be reached"):
        impose_prevalence(parts, only_attacks, 0.1, min_size=2**62, seed=0)
    with pytest.raises(ValueError, match="min_size must be a count"):
        impose_prevalence(parts, only_attacks, 0.1, min_size=-1, seed=0)
    assert impose_prevalence(EMPTY, only_attacks, 0.1, seed=0).n_clients == 0


@settings(deadline=None)
@given(case=partitions(), share=st.floats(0, 0.99), seed=SEEDS)
def test_validation_is_stratified_disjoint_and_covering(
    case: tuple[Ragged[np.int64], npt.NDArray[np.uint8]], share: float, seed: int
) -> None:
    parts, labels = case
    train, validation = split_validation(parts, labels, share, seed=seed)
    counts = [class_counts(side, labels.astype(np.int64), 2) for side in (parts, train, validation)]
    np.testing.assert_array_equal(counts[2], np.vectorize(reference.held_out)(counts[0], share))
    np.testing.assert_array_equal(counts[0], counts[1] + counts[2])
    for client in range(parts.n_clients):
        in_validation = np.isin(parts.of(client), validation.of(client))
        np.testing.assert_array_equal(parts.of(client)[in_validation], validation.of(client))
        np.testing.assert_array_equal(parts.of(client)[~in_validation], train.of(client))


def test_validation_rows_are_a_fair_choice() -> None:
    """2 of 10 rows on 5000 clients alike: each is a validation row 1000 times, within 5 standard errors."""
    parts = Ragged(np.tile(np.arange(10), 5000), np.arange(5001) * 10)
    held_out = split_validation(parts, np.zeros(10, np.uint8), 0.2, seed=3)[1]
    hits = np.bincount(held_out.values, minlength=10)
    assert np.abs(hits - 1000).max() < 5 * np.sqrt(5000 * 0.2 * 0.8)


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan")])
def test_validation_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"share must be in \[0, 1\)"):
        split_validation(partition_iid(4, 2, seed=0), np.zeros(4, np.uint8), share, seed=0)


def test_arrays_of_another_kind_are_refused_by_name() -> None:
    parts = partition_iid(6, 2, seed=0)
    labels = np.zeros(6, np.uint8)
    with pytest.raises(TypeError, match="labels must have dtype uint8, got int64"):
        split_validation(parts, labels.astype(np.int64), 0.2, seed=0)
    with pytest.raises(TypeError, match="is_attack must have dtype uint8, got bool"):
        impose_prevalence(parts, labels.astype(bool), 0.2, seed=0)
    with pytest.raises(TypeError, match=r"parts\.values must have dtype int64, got int32"):
        split_validation(parts.with_values(parts.values.astype(np.int32)), labels, 0.2, seed=0)
    with pytest.raises(ValueError, match=r"parts\.values\[0\] must be the index of a row .*got 6"):
        split_validation(Ragged(np.array([6]), np.array([0, 1])), labels, 0.2, seed=0)
    with pytest.raises(ValueError, match=r"offsets\[2\] must be at least the entry before it"):
        split_validation(Ragged(parts.values, np.array([0, 6, 5])), labels, 0.2, seed=0)
    with pytest.raises(ValueError, match=r"np\.ascontiguousarray\(parts\.values\)"):
        split_validation(Ragged(np.arange(12)[::2], np.array([0, 6])), labels, 0.2, seed=0)


@settings(deadline=None, max_examples=50)
@given(case=partitions(), n_classes=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_measures_equal_the_obvious_ones(
    case: tuple[Ragged[np.int64], npt.NDArray[np.uint8]], n_classes: int, seed: int
) -> None:
    parts, _ = case
    labels = np.random.default_rng(seed).integers(0, n_classes, len(parts.values))
    counts = class_counts(parts, labels, n_classes)
    np.testing.assert_array_equal(counts, reference.class_counts(*parts, labels, n_classes))
    np.testing.assert_array_equal(imbalance_ratio(counts), reference.imbalance_ratio(counts))
    assert gini(parts.sizes) == pytest.approx(reference.gini(parts.sizes), abs=1e-12)
    filled = counts.sum(axis=1) > 0
    divergence = jensen_shannon(counts)
    assert np.all(np.isnan(divergence[~filled]))
    if filled.any():
        expected = jensenshannon(counts[filled], counts.sum(axis=0)[np.newaxis], base=2, axis=1) ** 2
        np.testing.assert_allclose(divergence[filled], expected, atol=1e-12)


def test_measures_of_known_partitions() -> None:
    counts = np.array([[10, 0], [0, 10], [5, 5]])
    np.testing.assert_allclose(jensen_shannon(counts)[2], 0, atol=1e-15)
    np.testing.assert_allclose(jensen_shannon(np.array([[10**12, 0], [0, 1]]))[1], 1, atol=1e-6)
    np.testing.assert_array_equal(imbalance_ratio(np.array([[9, 3], [4, 0], [0, 0]])), [3, np.inf, np.nan])
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.array([0, 0])) == gini(np.array([7])) == 0


def test_measures_refuse_what_they_cannot_measure() -> None:
    parts = partition_iid(4, 2, seed=0)
    with pytest.raises(ValueError, match=r"labels\[3\] must be in \[0, n_classes\), got 2"):
        class_counts(parts, np.array([0, 1, 0, 2]), 2)
    with pytest.raises(ValueError, match="n_classes must be at least 1, got 0"):
        class_counts(parts, np.zeros(4, np.int64), 0)
    with pytest.raises(ValueError, match="n_classes must be a count"):
        class_counts(parts, np.zeros(4, np.int64), -1)
    assert class_counts(EMPTY, np.zeros(4, np.int64), 3).shape == (0, 3)
    for measure in (imbalance_ratio, jensen_shannon):
        with pytest.raises(ValueError, match="counts must have shape"):
            measure(np.zeros(3, np.int64))
        with pytest.raises(ValueError, match="not be negative"):
            measure(np.array([[1, -1]]))
        assert measure(np.zeros((0, 3), np.int64)).shape == (0,)
    for sizes in (np.zeros(0, np.int64), np.array([3, -1]), np.zeros((2, 2), np.int64)):
        with pytest.raises(ValueError, match="sizes must be a non-empty vector"):
            gini(sizes)


def test_measures_refuse_what_is_no_array_of_whole_numbers() -> None:
    for measure in (imbalance_ratio, jensen_shannon, gini):
        given: Any
        for given, message in (
            ([[1, 2]], "must be a numpy array of int64, got list"),
            (np.array([[1.0, np.nan]]), "must be int64, got float64"),
        ):
            with pytest.raises(TypeError, match=message):
                measure(given)


def test_more_classes_than_memory_are_an_error_and_do_not_end_the_process() -> None:
    parts = Ragged(np.array([0, 1]), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match=r"n_classes=\d+ on 2 clients do not fit into memory"):
        class_counts(parts, np.array([0, 1]), 2**60)


def test_one_client_is_not_counted_from_the_end() -> None:
    parts = Ragged(np.array([5, 6]), np.array([0, 1, 2]))
    assert parts.of(1).tolist() == [6]
    for client in (-1, 2):
        with pytest.raises(IndexError, match=rf"client must be in 0\.\.2, got {client}"):
            parts.of(client)
