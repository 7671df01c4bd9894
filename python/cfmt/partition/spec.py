"""A partition as a value: how a federation's rows are given to its clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cfmt import _core
from cfmt.partition.by_client import partition_by_client
from cfmt.partition.prevalence import impose_prevalence, prevalence_range
from cfmt.ragged import Ragged
from cfmt.typing import IntArray, LabelArray

__all__ = ["PartitionSpec"]


@dataclass(frozen=True, kw_only=True)
class PartitionSpec:
    """How a federation's rows are given to its clients.

    Parameters
    ----------
    n_clients : int
        Clients.
    scheme : {"dirichlet", "iid", "column"}, default="dirichlet"
        :func:`cfmt.partition_dirichlet`, :func:`cfmt.partition_iid`, which ignores `on` and `alpha`, or
        :func:`cfmt.partition.partition_by_client`, which draws nothing and ignores all but `column`.
    on : {"family", "label"}, default="family"
        The classes that are shared out: attack families, or attack against normal.
    alpha, size_alpha, min_size, rows_per_client
        As in :func:`cfmt.partition_dirichlet`.
    prevalence : float or (float, float), optional
        As in :func:`cfmt.partition.impose_prevalence`, which is applied to the partition where this is given.
    column : str, default=""
        For the scheme "column", the column that names each row's client, or ``file``.

    Raises
    ------
    ValueError
        If a field is out of range.

    Examples
    --------
    >>> from cfmt.partition import PartitionSpec
    >>> is_attack = np.array([0, 0, 0, 0, 1, 1], np.uint8)
    >>> spec = PartitionSpec(n_clients=2, scheme="iid", prevalence=0.3)
    >>> parts = spec.split(is_attack.astype(np.int64), is_attack, seed=0)
    >>> [int(is_attack[parts.of(client)].sum()) for client in range(2)]
    [0, 1]
    """

    n_clients: int
    scheme: Literal["dirichlet", "iid", "column"] = "dirichlet"
    on: Literal["family", "label"] = "family"
    alpha: float = 0.5
    size_alpha: float | None = None
    prevalence: float | tuple[float, float] | None = None
    min_size: int = 1
    rows_per_client: tuple[int, int] | None = None
    column: str = ""

    def __post_init__(self) -> None:
        for name in ("prevalence", "rows_per_client"):
            value: Any = getattr(self, name)
            if isinstance(value, list):  # as JSON and TOML have ranges
                object.__setattr__(self, name, tuple(value))
        for name, allowed in (("scheme", ("dirichlet", "iid", "column")), ("on", ("family", "label"))):
            if getattr(self, name) not in allowed:
                msg = f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                raise ValueError(msg)
        if (self.scheme == "column") != bool(self.column):
            msg = f"column must be given for the scheme column, and for no other, got {self.column!r}"
            raise ValueError(msg)
        if self.prevalence is not None:
            _core.check_prevalence(*prevalence_range(self.prevalence))
        self._plan()

    def split(
        self, family: IntArray, is_attack: LabelArray, *, client: IntArray | None = None, seed: int
    ) -> Ragged[np.int64]:
        """Give the rows of a table to the clients.

        Parameters
        ----------
        family : ndarray of shape (n_rows,), int64
            Attack family of each row.
        is_attack : ndarray of shape (n_rows,), uint8
            1 for an attack, 0 for normal traffic.
        client : ndarray of shape (n_rows,), int64, optional
            Each row's client, in ``0..n_clients - 1``; needed for the scheme "column" alone.
        seed : int
            Seed of the partition, in [0, 2^64).

        Returns
        -------
        Ragged of int64
            Row indices of each client, in increasing order.

        Raises
        ------
        ValueError
            If arrays differ in length, there are too few rows, or a row's client is missing.
        """
        if len(family) != len(is_attack):
            got = f"{len(family)} and {len(is_attack)}"
            msg = f"family and is_attack must have one entry for each row, got {got}"
            raise ValueError(msg)
        if self.scheme == "column":
            if client is None or len(client) != len(family):
                raise ValueError(f"client must name the client of each of the {len(family)} rows")
            return partition_by_client(client, self.n_clients)
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
        """Return the kernels' plan of this partition, which checks the fields as it is made."""
        return _core.PartitionPlan(
            self.n_clients,
            alpha=self.alpha if self.scheme == "dirichlet" else None,
            size_alpha=self.size_alpha,
            min_size=self.min_size,
            rows_per_client=self.rows_per_client,
        )
