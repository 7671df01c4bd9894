"""How many clients are trained, or rows scored, at once on a device."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from cfmt.mlp import MLP

__all__ = ["bytes_per_client", "cut", "group_size_for", "rounded"]

SHARE = 0.5
"""Of the free memory; the rest is for what is held for a moment, and for other programs."""

PLAN_BYTES = 1 << 28
"""Most bytes of the plan of a group, which lies on the host as well."""

FLOAT, INDEX = 4, 8  # bytes
SMALL = 16  # numbers beside the features and the hidden units that a step holds for each row of a batch


def bytes_per_client(mlp: MLP, batch_size: int, n_steps: int) -> int:
    """Count what a client in training takes on the device.

    Parameters
    ----------
    mlp : MLP
        Shape of the models.
    batch_size : int
        Rows of a batch.
    n_steps : int
        Batches of the client.

    Returns
    -------
    int
        Bytes of its model before and after, one batch with the hidden units and the gradients at them, and
        its plan: as it comes, and as steps want it.
    """
    models = 2 * mlp.n_params
    step = batch_size * (mlp.n_features + mlp.hidden + SMALL) + 2 * mlp.hidden
    return FLOAT * (models + step) + INDEX * 3 * batch_size * n_steps


def group_size_for(free_bytes: int, mlp: MLP, batch_size: int, n_steps: int) -> int:
    """Choose how many clients to train at once.

    Parameters
    ----------
    free_bytes : int
        Memory of the device that is free.
    mlp : MLP
        Shape of the models.
    batch_size : int
        Rows of a batch.
    n_steps : int
        Batches of the client that has most.

    Returns
    -------
    int
        As many as fill half of the free memory, unless their plans would take more than 256 MiB; at
        least 1.
    """
    by_memory = int(SHARE * free_bytes) // bytes_per_client(mlp, batch_size, n_steps)
    by_plan = PLAN_BYTES // (INDEX * batch_size * max(n_steps, 1))
    return max(1, min(by_memory, by_plan))


def cut(extents: npt.NDArray[np.int64], size_for: Callable[[int], int]) -> Iterator[slice]:
    """Cut clients in descending order of extent into groups.

    Parameters
    ----------
    extents : ndarray of shape (n_clients,), int64
        Steps or rows of each client.
    size_for : callable
        How many clients a group may have, at least 1, by the extent of its first client.

    Yields
    ------
    slice
        The clients of a group; the groups together are all clients, in their order.
    """
    start = 0
    while start < len(extents):
        end = min(start + size_for(int(extents[start])), len(extents))
        yield slice(start, end)
        start = end


def rounded(n: int) -> int:
    """Round up to one of four extents between two powers of two, so that there are few: 8, 10, 12, 14, 16."""
    unit = 1 << max(n.bit_length() - 3, 0)
    return -(-n // unit) * unit
