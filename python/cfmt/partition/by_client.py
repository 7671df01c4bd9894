"""Clients that people have: each row already belongs to one."""

from __future__ import annotations

import numpy as np

from cfmt.ragged import Ragged
from cfmt.typing import IntArray

__all__ = ["partition_by_client"]


def partition_by_client(client: IntArray, n_clients: int) -> Ragged[np.int64]:
    """Give each row to the client that it belongs to; nothing is drawn.

    Parameters
    ----------
    client : ndarray of shape (n_rows,), int64
        Each row's client.
    n_clients : int
        Clients, perhaps some without a row.

    Returns
    -------
    Ragged of int64
        Row indices of each client, in increasing order.

    Raises
    ------
    ValueError
        If a client is not in ``0..n_clients - 1``.

    Examples
    --------
    >>> from cfmt.partition import partition_by_client
    >>> parts = partition_by_client(np.array([1, 0, 1, 3]), 4)
    >>> [parts.of(client).tolist() for client in range(4)]
    [[1], [0, 2], [], [3]]
    """
    if n_clients < 1:
        raise ValueError(f"n_clients must be at least 1, got {n_clients}")
    outside = (client < 0) | (client >= n_clients)
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(f"client[{row}] must be in 0..{n_clients - 1}, got {client[row]}")
    return Ragged.from_sizes(np.argsort(client, kind="stable"), np.bincount(client, minlength=n_clients))
