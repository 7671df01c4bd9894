"""Slow, obvious forms of cfmt.clustering."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def squared_distances(points: FloatArray, centroids: FloatArray) -> FloatArray:
    """Every point to every centroid, coordinates added one after the other: (n, k)."""
    distances = np.zeros((len(points), len(centroids)))
    for point, centroid in zip(points.T, centroids.T, strict=True):
        distances += np.subtract.outer(point, centroid) ** 2
    return distances


def nearest(points: FloatArray, centroids: FloatArray) -> IntArray:
    labels: IntArray = squared_distances(points, centroids).argmin(axis=1)
    return labels


def inertia(points: FloatArray, centroids: FloatArray) -> float:
    return float(squared_distances(points, centroids).min(axis=1).sum())


def best_inertia(points: FloatArray, k: int) -> float:
    """The least inertia over all ways to give points to at most k clusters."""

    def of(labels: tuple[int, ...]) -> float:
        groups = [points[np.array(labels) == c] for c in set(labels)]
        return sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)

    return min(of(labels) for labels in itertools.product(range(k), repeat=len(points)))


def assignment_cost(centroids: FloatArray, previous: FloatArray, identities: IntArray) -> float:
    """Sum of squared distances of the centroids that continue a previous one."""
    distances = squared_distances(centroids, previous)
    return float(sum(distances[new, old] for new, old in enumerate(identities) if old < len(previous)))


def least_assignment_cost(centroids: FloatArray, previous: FloatArray) -> float:
    """The least such sum, by trying every assignment of the fewer to the more."""
    distances = squared_distances(centroids, previous)
    if len(centroids) > len(previous):
        distances = distances.T
    fewer, more = distances.shape
    choices = itertools.permutations(range(more), fewer)
    return min(float(distances[np.arange(fewer), list(chosen)].sum()) for chosen in choices)
