"""Clusterings: as good as scikit-learn's, every point in one cluster, the same bits again."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from cfmt.clustering import (
    auxiliary_vectors,
    choose_k,
    kmeans,
    match_clusters,
    nearest,
    silhouette,
    standardise,
)
from reference import clustering as reference

FloatArray = npt.NDArray[np.float64]

COORDINATES = st.integers(-4, 4).map(lambda step: step / 2) | st.floats(-100, 100, width=32)


@st.composite
def point_sets(draw: st.DrawFn, max_rows: int = 200, dimension: int | None = None) -> FloatArray:
    """Points with many repeated coordinates, so that ties and equal points come up."""
    shape = (draw(st.integers(1, max_rows)), dimension or draw(st.integers(1, 4)))
    return draw(hnp.arrays(np.float64, shape, elements=COORDINATES))


def random_points(rng: np.random.Generator) -> tuple[FloatArray, int]:
    """Points of some kind, with a number of clusters to look for."""
    n, dimension, k = int(rng.integers(20, 400)), int(rng.integers(1, 6)), int(rng.integers(2, 9))
    match rng.integers(3):
        case 0:
            return rng.random((n, dimension)), k
        case 1:
            return rng.standard_t(3, (n, dimension)), k
        case _:
            return make_blobs(n, dimension, centers=k, random_state=int(rng.integers(2**31)))[0], k


def test_inertia_is_no_worse_than_that_of_scikit_learn() -> None:
    ratios = []
    for trial in range(200):
        points, k = random_points(np.random.default_rng(trial))
        ours = kmeans(points, k, n_init=5, seed=trial).inertia
        with threadpool_limits(1):
            theirs = PeerKMeans(k, n_init=5, random_state=trial).fit(points).inertia_
        ratios.append(ours / theirs)
    assert np.mean(ratios) <= 1.01
    assert np.quantile(ratios, 0.9) <= 1.01


@given(points=point_sets(), k=st.integers(1, 12), n_init=st.integers(1, 3), max_iter=st.integers(1, 20))
def test_every_point_is_in_its_nearest_cluster_and_no_cluster_is_empty(
    points: FloatArray, k: int, n_init: int, max_iter: int
) -> None:
    fit = kmeans(points, k, n_init=n_init, max_iter=max_iter, seed=1)
    np.testing.assert_array_equal(fit.labels, reference.nearest(points, fit.centroids))
    np.testing.assert_array_equal(np.unique(fit.labels), np.arange(len(fit.centroids)))
    np.testing.assert_allclose(fit.inertia, reference.inertia(points, fit.centroids), rtol=1e-9, atol=1e-12)
    assert fit.labels.shape == points.shape[:1]
    assert 1 <= fit.n_iter <= max_iter


@given(points=point_sets(), k=st.integers(1, 12))
def test_k_is_lowered_to_the_number_of_distinct_points(points: FloatArray, k: int) -> None:
    fit = kmeans(points, k, n_init=1, seed=2)
    # -0 equals 0; coordinates of hypothesis are apart enough for their squares not to vanish together.
    distinct = len(np.unique((np.round(points, 30) + 0.0), axis=0))
    assert len(fit.centroids) <= min(k, len(np.unique(points + 0.0, axis=0)))
    assert len(fit.centroids) >= min(k, distinct)


@settings(max_examples=25)
@given(points=point_sets(max_rows=7), k=st.integers(1, 3))
def test_no_inertia_is_below_the_optimum(points: FloatArray, k: int) -> None:
    fit = kmeans(points, k, n_init=3, tol=0, seed=3)
    assert fit.inertia >= reference.best_inertia(points, k) * (1 - 1e-6) - 1e-9


@pytest.mark.parametrize("k", [2, 3])
def test_few_points_are_clustered_optimally_as_a_rule(k: int) -> None:
    # As a rule only: Lloyd's steps from every start may end in another local optimum.
    draws = np.random.default_rng(k)
    ratios = []
    for _ in range(60):
        points = draws.normal(size=(7, 2))
        fit = kmeans(points, k, n_init=30, tol=0, seed=3)
        ratios.append(fit.inertia / reference.best_inertia(points, k))
    assert np.quantile(ratios, 0.9) < 1 + 1e-6
    assert max(ratios) < 1.2


def test_identical_points_are_one_cluster() -> None:
    points = np.full((500, 2), 0.1)
    for fit in (kmeans(points, 5, seed=0), choose_k(points, k_max=5, seed=0)):
        np.testing.assert_array_equal(fit.labels, 0)
        np.testing.assert_allclose(fit.centroids, points[:1], rtol=1e-13)
        assert fit.inertia < 1e-25


def test_seed_and_round_key_the_result() -> None:
    points = np.random.default_rng(0).random((300, 2))
    first = kmeans(points, 6, n_init=1, seed=1, round=2)
    again = kmeans(points, 6, n_init=1, seed=1, round=2)
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.centroids, again.centroids)
    others = [kmeans(points, 6, n_init=1, seed=2, round=2), kmeans(points, 6, n_init=1, seed=1, round=3)]
    assert all((first.centroids != other.centroids).any() for other in others)


def test_threads_do_not_change_a_bit() -> None:
    script = (
        "import numpy as np, hashlib; from cfmt.clustering import choose_k\n"
        "points = np.random.default_rng(0).random((30_000, 2))\n"
        "fit = choose_k(points, k_max=5, n_init=3, seed=4)\n"
        "print(hashlib.sha256(fit.labels.tobytes() + fit.centroids.tobytes()).hexdigest(), fit.inertia.hex())"
    )

    def run(threads: int) -> str:
        env = os.environ | {"RAYON_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True
        ).stdout

    assert run(1) == run(3)


@given(points=point_sets(max_rows=120), seed=st.integers(0, 2**32), k=st.integers(2, 6))
def test_silhouette_is_that_of_scikit_learn(points: FloatArray, seed: int, k: int) -> None:
    labels = np.random.default_rng(seed).integers(-2, k, len(points))
    if len(np.unique(labels)) < 2:
        with pytest.raises(ValueError, match="labels must name at least two clusters"):
            silhouette(points, labels, seed=seed)
    elif len(np.unique(labels)) < len(points):
        # scikit-learn's distances are rounded more coarsely than ours.
        np.testing.assert_allclose(
            silhouette(points, labels, seed=seed), silhouette_score(points, labels), rtol=1e-6, atol=1e-5
        )
    else:
        assert silhouette(points, labels, seed=seed) == 0


def test_silhouette_of_a_sample_is_near_that_of_all() -> None:
    points, labels = make_blobs(5000, 2, centers=4, random_state=0)
    labels = labels.astype(np.int64)
    whole = silhouette(points, labels, max_points=5000, seed=0)
    samples = [silhouette(points, labels, max_points=1000, seed=seed) for seed in range(5)]
    np.testing.assert_allclose(samples, whole, atol=0.03)
    assert len(set(samples)) == 5
    assert samples[0] == silhouette(points, labels, max_points=1000, seed=0)


@pytest.mark.parametrize("centers", [2, 3, 5])
def test_the_number_of_blobs_is_chosen(centers: int) -> None:
    centres = 10.0 * np.array([[0, 0], [3, 0], [0, 3], [3, 3], [7, 7]])[:centers]
    points, truth = make_blobs(300, centers=centres, random_state=1)
    fit = choose_k(points, k_max=7, seed=5)
    assert len(fit.centroids) == centers
    assert all(len(set(truth[fit.labels == c])) == 1 for c in range(centers))


def test_choose_k_takes_the_best_silhouette() -> None:
    points = np.random.default_rng(6).random((80, 3))
    fits = [kmeans(points, k, seed=8, round=1) for k in range(2, 7)]
    scores = [silhouette(points, fit.labels, seed=8, round=1) for fit in fits]
    chosen = choose_k(points, k_max=6, seed=8, round=1)
    np.testing.assert_array_equal(chosen.labels, fits[int(np.argmax(scores))].labels)


@pytest.mark.parametrize(
    ("rows", "k_max", "want"), [([[1.0]], 4, 1), ([[1.0], [2.0]], 4, 2), ([[1.0], [2.0]], 1, 1)]
)
def test_choose_k_of_hardly_any_points(rows: list[list[float]], k_max: int, want: int) -> None:
    assert len(choose_k(np.array(rows), k_max=k_max, seed=0).centroids) == want


@given(seed=st.integers(0, 2**32), k=st.integers(1, 8))
def test_permuted_clusters_keep_their_identity(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    previous = rng.normal(size=(k, 2))
    order = rng.permutation(k)
    gaps = reference.squared_distances(previous, previous)
    least = np.sqrt(gaps[~np.eye(k, dtype=bool)].min(initial=1))
    moved = previous[order] + rng.uniform(-0.2, 0.2, (k, 2)) * least
    np.testing.assert_array_equal(match_clusters(moved, previous), order)


@given(seed=st.integers(0, 2**32), k=st.integers(0, 6), m=st.integers(0, 6), steps=st.sampled_from([2, 1000]))
def test_the_matching_has_the_least_cost_and_fresh_identities_follow(
    seed: int, k: int, m: int, steps: int
) -> None:
    rng = np.random.default_rng(seed)
    centroids, previous = (rng.integers(0, steps, (n, 2)) / steps for n in (k, m))
    identities = match_clusters(centroids, previous)
    kept = identities[identities < m]
    assert len(np.unique(kept)) == len(kept) == min(k, m)
    np.testing.assert_array_equal(identities[identities >= m], np.arange(m, m + max(0, k - m)))
    cost = reference.assignment_cost(centroids, previous, identities)
    np.testing.assert_allclose(cost, reference.least_assignment_cost(centroids, previous), atol=1e-12)
    distances = reference.squared_distances(centroids, previous)
    np.testing.assert_allclose(cost, distances[linear_sum_assignment(distances)].sum(), atol=1e-12)


@given(points=point_sets(dimension=2), centroids=point_sets(max_rows=9, dimension=2))
def test_nearest_takes_the_first_of_equally_near_centroids(points: FloatArray, centroids: FloatArray) -> None:
    np.testing.assert_array_equal(nearest(points, centroids), reference.nearest(points, centroids))


@given(points=point_sets())
def test_standardise_is_that_of_scikit_learn(points: FloatArray) -> None:
    got = standardise(points)
    constant = points.max(axis=0) == points.min(axis=0)
    assert (got.points[:, constant] == 0).all()
    assert (got.scale[constant] == 1).all()
    spread = points.std(axis=0) > 1e-6 * (1 + np.abs(points).max(axis=0))
    want = StandardScaler().fit(points)
    np.testing.assert_allclose(got.mean, want.mean_, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got.scale[spread], want.scale_[spread], rtol=1e-6)
    np.testing.assert_allclose(got.points[:, spread], want.transform(points)[:, spread], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(got.points, (points - got.mean) / got.scale)


def test_auxiliary_vectors() -> None:
    n_attack, n_normal = np.array([0, 3, 10**12]), np.array([0, 99, 4])
    got = auxiliary_vectors(n_attack, n_normal, np.array([0.0, 0.25, 1.0]))
    np.testing.assert_allclose(got[:, 0], np.log10((n_attack + 1) / (n_normal + 1)), rtol=1e-14)
    np.testing.assert_array_equal(got[:, 1], [0, 0.25, 1])
    assert auxiliary_vectors(n_attack[:0], n_normal[:0], np.empty(0)).shape == (0, 2)
    with pytest.raises(ValueError, match=r"accuracy\[1\] must be in \[0, 1\].*got NaN"):
        auxiliary_vectors(n_attack, n_normal, np.array([0.0, np.nan, 1.0]))
    with pytest.raises(ValueError, match=r"n_attack\[0\] must be at least 0, got -1"):
        auxiliary_vectors(np.array([-1]), np.array([0]), np.array([0.5]))
    with pytest.raises(TypeError, match="n_attack must have dtype int64"):
        auxiliary_vectors(n_attack.astype(np.int32), n_normal, np.zeros(3))


def test_layouts_and_dtypes() -> None:
    points = np.random.default_rng(0).random((20, 2))
    points.setflags(write=False)
    assert len(kmeans(points, 2, seed=0).labels) == 20
    for bad in (np.asfortranarray(points), points[::2], points.T):
        with pytest.raises(ValueError, match="ascontiguousarray"):
            kmeans(bad, 2, seed=0)
    with pytest.raises(TypeError, match="points must have dtype float64, got float32"):
        kmeans(points.astype(np.float32), 2, seed=0)
    with pytest.raises(ValueError, match=r"points must have 2 dimension\(s\), got 1"):
        kmeans(points[0], 2, seed=0)


def test_bad_arguments_are_named() -> None:
    points = np.array([[0.0, 1.0], [2.0, 3.0]])
    for name in ("k", "n_init", "max_iter"):
        for value in (0, -1):
            with pytest.raises(ValueError, match=f"{name} must be at least 1, got {value}"):
                kmeans(points, **({"k": 2, "seed": 0} | {name: value}))
    with pytest.raises(ValueError, match=r"points\[3\] must be finite"):
        kmeans(np.array([[0.0, 1.0], [2.0, np.inf]]), 1, seed=0)
    with pytest.raises(ValueError, match="tol must be finite and at least 0, got -1"):
        kmeans(points, 1, tol=-1, seed=0)
    with pytest.raises(ValueError, match="points must be of at least one row"):
        kmeans(points[:0], 1, seed=0)
    with pytest.raises(ValueError, match="points must be of at least one row"):
        standardise(points[:0])
    with pytest.raises(ValueError, match="k_max must be at least 1, got 0"):
        choose_k(points, k_max=0, seed=0)
    with pytest.raises(ValueError, match="max_points must be at least 2, got 1"):
        choose_k(points, k_max=2, max_points=1, seed=0)
    with pytest.raises(ValueError, match="centroids must be of at least one row"):
        nearest(points, points[:0])
    with pytest.raises(ValueError, match="a row of centroids must have 2 elements"):
        nearest(points, points[:, :1].copy())
    with pytest.raises(ValueError, match="labels must have 2 elements"):
        silhouette(points, np.array([0, 1, 1]), seed=0)
