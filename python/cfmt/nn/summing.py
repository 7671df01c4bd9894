"""Summing of updates for engines that do not do it themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum
from cfmt.nn.checks import diverged
from cfmt.nn.engine import Engine, SummingEngine
from cfmt.nn.values import Group, LocalTraining, Summed, Weighting
from cfmt.ragged import Ragged

__all__ = ["sum_groups", "train_and_add", "train_and_sum"]

Add = Callable[[npt.NDArray[np.float32], npt.NDArray[np.int64]], None]
"""Takes updates of shape (g, n_params) and the positions of their clients in the group."""


def train_and_sum(
    engine: Engine,
    group: Group,
    local: LocalTraining,
    weighting: Weighting,
    *,
    scored_rows: Ragged[np.int64] | None = None,
) -> Summed:
    """Train clients and sum their updates, in training where the engine can, else as they come.

    Parameters
    ----------
    engine : Engine
        Trains.
    group, local, weighting, scored_rows
        As for :meth:`SummingEngine.train_and_sum`.

    Returns
    -------
    Summed

    Raises
    ------
    DivergedError
        If an update is not finite.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Group, LocalTraining, Weighting, make_engine, train_and_sum
    >>> from cfmt.ragged import Ragged
    >>> mlp, rows, zeros = MLP(2, hidden=3), Ragged.from_list([[0], [1, 0]]), np.zeros(2, np.int64)
    >>> engine = make_engine("native", mlp, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    >>> group = Group(mlp.initial(seed=0)[np.newaxis], zeros, rows, np.arange(2), seed=0, round=1)
    >>> weighting = Weighting(rows.sizes.astype(np.float64), zeros, n_clusters=1)
    >>> train_and_sum(engine, group, LocalTraining(steps=1), weighting).sums.shape
    (1, 13)
    """
    if isinstance(engine, SummingEngine):
        return engine.train_and_sum(group, local, weighting, scored_rows=scored_rows)
    return sum_groups(engine, group, local, weighting, scored_rows=scored_rows)


def sum_groups(
    engine: Engine,
    group: Group,
    local: LocalTraining,
    weighting: Weighting,
    *,
    scored_rows: Ragged[np.int64] | None = None,
) -> Summed:
    """Train clients and sum the updates of each cluster as they come.

    Parameters
    ----------
    engine : Engine
        Trains.
    group, local, weighting, scored_rows
        As for :meth:`SummingEngine.train_and_sum`.

    Returns
    -------
    Summed
        For an engine that can sum by itself, the same bits as it gives.

    Raises
    ------
    DivergedError
        If an update is not finite.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Group, LocalTraining, Weighting, make_engine, sum_groups, train_and_sum
    >>> from cfmt.ragged import Ragged
    >>> mlp, rows, zeros = MLP(2, hidden=3), Ragged.from_list([[0], [1, 0]]), np.zeros(2, np.int64)
    >>> engine = make_engine("native", mlp, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    >>> group = Group(mlp.initial(seed=0)[np.newaxis], zeros, rows, np.arange(2), seed=0, round=1)
    >>> given = engine, group, LocalTraining(steps=1), Weighting(np.ones(2), zeros, n_clusters=1)
    >>> np.array_equal(sum_groups(*given).sums, train_and_sum(*given).sums)
    True
    """
    total = WeightedSum(weighting.n_clusters, group.models.shape[1])
    if weighting.start is not None:
        total.add_sums(weighting.start, np.zeros(weighting.n_clusters))

    def add(updates: npt.NDArray[np.float32], at: npt.NDArray[np.int64]) -> None:
        """Add updates to the sums of their clusters."""
        total.add(updates, weighting.weights[at], weighting.clusters[at])

    losses, scores = train_and_add(engine, group, local, add, scored_rows=scored_rows)
    return Summed(total.sums(), losses, scores)


def train_and_add(
    engine: Engine,
    group: Group,
    local: LocalTraining,
    add: Add,
    *,
    scored_rows: Ragged[np.int64] | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Train clients and hand their updates on as they come.

    Parameters
    ----------
    engine : Engine
        Trains.
    group, local, scored_rows
        As for :meth:`SummingEngine.train_and_sum`.
    add : callable
        Gets updates of shape (g, n_params), float32, and the positions of their clients in the group.

    Returns
    -------
    losses : ndarray of shape (n_clients,), float64
        Mean data loss over each client's batches; NaN for a client without rows.
    scores : ndarray of shape (n_scored,), float32
        Probability of attack of the scored rows, under their clients' trained models.

    Raises
    ------
    DivergedError
        If an update is not finite.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Group, LocalTraining, make_engine, train_and_add
    >>> from cfmt.ragged import Ragged
    >>> mlp, rows, zeros = MLP(2, hidden=3), Ragged.from_list([[0], [1, 0]]), np.zeros(2, np.int64)
    >>> engine = make_engine("native", mlp, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    >>> group = Group(mlp.initial(seed=0)[np.newaxis], zeros, rows, np.arange(2), seed=0, round=1)
    >>> shapes = []
    >>> _ = train_and_add(engine, group, LocalTraining(steps=1), lambda new, at: shapes.append(new.shape))
    >>> shapes
    [(2, 13)]
    """
    losses = np.full(group.n_clients, np.nan)
    empty = Ragged.from_sizes(np.empty(0, np.int64), np.zeros(group.n_clients, np.int64))
    scored = empty if scored_rows is None else scored_rows
    places, scores = (
        scored.with_values(np.arange(len(scored.values))),
        np.empty(len(scored.values), np.float32),
    )
    for at, updates, found in engine.train(group, local):
        _add_finite(add, updates, at, group)
        losses[at] = found
        scores_some = scored.sizes[at] > 0
        if scores_some.any():
            own = places.take(at[scores_some])
            trained = group.models[group.model_index[at[scores_some]]] + updates[scores_some]
            scores[own.values] = engine.client_scores(trained, own.with_values(scored.values[own.values]))
    return losses, scores


def _add_finite(add: Add, updates: npt.NDArray[np.float32], at: npt.NDArray[np.int64], group: Group) -> None:
    """Hand updates on; where they are refused, name the client whose update is not finite."""
    try:
        add(updates, at)
    except ValueError:
        finite = np.isfinite(updates).all(axis=1)
        if finite.all():
            raise
        client = group.clients[at[finite.argmin()]]
        raise diverged(f"the update of client {client}", group.round) from None
