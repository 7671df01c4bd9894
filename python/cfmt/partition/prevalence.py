"""Class imbalance of a partition: attacks dropped until they are a given share of each client's rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cfmt import _core
from cfmt.ragged import Ragged, as_ragged
from cfmt.typing import LabelArray

__all__ = ["impose_prevalence", "prevalence_range"]


def impose_prevalence(
    parts: Ragged[np.int64],
    is_attack: LabelArray,
    prevalence: float | Sequence[float],
    *,
    min_size: int = 1,
    seed: int,
) -> Ragged[np.int64]:
    """Drop attack rows at random until they are a given share of every client's rows.

    A client with ``m`` normal rows keeps at most ``floor(m p / (1 - p))`` of its attacks, yet one where it
    has any and ``m > 0``, so that it does not lose the class altogether. A client with fewer attacks than
    that keeps them all: look at :func:`cfmt.partition.class_counts`. Clients that would fall below
    `min_size`, such as those with attacks only, first get normal rows of the clients that have most.

    Parameters
    ----------
    parts : Ragged of int64
        Row indices of each client.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic; one for each row of the table.
    prevalence : float or (float, float)
        Largest share of attacks, above 0 and below 1; or a range, in which each client's is drawn
        log-uniformly.
    min_size : int, default=1
        Least number of rows of a client. With 0, a client with attacks only ends empty.
    seed : int
        Seed of the draws, in [0, 2^64).

    Returns
    -------
    Ragged of int64
        Row indices of each client, in increasing order.

    Raises
    ------
    ValueError
        If `prevalence` is out of range, a label is neither 0 nor 1, a row is not in the table, or the normal
        rows do not suffice for `min_size`.

    Examples
    --------
    >>> from cfmt.partition import impose_prevalence, partition_iid
    >>> is_attack = np.array([0] * 90 + [1] * 60, np.uint8)
    >>> thinned = impose_prevalence(partition_iid(150, 1, seed=0), is_attack, 0.1, seed=0)
    >>> is_attack[thinned.values].mean().item()
    0.1
    """
    parts = as_ragged("parts", parts)
    values, offsets = parts
    return Ragged(
        *_core.impose_prevalence(
            values, offsets, is_attack, prevalence=prevalence_range(prevalence), min_size=min_size, seed=seed
        )
    )


def prevalence_range(prevalence: float | Sequence[float]) -> tuple[float, float]:
    """Return a prevalence as a range, which for a single number begins and ends with it.

    Examples
    --------
    >>> from cfmt.partition import prevalence_range
    >>> prevalence_range(0.05), prevalence_range([0.01, 0.5])
    ((0.05, 0.05), (0.01, 0.5))
    """
    if isinstance(prevalence, int | float):
        return prevalence, prevalence
    low, high = prevalence
    return low, high
