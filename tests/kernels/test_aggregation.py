"""Weighted sums of updates: the plain fold to the bit, however clients are grouped."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.aggregation import WeightedSum, weighted_mean
from reference import aggregation as reference
from support.updates import N_CLUSTERS, random_updates, summed


def assert_same_bits(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(a.view(np.int32), b.view(np.int32))


SHAPES = {"seed": st.integers(0, 2**32), "n_clients": st.integers(1, 60), "n_params": st.integers(1, 1500)}


@given(**SHAPES, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_any_grouping_is_the_plain_fold(seed: int, n_clients: int, n_params: int, cuts: list[int]) -> None:
    updates, weights, clusters = random_updates(seed, n_clients, n_params)
    sums = summed(updates, weights, clusters, [min(cut, n_clients) for cut in cuts])
    assert_same_bits(sums.means(), reference.means(updates, weights, clusters, N_CLUSTERS))
    np.testing.assert_array_equal(sums.totals(), reference.sums(updates, weights, clusters, N_CLUSTERS)[1])


@given(**SHAPES)
def test_another_order_changes_means_within_rounding(seed: int, n_clients: int, n_params: int) -> None:
    updates, weights, clusters = random_updates(seed, n_clients, n_params)
    order = np.random.default_rng(seed).permutation(n_clients)
    here = summed(updates, weights, clusters).means().astype(np.float64)
    there = summed(updates[order], weights[order], clusters[order]).means().astype(np.float64)
    magnitudes, totals = reference.sums(np.abs(updates), weights, clusters, N_CLUSTERS)
    bound = 4 * n_clients * 2.0**-53 * magnitudes / np.maximum(totals, 1e-300)[:, None]
    assert (np.abs(here - there) <= bound + 2.0**-23 * np.abs(here)).all()


@given(**SHAPES)
def test_the_mean_of_equal_updates_is_that_update(seed: int, n_clients: int, n_params: int) -> None:
    updates, weights, _ = random_updates(seed, n_clients, n_params)
    same = np.repeat(updates[:1], n_clients, axis=0)
    assert_same_bits(weighted_mean(same, weights + 0.1), same[0])


@given(**SHAPES)
def test_the_mean_is_linear(seed: int, n_clients: int, n_params: int) -> None:
    rng = np.random.default_rng(seed)
    # Quarters below 2^10 and whole weights below 2^10 are summed without rounding.
    first, second = (rng.integers(-4000, 4000, (2, n_clients, n_params)) / 4).astype(np.float32)
    weights = rng.integers(1, 1000, n_clients).astype(np.float64)
    both = weighted_mean(first + 2 * second, weights)
    apart = weighted_mean(first, weights).astype(np.float64) + 2.0 * weighted_mean(second, weights)
    np.testing.assert_allclose(both, apart, rtol=1e-6, atol=1e-3)
    assert_same_bits(weighted_mean(2 * first, weights), 2 * weighted_mean(first, weights))
    assert_same_bits(weighted_mean(first, 8 * weights), weighted_mean(first, weights))


@given(**SHAPES)
def test_one_cluster_combines_to_its_mean(seed: int, n_clients: int, n_params: int) -> None:
    updates, weights, _ = random_updates(seed, n_clients, n_params)
    weights += 0.1
    sums = WeightedSum(1, n_params)
    sums.add(updates, weights, np.zeros(n_clients, np.int64))
    assert_same_bits(sums.combine(sums.totals()), sums.means()[0])
    assert_same_bits(sums.combine(np.array([0.3])), weighted_mean(updates, weights))


@given(**SHAPES)
def test_combining_by_totals_is_the_mean_over_all_clients(seed: int, n_clients: int, n_params: int) -> None:
    updates, weights, clusters = random_updates(seed, n_clients, n_params)
    weights += 0.1
    got = summed(updates, weights, clusters)
    magnitudes = np.abs(updates).max()
    np.testing.assert_allclose(
        got.combine(got.totals()), weighted_mean(updates, weights), rtol=1e-6, atol=1e-12 * magnitudes
    )


def test_clusters_without_clients_are_left_out() -> None:
    sums = WeightedSum(3, 2)
    sums.add(np.array([[2, 4], [4, 8]], np.float32), np.array([1.0, 5.0]), np.array([0, 2]))
    np.testing.assert_array_equal(sums.means(), [[2, 4], [0, 0], [4, 8]])
    np.testing.assert_array_equal(sums.combine(np.ones(3)), [3, 6])
    np.testing.assert_array_equal(sums.combine(np.array([1.0, 9.0, 0.0])), [2, 4])
    with pytest.raises(ValueError, match="cluster_weights must have a positive, finite sum"):
        sums.combine(np.array([0.0, 1.0, 0.0]))
    with pytest.raises(ValueError, match=r"cluster_weights\[1\] must be finite and at least 0, got NaN"):
        sums.combine(np.array([0.0, np.nan, 0.0]))
    with pytest.raises(ValueError, match="cluster_weights must have 3 elements"):
        sums.combine(np.ones(2))


def test_an_empty_group_adds_nothing() -> None:
    sums = WeightedSum(1, 2)
    sums.add(np.empty((0, 2), np.float32), np.empty(0), np.empty(0, np.int64))
    np.testing.assert_array_equal(sums.totals(), [0])
    np.testing.assert_array_equal(sums.means(), [[0, 0]])


def test_sums_formed_elsewhere_count_like_updates() -> None:
    updates, weights, clusters = random_updates(7, 20, 40)
    expected, elsewhere = summed(updates, weights, clusters), WeightedSum(N_CLUSTERS, 40)
    elsewhere.add_sums(*reference.sums(updates, weights, clusters, N_CLUSTERS))
    assert_same_bits(elsewhere.means(), expected.means())
    with pytest.raises(ValueError, match=r"sums\[0\] must be finite, got NaN"):
        elsewhere.add_sums(np.full((N_CLUSTERS, 40), np.nan), np.ones(N_CLUSTERS))
    with pytest.raises(ValueError, match=r"totals\[0\] must be finite and at least 0, got -1"):
        elsewhere.add_sums(np.ones((N_CLUSTERS, 40)), np.full(N_CLUSTERS, -1.0))
    assert_same_bits(elsewhere.means(), expected.means())


def test_threads_do_not_change_a_bit() -> None:
    updates, weights, clusters = random_updates(0, 500, 5000)
    script = (
        "import hashlib; from support.updates import N_CLUSTERS, random_updates, summed\n"
        "print(hashlib.sha256(summed(*random_updates(0, 500, 5000)).means().tobytes()).hexdigest())"
    )

    def run(threads: int) -> str:
        env = os.environ | {"RAYON_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True
        ).stdout

    here = hashlib.sha256(summed(updates, weights, clusters).means().tobytes()).hexdigest()
    assert run(1).strip() == run(3).strip() == here


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_update_is_named_and_changes_nothing(bad: float) -> None:
    sums = WeightedSum(2, 3)
    updates, weights, clusters = np.ones((20, 3), np.float32), np.ones(20), np.zeros(20, np.int64)
    sums.add(updates, weights, clusters)
    updates[13, 2] = bad
    weights[13] = 0
    with pytest.raises(ValueError, match=r"updates\[13\] must be finite; .*at parameter 2"):
        sums.add(2 * updates, weights, clusters)
    with pytest.raises(ValueError, match=r"updates\[13\] must be finite"):
        weighted_mean(updates, weights)
    np.testing.assert_array_equal(sums.means(), [[1, 1, 1], [0, 0, 0]])


def test_bad_arguments_are_named() -> None:
    sums, update = WeightedSum(2, 3), np.ones((1, 3), np.float32)
    for weight, shown in ((-1.0, "-1"), (np.nan, "NaN"), (np.inf, "inf")):
        with pytest.raises(ValueError, match=rf"weights\[0\] must be finite and at least 0, got {shown}"):
            sums.add(update, np.array([weight]), np.array([0]))
        with pytest.raises(ValueError, match=r"weights\[0\] must be finite"):
            weighted_mean(update, np.array([weight]))
    for cluster in (-1, 2):
        with pytest.raises(ValueError, match=rf"clusters\[0\] must be in \[0, n_clusters\), got {cluster}"):
            sums.add(update, np.ones(1), np.array([cluster]))
    with pytest.raises(ValueError, match="weights must hold a positive one"):
        weighted_mean(update, np.zeros(1))
    with pytest.raises(ValueError, match="weights must hold a positive one"):
        weighted_mean(update[:0], np.zeros(0))
    with pytest.raises(ValueError, match="clusters must have 1 elements"):
        sums.add(update, np.ones(1), np.array([0, 1]))
    with pytest.raises(ValueError, match=r"updates must have 6 elements"):
        sums.add(update, np.ones(2), np.array([0, 1]))
    with pytest.raises(ValueError, match="a row of updates must have 3 elements"):
        sums.add(np.ones((3, 1), np.float32), np.ones(1), np.array([0]))
    with pytest.raises(ValueError, match="weights are so large"):
        sums.add(update * 10, np.array([1e308]), np.array([0]))
    for name in ("n_clusters", "n_params"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got -1"):
            WeightedSum(**({"n_clusters": 1, "n_params": 1} | {name: -1}))


def test_layouts_and_dtypes() -> None:
    updates, weights = np.arange(24, dtype=np.float32).reshape(6, 4), np.ones(6)
    read_only = updates.copy()
    read_only.setflags(write=False)
    assert_same_bits(weighted_mean(read_only, weights), updates.mean(axis=0))
    for bad in (np.asfortranarray(updates), np.repeat(updates, 2, axis=0)[::2], updates[:, ::2]):
        with pytest.raises(ValueError, match="ascontiguousarray"):
            weighted_mean(bad, weights)
    with pytest.raises(ValueError, match="weights must be aligned and in C order"):
        weighted_mean(updates, np.ones(12)[::2])
    with pytest.raises(TypeError, match="updates must have dtype float32, got float64"):
        weighted_mean(updates.astype(np.float64), weights)
    with pytest.raises(TypeError, match="weights must have dtype float64, got int64"):
        weighted_mean(updates, np.ones(6, np.int64))
    with pytest.raises(TypeError, match="clusters must have dtype int64, got int32"):
        WeightedSum(1, 4).add(updates, weights, np.zeros(6, np.int32))
