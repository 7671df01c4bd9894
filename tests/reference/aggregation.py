"""Slow, obvious forms of cfmt.aggregation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def sums(
    updates: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.int64],
    n_clusters: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Client after client in float64: sums (C, p) and totals (C,)."""
    result = np.zeros((n_clusters, updates.shape[1]))
    totals = np.zeros(n_clusters)
    for update, weight, cluster in zip(updates, weights, clusters, strict=True):
        result[cluster] += weight * update.astype(np.float64)
        totals[cluster] += weight
    return result, totals


def means(
    updates: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.int64],
    n_clusters: int,
) -> npt.NDArray[np.float32]:
    result, totals = sums(updates, weights, clusters, n_clusters)
    return np.where(totals[:, None] > 0, result / np.where(totals > 0, totals, 1)[:, None], 0).astype(
        np.float32
    )
