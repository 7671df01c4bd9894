"""Updates of clients, and their sums by call."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum

N_CLUSTERS = 3


def random_updates(
    seed: int, n_clients: int, n_params: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Updates of several magnitudes, weights some of which are 0, clusters one of which is empty."""
    rng = np.random.default_rng(seed)
    updates = rng.normal(size=(n_clients, n_params)) * 10.0 ** rng.integers(-9, 9, (n_clients, 1))
    weights = rng.integers(0, 50, n_clients) * rng.random(n_clients)
    return updates.astype(np.float32), weights, rng.choice([0, 2], n_clients)


def summed(
    updates: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.int64],
    cuts: list[int] | None = None,
) -> WeightedSum:
    sums = WeightedSum(N_CLUSTERS, updates.shape[1])
    edges = [0, *sorted(cuts or []), len(updates)]
    for start, stop in itertools.pairwise(edges):
        sums.add(updates[start:stop], weights[start:stop], clusters[start:stop])
    return sums
