"""What an engine takes and gives: groups of clients, how they train, and what their updates are added to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.ragged import Ragged

__all__ = ["Group", "GroupResult", "LocalTraining", "Summed", "Weighting"]


@dataclass(frozen=True)
class LocalTraining:
    """What a client does with the model that it received.

    Stochastic gradient descent on the mean binary cross-entropy of each batch plus the proximal term
    ``prox_mu / 2 * ||w - w_received||^2``.

    Parameters
    ----------
    learning_rate : float, default=0.05
        Step of the descent.
    batch_size : int, default=32
        Rows of a batch; the last batch of an epoch may have fewer.
    epochs : int, optional
        Passes over the client's rows. Exactly one of ``epochs`` and ``steps`` is set.
    steps : int, optional, default=20
        Batches, whatever the client's size.
    prox_mu : float, default=0.0
        Weight of the proximal term; 0 is FedAvg, to the last bit.
    positive_weight : float or "balanced", default=1.0
        Weight of an attack row in the loss, where a normal row has 1. ``"balanced"`` takes each
        client's own ratio of normal to attack rows, and 1 where it has one class.

    Raises
    ------
    ValueError
        If a value is out of its range, or both or none of ``epochs`` and ``steps`` are set.

    References
    ----------
    Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, arXiv 1812.06127.

    Examples
    --------
    >>> from cfmt.nn import LocalTraining
    >>> LocalTraining(batch_size=32, epochs=2, steps=None).n_steps(np.array([100, 10, 0]))
    array([8, 2, 0])
    >>> LocalTraining(steps=20).n_steps(np.array([100, 10, 0]))
    array([20, 20,  0])
    """

    learning_rate: float = 0.05
    batch_size: int = 32
    epochs: int | None = None
    steps: int | None = 20
    prox_mu: float = 0.0
    positive_weight: float | Literal["balanced"] = 1.0

    def __post_init__(self) -> None:
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"learning_rate must be a positive number, got {self.learning_rate}")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if (self.epochs is None) == (self.steps is None):
            raise ValueError(
                f"set exactly one of epochs and steps, and the other to None; "
                f"got epochs={self.epochs}, steps={self.steps}"
            )
        for name, value in (("epochs", self.epochs), ("steps", self.steps)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not (self.prox_mu >= 0 and math.isfinite(self.prox_mu)):
            raise ValueError(f"prox_mu must be a number of at least 0, got {self.prox_mu}")
        weight = self.positive_weight
        if not (weight == "balanced" if isinstance(weight, str) else 0 < weight < math.inf):
            raise ValueError(f'positive_weight must be a positive number or "balanced", got {weight!r}')

    def n_steps(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of batches of clients with ``sizes`` rows, shape (n_clients,), int64."""
        if self.steps is not None:
            return np.where(sizes > 0, self.steps, 0)
        assert self.epochs is not None
        return self.epochs * -(-sizes // self.batch_size)

    def positive_weights(
        self, is_attack: npt.NDArray[np.uint8], rows: Ragged[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return the weight of an attack row on each client.

        Parameters
        ----------
        is_attack : ndarray of shape (n_rows,), uint8
            1 for attack, 0 for normal.
        rows : Ragged of int64
            Each client's rows, with repetitions if it trains on repeated rows.

        Returns
        -------
        ndarray of shape (n_clients,), float64
        """
        if self.positive_weight != "balanced":
            return np.full(rows.n_clients, self.positive_weight, np.float64)
        attacks = np.bincount(rows.clients, weights=is_attack[rows.values], minlength=rows.n_clients)
        normals = rows.sizes - attacks
        two_classes = (attacks > 0) & (normals > 0)
        weights = np.ones(rows.n_clients)
        weights[two_classes] = normals[two_classes] / attacks[two_classes]
        return weights


@dataclass(frozen=True, eq=False)
class Group:
    """Clients that are handled in one call: what each received, and the rows that it trains on.

    Parameters
    ----------
    models : ndarray of shape (m, n_params), float32
        Models that clients received.
    model_index : ndarray of shape (n_clients,), int64
        The row of ``models`` that each client received.
    rows : Ragged of int64
        Rows of the engine's table that each client trains on; one may stand there more than once.
    clients : ndarray of shape (n_clients,), int64
        Ids of the clients.
    seed : int
        Seed of the whole run.
    round : int
        Round of training; keys the order of rows, with the seed and the client.

    Examples
    --------
    >>> from cfmt.nn import Group
    >>> from cfmt.ragged import Ragged
    >>> rows = Ragged(np.array([4, 0, 2]), np.array([0, 1, 3]))
    >>> index, clients = np.zeros(2, np.int64), np.array([7, 9])
    >>> group = Group(np.zeros((1, 13), np.float32), index, rows, clients, seed=0, round=1)
    >>> group.n_clients
    2
    >>> group.take(np.array([1])).rows.values
    array([0, 2])
    """

    models: npt.NDArray[np.float32]
    model_index: npt.NDArray[np.int64]
    rows: Ragged[np.int64]
    clients: npt.NDArray[np.int64]
    seed: int
    round: int

    @property
    def n_clients(self) -> int:
        """Number of clients."""
        return self.rows.n_clients

    @property
    def received(self) -> npt.NDArray[np.float32]:
        """The model that each client received, shape (n_clients, n_params)."""
        return self.models[self.model_index]

    def take(self, positions: npt.NDArray[np.int64]) -> Group:
        """Return the group of the clients at some positions, in the order asked for."""
        return replace(
            self,
            model_index=self.model_index[positions],
            rows=self.rows.take(positions),
            clients=self.clients[positions],
        )


@dataclass(frozen=True, eq=False)
class Weighting:
    """How the updates of a group are summed.

    Parameters
    ----------
    weights : ndarray of shape (n_clients,), float64
        What each client's update is multiplied by; 0 leaves a client out.
    clusters : ndarray of shape (n_clients,), int64
        The sum that each client's update goes to.
    n_clusters : int
        Number of sums.
    start : ndarray of shape (n_clusters, n_params), float64, optional
        Where the sums start from, such as those of the clients before; zeros if not given.

    Examples
    --------
    >>> from cfmt.nn import Weighting
    >>> weighting = Weighting(np.array([3.0, 1.0]), np.array([0, 0]), n_clusters=1)
    >>> weighting.take(np.array([1])).weights
    array([1.])
    """

    weights: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64]
    n_clusters: int
    start: npt.NDArray[np.float64] | None = None

    def take(self, positions: npt.NDArray[np.int64]) -> Weighting:
        """Return the weighting of the clients at some positions, in the order asked for."""
        return replace(self, weights=self.weights[positions], clusters=self.clusters[positions])


class GroupResult(NamedTuple):
    """Updates of one group of clients.

    Parameters
    ----------
    positions : ndarray of shape (g,), int64
        The group's clients, as positions in the cohort.
    deltas : ndarray of shape (g, n_params), float32
        Trained model minus received model.
    losses : ndarray of shape (g,), float64
        Mean data loss over the client's batches; NaN for a client without rows.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Group, LocalTraining, NativeEngine
    >>> from cfmt.ragged import Ragged
    >>> mlp, rows, zeros = MLP(2, hidden=3), Ragged.from_list([[0], [1, 0]]), np.zeros(2, np.int64)
    >>> engine = NativeEngine(mlp, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    >>> group = Group(mlp.initial(seed=0)[np.newaxis], zeros, rows, np.arange(2), seed=0, round=1)
    >>> (result,) = engine.train(group, LocalTraining(steps=1))
    >>> result.positions, result.deltas.shape, result.losses.shape
    (array([0, 1]), (2, 13), (2,))
    """

    positions: npt.NDArray[np.int64]
    deltas: npt.NDArray[np.float32]
    losses: npt.NDArray[np.float64]


class Summed(NamedTuple):
    """Updates of clients, summed as they came.

    Parameters
    ----------
    sums : ndarray of shape (n_clusters, n_params), float64
        Weighted sum of the updates of each cluster.
    losses : ndarray of shape (n_clients,), float64
        Mean data loss over each client's batches; NaN for a client without rows.
    scores : ndarray of shape (n_scored,), float32
        Probability of attack of the scored rows, under their clients' trained models.

    Examples
    --------
    >>> from cfmt.nn import Summed
    >>> done = Summed(np.array([[6.0, 2.0]]), losses=np.array([0.4, np.nan]), scores=np.empty(0, np.float32))
    >>> done.sums / 4.0  # by the sum of the clients' weights: the mean update
    array([[1.5, 0.5]])
    """

    sums: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float32]
