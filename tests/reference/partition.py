"""Partitions the slow, obvious way."""

from __future__ import annotations

import heapq
from fractions import Fraction

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def dirichlet_counts(rng: np.random.Generator, n_rows: int, n_clients: int, alpha: float) -> IntArray:
    """Rows of one class on each client: numpy's Dirichlet shares, cut with one random offset."""
    shares = rng.dirichlet(np.full(n_clients, alpha))
    cuts = np.floor(np.cumsum(shares) * n_rows + rng.random()).astype(np.int64)
    cuts[-1] = n_rows
    return np.diff(cuts, prepend=0)


def resampled_counts(
    rng: np.random.Generator, class_sizes: IntArray, alpha: float, sizes: IntArray
) -> IntArray:
    """Class counts, shape (n_clients, n_classes), of clients that draw ``sizes`` rows with replacement."""
    shares = np.stack([n * rng.dirichlet(np.full(len(sizes), alpha)) for n in class_sizes], axis=1)
    mixes = shares / shares.sum(axis=1, keepdims=True)
    return np.stack([rng.multinomial(size, mix) for size, mix in zip(sizes, mixes, strict=True)])


def repaired_sizes(sizes: IntArray, floor: int) -> IntArray:
    """Sizes after moving one row at a time from the largest client, the first of equals."""
    sizes = sizes.copy()
    heap = [(-size, client) for client, size in enumerate(sizes.tolist())]
    heapq.heapify(heap)
    for client in np.flatnonzero(sizes < floor):
        while sizes[client] < floor:
            size, giver = heapq.heappop(heap)
            heapq.heappush(heap, (size + 1, giver))
            sizes[giver] -= 1
            sizes[client] += 1
    return sizes


def kept_attacks(n_normal: int, n_attacks: int, prevalence: Fraction) -> int:
    """Attacks that a client keeps, counted down until they are few enough."""
    if n_normal == 0:
        return 0
    while n_attacks > 1 and Fraction(n_attacks, n_attacks + n_normal) > prevalence:
        n_attacks -= 1
    return n_attacks


def held_out(n_rows: int, share: float) -> int:
    """Validation rows of a class with ``n_rows`` rows on a client."""
    return max(min(int(np.floor(n_rows * share + 0.5)), n_rows - 1), 0)


def class_counts(values: IntArray, offsets: IntArray, labels: IntArray, n_classes: int) -> IntArray:
    counts = np.zeros((len(offsets) - 1, n_classes), np.int64)
    for client in range(len(offsets) - 1):
        for row in values[offsets[client] : offsets[client + 1]]:
            counts[client, labels[row]] += 1
    return counts


def imbalance_ratio(counts: IntArray) -> FloatArray:
    ratios = []
    for row in counts.tolist():
        present = [count for count in row if count > 0]
        ratios.append(np.nan if not present else np.inf if len(present) == 1 else max(present) / min(present))
    return np.array(ratios)


def gini(sizes: IntArray) -> float:
    """Mean difference between any two sizes over twice the mean."""
    differences = np.abs(sizes[:, np.newaxis] - sizes[np.newaxis])
    return float(differences.mean() / (2 * sizes.mean())) if sizes.any() else 0.0
