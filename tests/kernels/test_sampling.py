"""Draws of rows: equal to their oracles and right in frequency."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy import stats

from cfmt import sampling
from cfmt.streams import derive_seed
from reference import sampling as oracle
from reference.streams import SAMPLING, stream_words
from support.errors_and_labels import SIZES, federation

Floats = npt.NDArray[np.float64]
Budget = Literal["under", "matched"]

unit_floats = st.floats(0, 1, width=32)
mus = st.floats(0, 1)
# Far below 1e-6 the oracle's weights round: (e - mu)^2 / sigma^2 leaves no digit for the random part.
sigmas = st.sampled_from([1e-3, 0.05, 0.2, 1.0, 30.0])


def test_oracle_has_the_kernels_streams() -> None:
    words = stream_words(5, SAMPLING, 3, 9, 1)
    assert int(words[0]) >> 1 == derive_seed(5, "sampling", round=3, item=9)


@given(hnp.arrays(np.float32, st.integers(0, 60), elements=unit_floats), st.integers(1, 30))
def test_histograms_equal_numpy(errors: npt.NDArray[np.float32], bins: int) -> None:
    offsets = np.array([0, len(errors) // 2, len(errors), len(errors)])
    shares = sampling.error_histograms(errors, offsets, bins=bins)
    expected = [oracle.error_histogram(errors[a:b], bins) for a, b in itertools.pairwise(offsets)]
    np.testing.assert_array_equal(shares, expected)


def test_histograms_of_large_clients_equal_numpy() -> None:
    errors, _, offsets = federation(3, SIZES)
    shares = sampling.error_histograms(errors, offsets)
    expected = [oracle.error_histogram(errors[a:b], 5) for a, b in itertools.pairwise(offsets)]
    np.testing.assert_array_equal(shares, expected)


@given(hnp.arrays(np.float32, st.integers(1, 60), elements=unit_floats), mus, sigmas)
def test_weights_equal_numpy(errors: npt.NDArray[np.float32], mu: float, sigma: float) -> None:
    weights = sampling.gaussian_weights(errors, np.array([0, len(errors)]), np.array([mu]), sigma=sigma)
    np.testing.assert_allclose(
        weights, np.exp(oracle.log_gaussian(errors, mu, sigma)), rtol=1e-12, atol=1e-300
    )


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("replace", [False, True])
def test_weighted_draws_equal_oracle(replace: bool, log: bool) -> None:
    errors, _, offsets = federation(4, SIZES)
    log_weights = oracle.log_gaussian(errors, 0.4, 0.15)
    sizes = np.diff(offsets) // 3 + (np.diff(offsets) > 0)
    drawn = sampling.weighted_sample(
        log_weights if log else np.exp(log_weights), offsets, sizes, replace=replace, log=log, seed=8, round=2
    )
    for k, (start, end) in enumerate(itertools.pairwise(offsets)):
        own = log_weights[start:end]
        if replace:
            words = oracle.client_words(8, 2, k, sizes[k])
            expected = oracle.sample_with_replacement(own, words) if len(own) else np.zeros(0, np.int64)
        else:
            expected = oracle.sample_without_replacement(
                own, sizes[k], oracle.client_row_words(8, 2, k, len(own))
            )
        np.testing.assert_array_equal(drawn.of(k), start + expected)


@pytest.mark.parametrize("budget", ["under", "matched"])
@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 0.2), (0.5, 0.05), (1.0, 3.0)])
@pytest.mark.parametrize("minority_mu", [None, 0.0, 0.8, 1.0])
def test_meta_sample_equals_oracle(
    budget: Budget, mu: float, sigma: float, minority_mu: float | None
) -> None:
    errors, labels, offsets = federation(5, SIZES)
    centres = np.full(len(SIZES), mu)
    drawn = sampling.meta_sample(
        errors, labels, offsets, centres, minority_mu=minority_mu, sigma=sigma, budget=budget, seed=1, round=7
    )
    for k, (a, b) in enumerate(itertools.pairwise(offsets)):
        own = errors[a:b], labels[a:b], mu, sigma, budget
        expected = oracle.meta_sample(*own, minority_mu=minority_mu, seed=1, round=7, client=k)
        np.testing.assert_array_equal(drawn.of(k), a + expected)


def test_balancing_equals_oracle() -> None:
    _, labels, offsets = federation(6, SIZES)
    over = sampling.oversample(labels, offsets, seed=3, round=1)
    under = sampling.undersample(labels, offsets, seed=3, round=1)
    for k, (a, b) in enumerate(itertools.pairwise(offsets)):
        np.testing.assert_array_equal(
            over.of(k), a + oracle.oversample(labels[a:b], seed=3, round=1, client=k)
        )
        np.testing.assert_array_equal(
            under.of(k), a + oracle.undersample(labels[a:b], seed=3, round=1, client=k)
        )


def assert_frequencies(observed: list[int], probabilities: list[float]) -> None:
    """Pearson's test at the level 1e-6: a right sampler fails one seed in a million."""
    expected = np.array(probabilities) * sum(observed)
    assert expected.min() > 5
    assert np.sum((observed - expected) ** 2 / expected) < stats.chi2.isf(1e-6, len(observed) - 1)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_sets_have_exact_probabilities(size: int, log: bool) -> None:
    weights, repeats = np.array([0.5, 3.0, 1.0, 1.0, 7.0]), 60_000
    given_weights = np.tile(np.log(weights) - 2000 if log else weights * 1e-300, repeats)
    offsets = np.arange(0, 5 * repeats + 1, 5)
    drawn = sampling.weighted_sample(given_weights, offsets, np.full(repeats, size), log=log, seed=11)
    rows = drawn.values.reshape(repeats, size) % 5
    exact = oracle.set_probabilities(weights, size)
    sets = [int((rows == chosen).all(axis=1).sum()) for chosen in exact]
    assert sum(sets) == repeats
    assert_frequencies(sets, list(exact.values()))


