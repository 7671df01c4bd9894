"""Measures of a partition: how many rows of each class, how unlike the clients are, how unequal."""

from __future__ import annotations

import numpy as np

from cfmt import _core
from cfmt.ragged import Ragged, as_ragged
from cfmt.typing import FloatArray, IntArray

__all__ = ["class_counts", "gini", "imbalance_ratio", "jensen_shannon"]


def class_counts(parts: Ragged[np.int64], labels: IntArray, n_classes: int) -> IntArray:
    """Count the rows of each class on each client.

    Parameters
    ----------
    parts : Ragged of int64
        Row indices of each client; a row that occurs twice is counted twice.
    labels : ndarray of shape (n_rows,), int64
        Class of each row of the table, in 0..n_classes.
    n_classes : int
        Classes to count.

    Returns
    -------
    ndarray of shape (n_clients, n_classes), int64

    Raises
    ------
    ValueError
        If a label or a row index is out of range.

    Examples
    --------
    >>> from cfmt.partition import class_counts
    >>> from cfmt.ragged import Ragged
    >>> parts = Ragged.from_list([[0, 1], [2, 3, 4]])
    >>> class_counts(parts, np.array([0, 1, 1, 1, 0]), n_classes=2)
    array([[1, 1],
           [1, 2]])
    """
    parts = as_ragged("parts", parts)
    values, offsets = parts
    return _core.class_counts(values, offsets, labels, n_classes=n_classes)


def imbalance_ratio(counts: IntArray) -> FloatArray:
    """Divide each client's largest class by its smallest.

    Classes that a client does not have are left out: of two classes or more the ratio is that of the rows it
    has.

    Parameters
    ----------
    counts : ndarray of shape (n_clients, n_classes), int64
        From :func:`class_counts`.

    Returns
    -------
    ndarray of shape (n_clients,), float64
        At least 1; infinite where a client has one class only, NaN where it has no rows.

    Raises
    ------
    TypeError
        If `counts` are no array of whole numbers.
    ValueError
        If `counts` are not two-dimensional or negative.

    Examples
    --------
    >>> from cfmt.partition import imbalance_ratio
    >>> imbalance_ratio(np.array([[10, 2], [3, 3], [4, 0]]))
    array([ 5.,  1., inf])
    """
    _check_counts(counts)
    present = counts > 0
    n_present = present.sum(axis=1)
    largest = counts.max(axis=1, initial=1)
    smallest = counts.min(axis=1, initial=np.iinfo(np.int64).max, where=present)
    return np.select([n_present > 1, n_present == 1], [largest / smallest, np.inf], np.nan)


def jensen_shannon(counts: IntArray) -> FloatArray:
    """Measure how far each client's class mix is from the federation's.

    The Jensen-Shannon divergence to base 2, which is the square of the distance of the same name, between the
    client's shares of classes and those of all clients together.

    Parameters
    ----------
    counts : ndarray of shape (n_clients, n_classes), int64
        From :func:`class_counts`.

    Returns
    -------
    ndarray of shape (n_clients,), float64
        In [0, 1]: 0 for the same mix; NaN where a client has no rows.

    Raises
    ------
    TypeError
        If `counts` are no array of whole numbers.
    ValueError
        If `counts` are not two-dimensional or negative.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information
       Theory 37(1), 1991.

    Examples
    --------
    >>> from cfmt.partition import jensen_shannon
    >>> jensen_shannon(np.array([[5, 5], [50, 50]]))
    array([0., 0.])
    >>> jensen_shannon(np.array([[10, 0], [0, 10]])).round(3)
    array([0.311, 0.311])
    """
    _check_counts(counts)
    sizes = counts.sum(axis=1)
    shares = counts / np.maximum(sizes, 1)[:, np.newaxis]
    whole = counts.sum(axis=0) / max(sizes.sum(), 1)
    mixed = _entropy((shares + whole) / 2)
    divergence = mixed - (_entropy(shares) + _entropy(whole)) / 2
    return np.where(sizes > 0, np.clip(divergence, 0, 1), np.nan)


def gini(sizes: IntArray) -> float:
    """Measure how unequal sizes are, by the Gini coefficient.

    Parameters
    ----------
    sizes : ndarray of shape (n_clients,), int64
        Such as ``parts.sizes``.

    Returns
    -------
    float
        In [0, 1): 0 where all are equal.

    Raises
    ------
    TypeError
        If `sizes` are no array of whole numbers.
    ValueError
        If there are no sizes, or negative ones.

    Examples
    --------
    >>> from cfmt.partition import gini
    >>> gini(np.array([5, 5, 5])), gini(np.array([0, 0, 9]))
    (0.0, 0.6666666666666666)
    """
    _check_whole("sizes", sizes)
    if sizes.ndim != 1 or sizes.size == 0 or sizes.min() < 0:
        msg = f"sizes must be a non-empty vector of counts that are not negative, got shape {sizes.shape}"
        raise ValueError(msg)
    n = len(sizes)
    total = float(sizes.sum())
    if total == 0:
        return 0.0
    ranks = 2.0 * np.arange(1, n + 1) - n - 1
    return float(np.sum(ranks * np.sort(sizes))) / (n * total)


def _check_whole(name: str, values: object) -> None:
    """Raise unless values are a numpy array of whole numbers."""
    if not isinstance(values, np.ndarray):
        kind = type(values).__name__
        raise TypeError(
            f"{name} must be a numpy array of int64, got {kind}; use np.asarray({name}, np.int64)"
        )
    if values.dtype.kind not in "iu":
        raise TypeError(f"{name} must be int64, got {values.dtype}; use {name}.astype(np.int64)")


def _check_counts(counts: IntArray) -> None:
    """Raise unless counts have two dimensions and none is negative."""
    _check_whole("counts", counts)
    if counts.ndim != 2 or counts.min(initial=0) < 0:
        msg = f"counts must have shape (n_clients, n_classes) and not be negative, got shape {counts.shape}"
        raise ValueError(msg)


def _entropy(shares: FloatArray) -> FloatArray:
    """Return the entropy in bits of shares along the last axis; a share of 0 adds nothing."""
    logs = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
    entropy: FloatArray = -(shares * logs).sum(axis=-1)
    return entropy
