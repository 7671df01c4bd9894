"""What is done to a partition that exists: class imbalance and validation rows."""

from __future__ import annotations

import numpy as np

from cfmt import _core
from cfmt.ragged import Ragged
from cfmt.typing import LabelArray

__all__ = ["check_parts", "impose_prevalence", "prevalence_range", "split_validation"]


def impose_prevalence(
    parts: Ragged[np.int64],
    is_attack: LabelArray,
    prevalence: float | tuple[float, float],
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
    TypeError
        If an array has another dtype.
    ValueError
        If `prevalence` is out of range, a label is neither 0 nor 1, a row is not in the table, or the normal
        rows do not suffice for `min_size`.
    """
    values, offsets = parts
    return Ragged(
        *_core.impose_prevalence(
            values, offsets, is_attack, prevalence=prevalence_range(prevalence), min_size=min_size, seed=seed
        )
    )


def split_validation(
    parts: Ragged[np.int64], labels: LabelArray, share: float, *, seed: int
) -> tuple[Ragged[np.int64], Ragged[np.int64]]:
    """Keep a share of each client's rows for validation, stratified by class.

    A class of ``n`` rows on a client gives ``share * n`` of them, rounded to the nearest number, but never
    its last row.

    Parameters
    ----------
    parts : Ragged of int64
        Row indices of each client.
    labels : ndarray of shape (n_rows,), uint8
        Class of each row of the table.
    share : float
        Share of rows for validation, in [0, 1).
    seed : int
        Seed of the draws, in [0, 2^64).

    Returns
    -------
    train, validation : Ragged of int64
        Row indices of each client, in the order of `parts`.

    Raises
    ------
    TypeError
        If an array has another dtype.
    ValueError
        If `share` is out of range, or a row is not in the table.
    """
    values, offsets = parts
    train, validation = _core.split_validation(values, offsets, labels, share=share, seed=seed)
    return Ragged(*train), Ragged(*validation)


def check_parts(parts: Ragged[np.int64], n_rows: int) -> None:
    """Raise unless a partition is whole: clients follow each other, and each row is one of the table.

    Parameters
    ----------
    parts : Ragged of int64
        Row indices of each client.
    n_rows : int
        Rows of the table.

    Raises
    ------
    TypeError
        If an array has another dtype.
    ValueError
        If the offsets do not run from 0 to the number of values without ever falling, or a row is not in the
        table.
    """
    for name, array in (("values", parts.values), ("offsets", parts.offsets)):
        if array.dtype != np.int64:
            raise TypeError(f"{name} must be int64, got {array.dtype}; use {name}.astype(np.int64)")
        if array.ndim != 1:
            raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
    values, offsets = parts
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(values):
        ends = f"{offsets[0]}..{offsets[-1]}" if len(offsets) else "nothing"
        raise ValueError(f"offsets must run from 0 to the {len(values)} values, got {ends}")
    falls = np.flatnonzero(offsets[1:] < offsets[:-1])
    if len(falls):
        raise ValueError(f"offsets must not fall, but offsets[{falls[0] + 1}] < offsets[{falls[0]}]")
    if len(values) and not (values.min() >= 0 and values.max() < n_rows):
        raise ValueError(
            f"values must be rows of the table, 0..{n_rows - 1}, got {values.min()}..{values.max()}"
        )


def prevalence_range(prevalence: float | tuple[float, float]) -> tuple[float, float]:
    """Return a prevalence as a range, which for a single number begins and ends with it."""
    return prevalence if isinstance(prevalence, tuple) else (prevalence, prevalence)
