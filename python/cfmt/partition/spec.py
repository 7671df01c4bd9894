"""Partitions of a table's rows over clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cfmt import _core
from cfmt.partition.prevalence import impose_prevalence, prevalence_range
from cfmt.ragged import Ragged
from cfmt.typing import IntArray, LabelArray

__all__ = [
    "PartitionSpec",
    "partition_dirichlet",
    "partition_iid",
    "partition_quantity",
]


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
    >>> import numpy as np
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
    """
    return partition_iid(n_rows, n_clients, size_alpha=size_alpha, min_size=min_size, seed=seed)


@dataclass(frozen=True, kw_only=True)
class PartitionSpec:
    """How a federation's rows are given to its clients.

    Parameters
    ----------
    n_clients : int
        Clients.
    scheme : {"dirichlet", "iid"}, default="dirichlet"
        :func:`partition_dirichlet` or :func:`partition_iid`; the latter does not look at `on` and `alpha`.
    on : {"family", "label"}, default="family"
        The classes that are shared out: attack families, or attack against normal.
    alpha, size_alpha, min_size, rows_per_client
        As in :func:`partition_dirichlet`.
    prevalence : float or (float, float), optional
        As in :func:`cfmt.partition.impose_prevalence`, which is applied to the partition where this is given.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    n_clients: int
    scheme: Literal["dirichlet", "iid"] = "dirichlet"
    on: Literal["family", "label"] = "family"
    alpha: float = 0.5
    size_alpha: float | None = None
    prevalence: float | tuple[float, float] | None = None
    min_size: int = 1
    rows_per_client: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("scheme", ("dirichlet", "iid")), ("on", ("family", "label"))):
            if getattr(self, name) not in allowed:
                msg = f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                raise ValueError(msg)
        if self.prevalence is not None:
            _core.check_prevalence(*prevalence_range(self.prevalence))
        self._plan()

    def split(self, family: IntArray, is_attack: LabelArray, *, seed: int) -> Ragged[np.int64]:
        """Give the rows of a table to the clients.

        Parameters
        ----------
        family : ndarray of shape (n_rows,), int64
            Attack family of each row.
        is_attack : ndarray of shape (n_rows,), uint8
            1 for an attack, 0 for normal traffic.
        seed : int
            Seed of the partition, in [0, 2^64).

        Returns
        -------
        Ragged of int64
            Row indices of each client, in increasing order.

        Raises
        ------
        TypeError
            If an array has another dtype.
        ValueError
            If the two arrays differ in length, or there are too few rows.
        """
        if len(family) != len(is_attack):
            got = f"{len(family)} and {len(is_attack)}"
            msg = f"family and is_attack must have one entry for each row, got {got}"
            raise ValueError(msg)
        plan = self._plan()
        if self.scheme == "iid":
            parts = Ragged(*plan.split_rows(len(is_attack), seed=seed))
        else:
            labels = family if self.on == "family" else is_attack.astype(np.int64)
            parts = Ragged(*plan.split_labels(labels, seed=seed))
        if self.prevalence is None:
            return parts
        return impose_prevalence(parts, is_attack, self.prevalence, min_size=self.min_size, seed=seed)

    def _plan(self) -> _core.PartitionPlan:
        return _core.PartitionPlan(
            self.n_clients,
            alpha=self.alpha if self.scheme == "dirichlet" else None,
            size_alpha=self.size_alpha,
            min_size=self.min_size,
            rows_per_client=self.rows_per_client,
        )
