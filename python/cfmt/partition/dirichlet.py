"""Rows given to clients: evenly, by Dirichlet shares of each class, or by skewed sizes."""

from __future__ import annotations

from cfmt import _core
from cfmt.ragged import Ragged
from cfmt.typing import IntArray

__all__ = ["partition_dirichlet", "partition_iid", "partition_quantity"]

import numpy as np


def partition_iid(
    n_rows: int,
    n_clients: int,
    *,
    size_alpha: float | None = None,
    min_size: int = 1,
    rows_per_client: tuple[int, int] | None = None,
    seed: int,
) -> Ragged[np.int64]:
    """Give rows to clients without regard to their labels.

    Parameters
    ----------
    n_rows : int
        Rows of the table.
    n_clients : int
        Clients to give them to.
    size_alpha : float, optional
        Skew of the clients' sizes, which are then proportional to a draw from Dirichlet(`size_alpha`);
        without it they differ by at most 1.
    min_size : int, default=1
        Least number of rows of a client, reached by moving random rows from the largest clients.
    rows_per_client : (int, int), optional
        Draw with replacement: each client's size is uniform in this range, both ends included. The way to
        more clients than rows.
    seed : int
        Seed of the partition, in [0, 2^64).

    Returns
    -------
    Ragged of int64
        Row indices of each client, in increasing order. Without `rows_per_client` every row occurs once.

    Raises
    ------
    ValueError
        If there are too few rows, or an argument is out of range.

    Examples
    --------
    >>> from cfmt.partition import partition_iid
    >>> partition_iid(10, 3, seed=0).sizes
    array([3, 3, 4])
    >>> partition_iid(10, 1000, rows_per_client=(2, 2), seed=0).n_clients
    1000
    """
    plan = _core.PartitionPlan(
        n_clients, alpha=None, size_alpha=size_alpha, min_size=min_size, rows_per_client=rows_per_client
    )
    return Ragged(*plan.split_rows(n_rows, seed=seed))


def partition_dirichlet(
    labels: IntArray,
    n_clients: int,
    alpha: float,
    *,
    size_alpha: float | None = None,
    min_size: int = 1,
    rows_per_client: tuple[int, int] | None = None,
    seed: int,
) -> Ragged[np.int64]:
    """Give each class's rows to clients in shares drawn from a Dirichlet distribution.

    Class ``c`` goes to the clients in shares ``p_c ~ Dirichlet(alpha)``, one draw for each class: small
    values of `alpha` leave each class to few clients, large ones approach :func:`partition_iid`.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), int64
        Class of each row, in 0..65536; attack families or the binary label.
    n_clients : int
        Clients to give the rows to.
    alpha : float
        Concentration of the shares, above 0; drawn in log space, so 0.01 and less work.
    size_alpha : float, optional
        Skew of the clients' sizes: shares are multiplied by size weights drawn from
        Dirichlet(`size_alpha`), and normalised again.
    min_size : int, default=1
        Least number of rows of a client, reached by moving random rows from the largest clients.
    rows_per_client : (int, int), optional
        Draw with replacement: each client's size is uniform in this range, both ends included, and a row's
        class ``c`` has probability proportional to ``n_c * p_c``. The way to more clients than rows.
    seed : int
        Seed of the partition, in [0, 2^64).

    Returns
    -------
    Ragged of int64
        Row indices of each client, in increasing order. Without `rows_per_client` every row occurs once.

    Raises
    ------
    TypeError
        If `labels` have another dtype.
    ValueError
        If there are too few rows, or an argument is out of range.

    References
    ----------
    .. [1] T.-M. H. Hsu, H. Qi, M. Brown, "Measuring the effects of non-identical data distribution for
       federated visual classification", 2019, arXiv:1909.06335.

    Examples
    --------
    >>> from cfmt.partition import partition_dirichlet
    >>> labels = np.array([0, 0, 0, 0, 1, 1], dtype=np.int64)
    >>> parts = partition_dirichlet(labels, n_clients=3, alpha=0.5, seed=7)
    >>> np.sort(parts.values)
    array([0, 1, 2, 3, 4, 5])
    """
    plan = _core.PartitionPlan(
        n_clients, alpha=alpha, size_alpha=size_alpha, min_size=min_size, rows_per_client=rows_per_client
    )
    return Ragged(*plan.split_labels(labels, seed=seed))


def partition_quantity(
    n_rows: int, n_clients: int, size_alpha: float, *, min_size: int = 1, seed: int
) -> Ragged[np.int64]:
    """Give rows to clients of skewed sizes, without regard to their labels.

    Parameters
    ----------
    n_rows, n_clients, min_size, seed : int
        As in :func:`partition_iid`.
    size_alpha : float
        Sizes are proportional to a draw from Dirichlet(`size_alpha`); small values skew.

    Returns
    -------
    Ragged of int64
        Row indices of each client, in increasing order; every row occurs once.

    Raises
    ------
    ValueError
        If there are too few rows, or an argument is out of range.

    Examples
    --------
    >>> from cfmt.partition import gini, partition_quantity
    >>> parts = partition_quantity(1000, 20, size_alpha=0.2, seed=0)
    >>> len(parts.values), gini(parts.sizes) > 0.5
    (1000, True)
    """
    return partition_iid(n_rows, n_clients, size_alpha=size_alpha, min_size=min_size, seed=seed)
