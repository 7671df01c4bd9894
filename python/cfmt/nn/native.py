"""The engine over the compiled kernels: the fastest for tables on a processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.errors import DivergedError
from cfmt.mlp import MLP
from cfmt.nn.checks import check_models, check_table
from cfmt.nn.values import Group, GroupResult, LocalTraining, Summed, Weighting
from cfmt.ragged import Ragged

__all__ = ["NativeEngine"]

_Ids: TypeAlias = npt.NDArray[np.int64]
_Floats: TypeAlias = npt.NDArray[np.float32]
_Arrays: TypeAlias = tuple[_Floats, npt.NDArray[np.uint8], _Ids, _Ids, _Floats, _Ids, _Ids]
"""Table, labels, rows, offsets, models, model index and clients, as the kernels take them."""


class NativeEngine:
    """Engine over compiled kernels, on a processor, on as many threads as rayon has.

    A client's update and its scores have the same bits for any number of threads and any grouping,
    and so have the sums of :meth:`train_and_sum`. They differ from torch's by the rounding.

    Parameters
    ----------
    mlp : MLP
        Shape of the models; must have one output.
    X : ndarray of shape (n_rows, n_features), float32
        Rows of the base table, all finite. Not copied if it is in C order: do not write to it.
    y : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    group_size : int, default=64
        Clients whose updates :meth:`train` holds at a time.

    Raises
    ------
    TypeError
        If an array has another type than stated.
    ValueError
        If shapes do not fit, a feature is not finite, a label is neither 0 nor 1, the model has more
        than one output, or the group size is below 1.

    References
    ----------
    McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data",
    AISTATS 2017, arXiv 1602.05629; Li et al., "Federated Optimization in Heterogeneous Networks",
    MLSys 2020, arXiv 1812.06127.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Group, LocalTraining, NativeEngine
    >>> from cfmt.ragged import Ragged
    >>> mlp, rows, zeros = MLP(2, hidden=3), Ragged.from_list([[0], [1, 0]]), np.zeros(2, np.int64)
    >>> engine = NativeEngine(mlp, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    >>> group = Group(mlp.initial(seed=0)[np.newaxis], zeros, rows, np.arange(2), seed=0, round=1)
    >>> (result,) = engine.train(group, LocalTraining(steps=1))
    >>> engine.scores(group.received + result.deltas).shape
    (2, 2)
    """

    def __init__(
        self, mlp: MLP, X: npt.NDArray[np.float32], y: npt.NDArray[np.uint8], *, group_size: int = 64
    ) -> None:
        check_table(mlp, X, y)
        if mlp.n_outputs != 1:
            raise ValueError(f"mlp must have one output, got n_outputs={mlp.n_outputs}; use TorchEngine")
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self._mlp = mlp
        self._X = np.ascontiguousarray(X)
        self._y = np.ascontiguousarray(y)
        self._group_size = group_size

    @property
    def mlp(self) -> MLP:
        """Shape of the models."""
        return self._mlp

    def scores(self, models: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score every row of the base table by each model; see :meth:`Engine.scores`."""
        check_models(self._mlp, models)
        return _core.model_scores(self._X, models, hidden=self._mlp.hidden)

    def train(self, group: Group, local: LocalTraining) -> Iterator[GroupResult]:
        """Train clients, some of them at a time; see :meth:`Engine.train`."""
        check_models(self._mlp, group.models)
        order = _order(local, group.rows)
        for start in range(0, len(order), self._group_size):
            positions = order[start : start + self._group_size]
            arguments, settings = self._flat(group.take(positions), local)
            deltas, losses = _core.train_clients(*arguments, **settings)
            yield GroupResult(positions, deltas, losses)

    def train_and_sum(
        self,
        group: Group,
        local: LocalTraining,
        weighting: Weighting,
        *,
        scored_rows: Ragged[np.int64] | None = None,
    ) -> Summed:
        """Train clients and sum the updates of each cluster, without ever holding all of them.

        See :meth:`SummingEngine.train_and_sum`. Scores have the bits of :meth:`client_scores` under the
        models received plus the updates.
        """
        check_models(self._mlp, group.models)
        order = _order(local, group.rows)
        in_order = bool((order[1:] > order[:-1]).all())
        if not in_order:
            group, weighting = group.take(order), weighting.take(order)
            scored_rows = None if scored_rows is None else scored_rows.take(order)
        arguments, settings = self._flat(group, local)
        sums = {
            "weights": weighting.weights,
            "clusters": weighting.clusters,
            "n_clusters": weighting.n_clusters,
            "start": weighting.start,
            "scored_rows": scored_rows,
        }
        try:
            found = _core.train_and_sum(*arguments, **(settings | sums))
        except FloatingPointError as error:
            raise DivergedError(f"round {group.round}: {error}") from None
        summed = Summed(*found)
        return summed if in_order else _put_back(summed, order, scored_rows)

    def client_scores(
        self, models: npt.NDArray[np.float32], rows: Ragged[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Score each client's rows by the client's own model; see :meth:`Engine.client_scores`."""
        check_models(self._mlp, models)
        return _core.client_scores(self._X, *rows, models, hidden=self._mlp.hidden)

    def _flat(self, group: Group, local: LocalTraining) -> tuple[_Arrays, dict[str, Any]]:
        """Spell a group and its local training out as the kernels' arguments; the one place that does."""
        arguments = (self._X, self._y, *group.rows, group.models, group.model_index, group.clients)
        settings = {
            "hidden": self._mlp.hidden,
            "learning_rate": local.learning_rate,
            "batch_size": local.batch_size,
            "epochs": local.epochs,
            "steps": local.steps,
            "prox_mu": local.prox_mu,
            "positive_weight": local.positive_weights(self._y, group.rows),
            "seed": group.seed,
            "round": group.round,
        }
        return arguments, settings


def _put_back(summed: Summed, order: npt.NDArray[np.int64], scored: Ragged[np.int64] | None) -> Summed:
    """Bring the losses and scores of clients that were trained in ``order`` back into theirs."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    scores = summed.scores if scored is None else scored.with_values(summed.scores).take(places).values
    return Summed(summed.sums, summed.losses[places], scores)


def _order(local: LocalTraining, rows: Ragged[np.int64]) -> npt.NDArray[np.int64]:
    """Positions of the clients in descending number of steps, those of equal number as they stand."""
    return np.argsort(-local.n_steps(rows.sizes), kind="stable")