def test_large_clients_have_exact_inclusion_frequencies() -> None:
    # Rows of two weights: the first draw has the weights' odds, and equal rows are drawn equally often.
    repeats, n = 4000, 1000
    weights = np.tile(np.where(np.arange(n) < 500, 1.0, 3.0), repeats)
    drawn = sampling.weighted_sample(weights, np.arange(0, n * repeats + 1, n), np.full(repeats, 1), seed=2)
    rows = drawn.values % n
    assert_frequencies([int((rows < 500).sum()), int((rows >= 500).sum())], [0.25, 0.75])
    assert_frequencies(np.bincount(rows[rows >= 500] // 50, minlength=20)[10:].tolist(), [0.1] * 10)


def test_draws_with_replacement_have_the_weights_frequencies() -> None:
    weights = np.array([0.0, 2.0, 1.0, 0.0, 5.0, 0.1])
    drawn = sampling.weighted_sample(weights, np.array([0, 6]), np.array([200_000]), replace=True, seed=3)
    counts = np.bincount(drawn.values, minlength=6)
    assert counts[[0, 3]].tolist() == [0, 0]
    present = weights > 0
    assert_frequencies(counts[present].tolist(), list(weights[present] / weights.sum()))
    assert not np.array_equal(drawn.values, np.sort(drawn.values))


@pytest.mark.parametrize("budget", ["under", "matched"])
@pytest.mark.parametrize("mu", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("sigma", [5e-324, 1e-200, 1e-9, 1e-3, 1e200])
def test_extreme_widths_give_valid_draws(budget: Budget, mu: float, sigma: float) -> None:
    errors, labels, offsets = federation(9, [2000])
    few, many = sorted([int(labels.sum()), int((labels == 0).sum())])
    drawn = sampling.meta_sample(
        errors, labels, offsets, np.array([mu]), sigma=sigma, budget=budget, seed=5
    ).values
    attacks = int(labels[drawn].sum())
    assert attacks == len(drawn) - attacks == (few if budget == "under" else many)
    if budget == "under":
        assert len(set(drawn)) == len(drawn)
    majority = drawn[labels[drawn] == labels[drawn[-1]]] if budget == "matched" else drawn
    if budget == "under" and sigma <= 1e-9:
        candidates = np.flatnonzero(labels == np.argmax(np.bincount(labels)))
        nearest = candidates[np.argsort(np.abs(errors[candidates].astype(np.float64) - mu))[:few]]
        assert set(nearest) <= set(majority)


def test_ties_under_a_vanishing_width_are_drawn_evenly() -> None:
    labels = np.array([1] * 5 + [0] * 50, np.uint8)
    repeats = 4000
    drawn = sampling.meta_sample(
        np.full(55 * repeats, 0.9, np.float32),
        np.tile(labels, repeats),
        np.arange(0, 55 * repeats + 1, 55),
        np.full(repeats, 0.1),
        sigma=1e-12,
        seed=6,
    )
    rows = drawn.values % 55
    assert_frequencies(np.bincount(rows, minlength=55)[5:].tolist(), [1 / 50] * 50)


def test_mu_chooses_easy_or_hard_rows() -> None:
    errors, _, _ = federation(2, [4000])
    labels = (np.arange(4000) % 10 == 0).astype(np.uint8)
    offsets = np.array([0, 4000])
    means = []
    for mu in (0.0, 0.5, 1.0):
        drawn = sampling.meta_sample(errors, labels, offsets, np.array([mu]), seed=5).values
        means.append(errors[drawn[labels[drawn] == 0]].mean())
    assert means[0] < 0.3 < means[1] < 0.7 < means[2]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**32))
def test_class_counts_agree_with_imbalanced_learn(n_attack: int, n_normal: int, seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat([1, 0], [n_attack, n_normal])).astype(np.uint8)
    offsets, rows = np.array([0, len(labels)]), np.arange(len(labels)).reshape(-1, 1)
    over = sampling.oversample(labels, offsets, seed=seed).values
    under = sampling.undersample(labels, offsets, seed=seed).values
    if min(n_attack, n_normal) == 0:
        assert over.tolist() == under.tolist() == rows.ravel().tolist()
        return
    for ours, theirs in ((over, RandomOverSampler), (under, RandomUnderSampler)):
        _, resampled = theirs(random_state=0).fit_resample(rows, labels)
        np.testing.assert_array_equal(np.bincount(labels[ours]), np.bincount(resampled))
    assert set(over) == set(rows.ravel())
    assert len(set(under)) == len(under)


@pytest.mark.parametrize("budget", ["under", "matched"])
def test_one_class_and_empty_clients_keep_their_rows(budget: Budget) -> None:
    labels = np.array([1, 1, 0, 0, 0, 1, 0, 0], np.uint8)
    offsets, mu = np.array([0, 2, 2, 5, 8]), np.full(4, 0.5)
    errors = np.full(8, 0.5, np.float32)
    drawn = sampling.meta_sample(errors, labels, offsets, mu, budget=budget, seed=1)
    assert [drawn.of(k).tolist() for k in range(3)] == [[0, 1], [], [2, 3, 4]]
    assert labels[drawn.of(3)].mean() == 0.5


def test_the_minority_may_be_normal() -> None:
    labels = np.array([0] + [1] * 9, np.uint8)
    drawn = sampling.meta_sample(
        np.full(10, 0.5, np.float32), labels, np.array([0, 10]), np.array([0.5]), seed=1
    )
    assert len(drawn.values) == 2
    assert 0 in drawn.values
