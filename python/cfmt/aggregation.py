"""Aggregation of client updates: weighted sums per cluster, the same bits however clients are grouped.

An array of another dtype is a ``TypeError`` that says what makes it right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt import _core

__all__ = ["WeightedSum", "weighted_mean"]


class WeightedSum:
    r"""Running weighted sums of updates, one for each cluster.

    Groups of updates are added as they come and need not be kept. Each coordinate is summed in the order
    in which clients are added, with a float64 accumulator: neither the grouping into calls of :meth:`add`
    nor the number of threads changes a bit. Another order of the clients changes a sum within float64
    rounding, at most :math:`2 K \cdot 2^{-53}` times its sum of magnitudes for :math:`K` clients.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at least 1.
    n_params : int
        Number of parameters of an update, at least 1.

    Raises
    ------
    ValueError
        If a number is below 1, or the sums do not fit into memory.

    References
    ----------
    McMahan, Moore, Ramage, Hampson, Agüera y Arcas: Communication-efficient learning of deep networks from
    decentralized data, AISTATS 2017, arXiv 1602.05629.

    Examples
    --------
    >>> from cfmt import WeightedSum
    >>> sums = WeightedSum(n_clusters=2, n_params=3)
    >>> updates = np.array([[1, 2, 3], [3, 2, 1], [5, 5, 5]], np.float32)
    >>> sums.add(updates, np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1]))
    >>> sums.means()
    array([[2.5, 2. , 1.5],
           [5. , 5. , 5. ]], dtype=float32)
    >>> sums.combine(sums.totals())
    array([3.3333333, 3.       , 2.6666667], dtype=float32)
    """

    def __init__(self, n_clusters: int, n_params: int) -> None:
        self._sums = _core.WeightedSum(n_clusters, n_params)

    def add(
        self,
        updates: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float64],
        clusters: npt.NDArray[np.int64],
    ) -> None:
        """Add the updates of a group of clients to the sums of their clusters.

        A call that raises leaves the sums as they were.

        Parameters
        ----------
        updates : ndarray of shape (n_group, n_params), float32
            One update per client.
        weights : ndarray of shape (n_group,), float64
            Weight of each client, such as its number of rows; 0 adds nothing.
        clusters : ndarray of shape (n_group,), int64
            Cluster of each client.

        Raises
        ------
        ValueError
            If an update is not finite (named by its row), a weight is negative or not finite, a cluster is
            out of range, or shapes or layouts do not fit.
        """
        self._sums.add(updates, weights, clusters)

    def add_sums(self, sums: npt.NDArray[np.float64], totals: npt.NDArray[np.float64]) -> None:
        """Add sums that were formed elsewhere, such as by an engine that keeps no single update.

        Parameters
        ----------
        sums : ndarray of shape (n_clusters, n_params), float64
            Weighted sum of updates of each cluster.
        totals : ndarray of shape (n_clusters,), float64
            Sum of the weights of each cluster.

        Raises
        ------
        ValueError
            If a sum is not finite, a total is negative or not finite, or shapes or layouts do not fit.
        """
        self._sums.add_sums(sums, totals)

    def sums(self) -> npt.NDArray[np.float64]:
        """Return each cluster's weighted sum, shape (n_clusters, n_params)."""
        return self._sums.sums()

    def totals(self) -> npt.NDArray[np.float64]:
        """Return the sum of weights of each cluster, shape (n_clusters,)."""
        return self._sums.totals()

    def means(self) -> npt.NDArray[np.float32]:
        """Return each cluster's weighted mean, shape (n_clusters, n_params); zeros for one without weight."""
        return self._sums.means()

    def combine(self, cluster_weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        r"""Combine the means of the clusters: :math:`\sum_c q_c \Delta_c` with :math:`\sum_c q_c = 1`.

        Clusters without weight have no mean, and are left out before the weights are normalised. The means
        enter unrounded; a single cluster gives the bits of its row of :meth:`means`.

        Parameters
        ----------
        cluster_weights : ndarray of shape (n_clusters,), float64
            Weight of each cluster: :meth:`totals`, or ones for equal weights.

        Returns
        -------
        ndarray of shape (n_params,), float32

        Raises
        ------
        TypeError
            If the weights are no float64 array.
        ValueError
            If a weight is negative or not finite, their number is wrong, or no cluster that has clients has a
            positive one.
        """
        return self._sums.combine(cluster_weights)


def weighted_mean(
    updates: npt.NDArray[np.float32], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Average updates with weights, as FedAvg does.

    Parameters
    ----------
    updates : ndarray of shape (n_clients, n_params), float32
        One update per client.
    weights : ndarray of shape (n_clients,), float64
        Weight of each client, such as its number of rows.

    Returns
    -------
    ndarray of shape (n_params,), float32
        The bits of a :class:`WeightedSum` with one cluster.

    Raises
    ------
    ValueError
        If an update is not finite (named by its row), a weight is negative or not finite, none is positive,
        or shapes or layouts do not fit.

    References
    ----------
    McMahan, Moore, Ramage, Hampson, Agüera y Arcas: Communication-efficient learning of deep networks from
    decentralized data, AISTATS 2017, arXiv 1602.05629.

    Examples
    --------
    >>> from cfmt import weighted_mean
    >>> weighted_mean(np.array([[1, 2], [3, 6]], np.float32), np.array([1.0, 3.0]))
    array([2.5, 5. ], dtype=float32)
    """
    return _core.weighted_mean(updates, weights)
