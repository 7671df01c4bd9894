"""Summing of updates for engines that do not do it themselves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum
from cfmt.nn.engine import Engine, LocalTraining, Summed, diverged
from cfmt.ragged import Ragged

__all__ = ["sum_groups"]


def sum_groups(
    engine: Engine,
    models: npt.NDArray[np.float32],
    which: npt.NDArray[np.int64],
    rows: Ragged[np.int64],
    local: LocalTraining,
    *,
    weights: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.int64],
    n_clusters: int,
    start: npt.NDArray[np.float64] | None = None,
    held_out: Ragged[np.int64] | None = None,
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> Summed:
    """Train a cohort and sum the updates of each cluster, group by group as they come.

    Parameters
    ----------
    engine : Engine
        Trains.
    models, which, rows, local, weights, clusters, n_clusters, start, held_out, seed, round, clients
        As for :meth:`SummingEngine.train_and_sum`.

    Returns
    -------
    Summed
        For an engine that can sum by itself, the same bits as it gives.

    Raises
    ------
    DivergedError
        If an update is not finite.
    """
    total = WeightedSum(n_clusters, models.shape[1])
    if start is not None:
        total.add_sums(start, np.zeros(n_clusters))
    losses = np.full(rows.n_clients, np.nan)
    tried = Ragged.from_sizes(np.empty(0, np.int64), np.zeros_like(which)) if held_out is None else held_out
    places, scores = tried.with_values(np.arange(len(tried.values))), np.empty(len(tried.values), np.float32)
    tries = tried.sizes > 0
    groups = engine.train(models, which, rows, local, seed=seed, round=round, clients=clients)
    for at, deltas, group_losses in groups:
        try:
            total.add(deltas, weights[at], clusters[at])
        except ValueError:
            finite = np.isfinite(deltas).all(axis=1)
            if finite.all():
                raise
            raise diverged(f"the update of client {clients[at[finite.argmin()]]}", round) from None
        losses[at] = group_losses
        if tries[at].any():
            own = places.take(at[tries[at]])
            trained = models[which[at[tries[at]]]] + deltas[tries[at]]
            scores[own.values] = engine.client_scores(trained, own.with_values(tried.values[own.values]))
    return Summed(total.sums(), losses, scores)
