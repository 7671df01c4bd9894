"""Clients of like size padded to one shape, for peers that train many clients in one array operation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from peers.protocol import BATCH_SIZE, Floats, Indices, Workload

SIZES = (2, 8, 32, 128, 512)  # clients in a group, of which the best is looked for
SAMPLE = 12  # groups, from the largest clients to the smallest
TRIES = 3


class Group(NamedTuple):
    """Batches of some clients; padding stands for row 0 with weight 0.

    Parameters
    ----------
    rows : ndarray of shape (g, n_steps, 32), int64
        Rows of the table.
    weights : ndarray of shape (g, n_steps, 32), float32
        Weight of each in its batch's mean.
    sizes : ndarray of shape (g,), int64
        Rows of each client.
    """

    rows: Indices
    weights: Floats
    sizes: Indices


def groups(
    workload: Workload, order: Indices, size: int, *, round_up: Callable[[int], int] = int, every: int = 1
) -> Iterator[Group]:
    """Go through all clients, largest first, in groups of ``size``.

    The last group is filled up with clients without rows. ``round_up`` may raise a group's number of
    steps, so that fewer shapes occur. With ``every`` at n, only the middle one of each n groups is laid out.
    """
    by_size = np.argsort(-workload.sizes, kind="stable")
    for start in range(every // 2 * size, len(by_size), size * every):
        clients = by_size[start : start + size]
        sizes = np.zeros(size, np.int64)
        sizes[: len(clients)] = workload.sizes[clients]
        starts = np.zeros(size, np.int64)
        starts[: len(clients)] = workload.offsets[clients]
        n_steps = round_up(-(-int(sizes.max()) // BATCH_SIZE))
        yield padded(order, starts, sizes, n_steps)


def padded(order: Indices, starts: Indices, sizes: Indices, n_steps: int) -> Group:
    """Lay the clients' batches out in one array."""
    places = np.arange(n_steps * BATCH_SIZE)
    real = places < sizes[:, None]
    rows = np.where(real, order[np.minimum(starts[:, None] + places, len(order) - 1)], 0)
    shape = (len(sizes), n_steps, BATCH_SIZE)
    in_batch = real.reshape(shape).sum(2, keepdims=True)
    weights = real.reshape(shape) / np.maximum(in_batch, 1)
    return Group(rows.reshape(shape), weights.astype(np.float32), sizes)


def best_size(
    workload: Workload,
    order: Indices,
    train: Callable[[Group], Any],
    *,
    round_up: Callable[[int], int] = int,
) -> int:
    """Try group sizes on a sample of the groups; return the one that promises the fastest round.

    The sizes take turns, and the least time of each counts, so that a busy moment does not decide.
    """
    sizes = sorted({min(size, workload.n_clients) for size in SIZES})

    def promised_seconds(size: int) -> float:
        n_groups = -(-workload.n_clients // size)
        every = max(1, n_groups // SAMPLE)
        sample = list(groups(workload, order, size, round_up=round_up, every=every))
        started = time.perf_counter()
        for group in sample:
            np.asarray(train(group))
        return (time.perf_counter() - started) * n_groups / len(sample)

    turns = [[promised_seconds(size) for size in sizes] for _ in range(1 + TRIES)]
    least = np.min(turns[1:], axis=0)  # the first turn compiles, where the peer does
    return sizes[int(least.argmin())]
