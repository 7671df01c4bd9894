"""The engine over the compiled kernels: the fastest for tables on a processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.errors import DivergedError
from cfmt.mlp import MLP
from cfmt.nn.engine import GroupResult, LocalTraining, Summed, check_models, check_table
from cfmt.ragged import Ragged

__all__ = ["NativeEngine"]


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

    def train(
        self,
        models: npt.NDArray[np.float32],
        which: npt.NDArray[np.int64],
        rows: Ragged[np.int64],
        local: LocalTraining,
        *,
        seed: int,
        round: int,
        clients: npt.NDArray[np.int64],
    ) -> Iterator[GroupResult]:
        """Train a cohort, group by group; see :meth:`Engine.train`."""
        check_models(self._mlp, models)
        order = _order(local, rows)
        for start in range(0, len(order), self._group_size):
            positions = order[start : start + self._group_size]
            group = rows.take(positions)
            how = self._keywords(local, group, seed, round)
            deltas, losses = _core.train_clients(
                self._X, self._y, *group, models, which[positions], clients[positions], **how
            )
            yield GroupResult(positions, deltas, losses)

    def train_and_sum(
        self,
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
        """Train a cohort and sum the updates of each cluster, without ever holding all of them.

        See :meth:`SummingEngine.train_and_sum`. The scores of rows held out have the bits of
        :meth:`client_scores` under the models received plus the updates.
        """
        check_models(self._mlp, models)
        order = _order(local, rows)
        in_order = bool((order[1:] > order[:-1]).all())
        if not in_order:
            rows, held_out = rows.take(order), None if held_out is None else held_out.take(order)
            which, clients = which[order], clients[order]
            weights, clusters = weights[order], clusters[order]
        into = {"n_clusters": n_clusters, "start": start, "scored_rows": held_out}
        how = self._keywords(local, rows, seed, round) | into
        try:
            sums = _core.train_and_sum(
                self._X, self._y, *rows, models, which, clients, weights, clusters, **how
            )
        except FloatingPointError as error:
            raise DivergedError(f"round {round}: {error}") from None
        summed = Summed(*sums)
        return summed if in_order else _put_back(summed, order, held_out)

    def client_scores(
        self, models: npt.NDArray[np.float32], rows: Ragged[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Score each client's rows by the client's own model; see :meth:`Engine.client_scores`."""
        check_models(self._mlp, models)
        return _core.client_scores(self._X, *rows, models, hidden=self._mlp.hidden)

    def _keywords(
        self, local: LocalTraining, rows: Ragged[np.int64], seed: int, round: int
    ) -> dict[str, Any]:
        """Spell out the settings of local training for the kernels."""
        return {
            "hidden": self._mlp.hidden,
            "learning_rate": local.learning_rate,
            "batch_size": local.batch_size,
            "epochs": local.epochs,
            "steps": local.steps,
            "prox_mu": local.prox_mu,
            "positive_weight": local.positive_weights(self._y, rows),
            "seed": seed,
            "round": round,
        }


def _put_back(summed: Summed, order: npt.NDArray[np.int64], held_out: Ragged[np.int64] | None) -> Summed:
    """Bring the losses and scores of clients that were trained in ``order`` back into theirs."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    scores = summed.scores if held_out is None else held_out.with_values(summed.scores).take(places).values
    return Summed(summed.sums, summed.losses[places], scores)


def _order(local: LocalTraining, rows: Ragged[np.int64]) -> npt.NDArray[np.int64]:
    """Positions of the cohort in descending number of steps, those of equal number as they stand."""
    return np.argsort(-local.n_steps(rows.sizes), kind="stable")
