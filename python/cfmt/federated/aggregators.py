"""Aggregators: how the updates of a cohort become those of the clusters and of the global model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum

__all__ = ["Aggregate", "Aggregator", "ClientWeighting", "WeightedMean"]

Weighting: TypeAlias = Literal["rows", "sqrt", "equal"]


class Aggregate(NamedTuple):
    """What a cohort's updates add up to.

    Parameters
    ----------
    model : ndarray of shape (n_params,), float32
        Update of the global model; zeros where nobody has rows.
    clusters : ndarray of shape (n_clusters, n_params), float32
        Update of each cluster's model; zeros for one without members.

    Examples
    --------
    >>> from cfmt.federated import WeightedMean
    >>> mean = WeightedMean()
    >>> updates, clusters = np.array([[1, 2], [3, 4]], np.float32), np.zeros(2, np.int64)
    >>> sums = mean.add(mean.begin(1, 2), updates, np.ones(2), clusters)
    >>> mean.finish(sums, totals=np.array([2.0]), cluster_weights=np.array([2.0]))
    Aggregate(model=array([2., 3.], dtype=float32), clusters=array([[2., 3.]], dtype=float32))
    """

    model: npt.NDArray[np.float32]
    clusters: npt.NDArray[np.float32]


class Aggregator(Protocol):
    """Takes updates as they come and makes one update of each cluster and one of the global model.

    A new aggregator is a frozen value with these verbs; :class:`ClientWeighting` has the first two. Where
    ``fused`` is true, ``begin`` returns a float64 array of shape (n_clusters, n_params) to which the engine
    adds weighted updates while it trains, and ``add`` need not be called.

    Examples
    --------
    >>> from cfmt.federated import Aggregator, WeightedMean
    >>> aggregator: Aggregator = WeightedMean("sqrt")
    >>> aggregator.fused, aggregator.begin(n_clusters=2, n_params=3).shape
    (True, (2, 3))
    >>> aggregator.weighted("equal").client_weights(np.array([9, 0, 4]))
    array([1., 0., 1.])
    """

    @property
    def fused(self) -> bool:
        """Whether updates can be summed in training, so that no single one is ever held."""
        ...

    def weighted(self, weighting: Weighting) -> Aggregator:
        """Return the same aggregator with another weighting of clients."""
        ...

    def client_weights(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the weight of clients with so many training rows, shape (n_clients,); 0 without rows."""
        ...

    def begin(self, n_clusters: int, n_params: int) -> Any:
        """Return what updates are added to."""
        ...

    def add(
        self,
        gathered: Any,
        updates: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float64],
        clusters: npt.NDArray[np.int64],
    ) -> Any:
        """Add the updates of some clients.

        Parameters
        ----------
        gathered : object
            As ``begin`` or the last ``add`` returned it.
        updates : ndarray of shape (g, n_params), float32
            Trained model minus received model.
        weights : ndarray of shape (g,), float64
            Weight of each client.
        clusters : ndarray of shape (g,), int64
            Cluster of each client.

        Returns
        -------
        object
        """
        ...

    def finish(
        self, gathered: Any, totals: npt.NDArray[np.float64], cluster_weights: npt.NDArray[np.float64]
    ) -> Aggregate:
        """Make the updates of clusters and global model.

        Parameters
        ----------
        gathered : object
            Everything that was added.
        totals : ndarray of shape (n_clusters,), float64
            Sum of the client weights of each cluster.
        cluster_weights : ndarray of shape (n_clusters,), float64
            Weight of each cluster in the global model; 0 for one without members.

        Returns
        -------
        Aggregate
        """
        ...


@dataclass(frozen=True)
class ClientWeighting:
    """How much a client counts in its cluster.

    Parameters
    ----------
    weighting : {"rows", "sqrt", "equal"}, default="rows"
        Weight of a client: its training rows, their square root, or one.

    Examples
    --------
    >>> from cfmt.federated import ClientWeighting
    >>> ClientWeighting("sqrt").client_weights(np.array([9, 0, 4]))
    array([3., 0., 2.])
    """

    weighting: Weighting = "rows"

    def weighted(self, weighting: Weighting) -> Self:
        """Return the same aggregator with another weighting of clients."""
        return replace(self, weighting=weighting)

    def client_weights(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the weight of clients with so many training rows, shape (n_clients,); 0 without rows."""
        match self.weighting:
            case "rows":
                return sizes.astype(np.float64)
            case "sqrt":
                return np.sqrt(sizes.astype(np.float64))
            case "equal":
                return (sizes > 0).astype(np.float64)


@dataclass(frozen=True)
class WeightedMean(ClientWeighting):
    """The weighted mean of the updates of each cluster, as FedAvg has it, summed in training.

    References
    ----------
    McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data",
    AISTATS 2017, arXiv 1602.05629.

    Examples
    --------
    >>> from cfmt.federated import WeightedMean
    >>> mean, updates = WeightedMean(), np.array([[1, 2], [5, 6]], np.float32)
    >>> weights, clusters = mean.client_weights(np.array([3, 1])), np.zeros(2, np.int64)
    >>> sums = mean.add(mean.begin(1, 2), updates, weights, clusters)
    >>> mean.finish(sums, totals=np.array([4.0]), cluster_weights=np.array([1.0])).model
    array([2., 3.], dtype=float32)
    """

    @property
    def fused(self) -> bool:
        """Whether updates can be summed in training: yes."""
        return True

    def begin(self, n_clusters: int, n_params: int) -> npt.NDArray[np.float64]:
        """Return sums of nothing."""
        return np.zeros((n_clusters, n_params))

    def add(
        self,
        gathered: npt.NDArray[np.float64],
        updates: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float64],
        clusters: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.float64]:
        """Add weighted updates to the sums of their clusters."""
        total = WeightedSum(*gathered.shape)
        total.add_sums(gathered, np.zeros(len(gathered)))
        total.add(updates, weights, clusters)
        return total.sums()

    def finish(
        self,
        gathered: npt.NDArray[np.float64],
        totals: npt.NDArray[np.float64],
        cluster_weights: npt.NDArray[np.float64],
    ) -> Aggregate:
        """Divide the sums by their weights, and combine the clusters' means unrounded."""
        total = WeightedSum(*gathered.shape)
        total.add_sums(gathered, totals)
        clusters = total.means()
        model = total.combine(cluster_weights) if totals.any() else np.zeros_like(clusters[0])
        return Aggregate(model, clusters)
