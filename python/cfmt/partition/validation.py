"""Validation rows of clients, and whether a partition is whole."""

from __future__ import annotations

import numpy as np

from cfmt import _core
from cfmt.ragged import Ragged, as_ragged
from cfmt.typing import LabelArray

__all__ = ["check_parts", "split_validation"]


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
    ValueError
        If `share` is out of range, or a row is not in the table.

    Examples
    --------
    >>> from cfmt.partition import partition_iid, split_validation
    >>> labels = np.array([0] * 8 + [1] * 2, np.uint8)
    >>> train, validation = split_validation(partition_iid(10, 1, seed=0), labels, 0.5, seed=0)
    >>> labels[train.values], labels[validation.values]
    (array([0, 0, 0, 0, 1], dtype=uint8), array([0, 0, 0, 0, 1], dtype=uint8))
    """
    parts = as_ragged("parts", parts)
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
    ValueError
        If the offsets do not run from 0 to the number of values without ever falling, or a row is not in the
        table.

    Examples
    --------
    >>> from cfmt.partition import check_parts
    >>> from cfmt.ragged import Ragged
    >>> check_parts(Ragged.from_list([[0, 1], [2]]), n_rows=3)
    >>> try:
    ...     check_parts(Ragged.from_list([[0, 1], [3]]), n_rows=3)
    ... except ValueError as error:
    ...     print(error)
    values must be rows of the table, 0..2, got 0..3
    """
    parts = as_ragged("parts", parts)
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
