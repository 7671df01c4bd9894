"""Draws of rows within each client: the meta-sampler's, the baselines', and the batches of local training.

Every function takes the rows of a whole group of clients as ragged arrays, and returns positions into them
(``0 .. n_rows``). A draw depends on ``seed``, ``round``, the client's id and the client's own rows alone:
neither on the number of threads, nor on which other clients are in the group. Calls with the same seed and
round share their randomness, so give each round a number of its own.
An array of another dtype is a ``TypeError`` that says what makes it right.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.ragged import Ragged

__all__ = [
    "batch_plan",
    "error_histograms",
    "gaussian_weights",
    "meta_sample",
    "oversample",
    "undersample",
    "weighted_sample",
]


def error_histograms(
    errors: npt.NDArray[np.float32], offsets: npt.NDArray[np.int64], *, bins: int = 5
) -> npt.NDArray[np.float64]:
    """Share of each client's errors in equal bins of [0, 1]: one half of the meta-state.

    The bins do not depend on the data, so that the states of different clients can be compared.

    Parameters
    ----------
    errors : ndarray of shape (n_rows,), float32
        Distance of each row's predicted probability from its label, in [0, 1].
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    bins : int, default=5
        Number of bins. Each contains its lower edge; the last one 1 as well.

    Returns
    -------
    ndarray of shape (n_clients, bins), float64
        Each row adds up to 1; an empty client's is uniform.

    Raises
    ------
    ValueError
        If an error is NaN or outside [0, 1], `bins` is outside 1 to 65536, or `offsets` do not fit.

    References
    ----------
    .. [1] Z. Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
       arXiv:2010.08830.

    Examples
    --------
    >>> from cfmt.sampling import error_histograms
    >>> error_histograms(np.array([0.1, 0.3, 1.0], np.float32), np.array([0, 2, 3]), bins=2)
    array([[1., 0.],
           [0., 1.]])
    """
    return _core.error_histograms(errors, offsets, bins)


def gaussian_weights(
    errors: npt.NDArray[np.float32],
    offsets: npt.NDArray[np.int64],
    mu: npt.NDArray[np.float64],
    *,
    sigma: float = 0.2,
) -> npt.NDArray[np.float64]:
    """Gaussian weight of each row's error around its client's `mu`.

    ``exp(-(error - mu)^2 / (2 sigma^2))``: `mu` near 0 favours easy rows, near 1 hard or noisy ones. The
    density's constant factor is left out, since it cancels in a draw.

    Parameters
    ----------
    errors : ndarray of shape (n_rows,), float32
        Distance of each row's predicted probability from its label, in [0, 1].
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    mu : ndarray of shape (n_clients,), float64
        Centre for each client, in [0, 1].
    sigma : float, default=0.2
        Width, above 0.

    Returns
    -------
    ndarray of shape (n_rows,), float64
        In [0, 1]. A narrow `sigma` lets weights underflow to 0; :func:`meta_sample` is free of that.

    Raises
    ------
    ValueError
        If an error or `mu` is NaN or outside [0, 1], `sigma` is not finite and above 0, or the lengths do not
        fit.

    References
    ----------
    .. [1] Z. Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
       arXiv:2010.08830.

    Examples
    --------
    >>> from cfmt.sampling import gaussian_weights
    >>> errors = np.array([0.1, 0.5, 0.9], np.float32)
    >>> gaussian_weights(errors, np.array([0, 3]), np.array([0.5])).round(3)
    array([0.135, 1.   , 0.135])
    """
    return _core.gaussian_weights(errors, offsets, mu, sigma)


def weighted_sample(
    weights: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    *,
    replace: bool = False,
    log: bool = False,
    seed: int,
    round: int = 0,
    clients: npt.NDArray[np.int64] | None = None,
) -> Ragged[np.int64]:
    """Draw rows of each client in proportion to their weights.

    Without replacement, rows are drawn one after the other, each in proportion to the weights of the rows
    that are left. A row of weight 0 is never drawn.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,), float64
        Weight of each row, finite and at least 0; of any scale.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    sizes : ndarray of shape (n_clients,), int64
        How many rows to draw of each client.
    replace : bool, default=False
        Whether a row may be drawn more than once.
    log : bool, default=False
        Whether `weights` are natural logarithms of the weights, which cannot underflow; minus infinity stands
        for weight 0.
    seed : int
        Seed of the run, in [0, 2^64).
    round : int, default=0
        Round of training.
    clients : ndarray of shape (n_clients,), int64, optional
        Id of each client, which keys its randomness. By default 0, 1, 2, and so on.

    Returns
    -------
    Ragged of int64
        Positions of each client's drawn rows: in rising order without replacement, in the order of the draw
        with it.

    Raises
    ------
    ValueError
        If a weight is negative, NaN or infinite, a client that is asked for rows has none of positive weight
        (without replacement: fewer than asked for), a size is negative, `seed` or `round` is not in
        [0, 2^64), or the lengths do not fit.

    References
    ----------
    .. [1] P. S. Efraimidis and P. G. Spirakis, "Weighted random sampling with a reservoir", Information
       Processing Letters 97 (5), 2006.

    Examples
    --------
    >>> from cfmt.sampling import weighted_sample
    >>> weights = np.array([0.0, 1.0, 5.0, 0.0, 2.0])
    >>> weighted_sample(weights, np.array([0, 3, 5]), np.array([2, 1]), seed=7).values
    array([1, 2, 4])
    """
    ids = _client_ids(clients, offsets)
    return Ragged(*_core.weighted_sample(weights, offsets, sizes, replace, log, seed, round, ids))


def meta_sample(
    errors: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    mu: npt.NDArray[np.float64],
    *,
    minority_mu: float | None = None,
    sigma: float = 0.2,
    budget: Literal["under", "matched"] = "under",
    seed: int,
    round: int = 0,
    clients: npt.NDArray[np.int64] | None = None,
) -> Ragged[np.int64]:
    """Balance each client's rows, its majority being drawn by the Gaussian weights of the errors.

    The minority is the smaller class of the client, attack or normal (attack, if they are equal). A client
    with one class, or without rows, keeps its rows as they are. The weights are used in log space: a draw has
    the size asked for whatever `mu` and `sigma` are.

    Parameters
    ----------
    errors : ndarray of shape (n_rows,), float32
        Distance of each row's predicted probability from its label, in [0, 1].
    labels : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    mu : ndarray of shape (n_clients,), float64
        Centre of each client's weights, in [0, 1].
    minority_mu : float, optional
        Centre of the weights by which more minority rows are drawn for "matched", in [0, 1]; uniformly if it
        is not given. "under" draws no minority rows.
    sigma : float, default=0.2
        Width of the weights, above 0.
    budget : {"under", "matched"}, default="under"
        "under": every minority row, and as many majority rows, drawn without replacement (MESA).
        "matched": every minority row, more of them drawn with replacement up to the majority's size, and as
        many majority rows, drawn by weight with replacement.
    seed : int
        Seed of the run, in [0, 2^64).
    round : int, default=0
        Round of training.
    clients : ndarray of shape (n_clients,), int64, optional
        Id of each client, which keys its randomness. By default 0, 1, 2, and so on.

    Returns
    -------
    Ragged of int64
        Positions of each client's rows: for "under" in rising order; for "matched" the minority rows, the
        minority's draws and the majority's draws.

    Raises
    ------
    ValueError
        If an error or a centre is NaN or outside [0, 1], a label is neither 0 nor 1, `sigma` is not finite or
        not above 0, `budget` is unknown, `seed` or `round` is not in [0, 2^64), or the lengths do not fit.

    References
    ----------
    .. [1] Z. Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
       arXiv:2010.08830.
    .. [2] P. S. Efraimidis and P. G. Spirakis, "Weighted random sampling with a reservoir", Information
       Processing Letters 97 (5), 2006.

    Examples
    --------
    >>> from cfmt.sampling import meta_sample
    >>> labels, errors = np.array([0, 0, 0, 0, 1, 1], np.uint8), np.array([0, 0, 1, 1, 0.5, 0.5], np.float32)
    >>> meta_sample(errors, labels, np.array([0, 6]), mu=np.array([1.0]), seed=0).values
    array([2, 3, 4, 5])
    >>> meta_sample(errors, labels, np.array([0, 6]), mu=np.array([0.0]), seed=0).values
    array([0, 1, 4, 5])
    """
    ids = _client_ids(clients, offsets)
    return Ragged(
        *_core.meta_sample(errors, labels, offsets, mu, minority_mu, sigma, budget, seed, round, ids)
    )


def oversample(
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    *,
    seed: int,
    round: int = 0,
    clients: npt.NDArray[np.int64] | None = None,
) -> Ragged[np.int64]:
    """Balance each client by repeating minority rows at random.

    A client with one class, or without rows, keeps its rows as they are.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    seed : int
        Seed of the run, in [0, 2^64).
    round : int, default=0
        Round of training.
    clients : ndarray of shape (n_clients,), int64, optional
        Id of each client, which keys its randomness. By default 0, 1, 2, and so on.

    Returns
    -------
    Ragged of int64
        Positions of all of each client's rows, then of minority rows, drawn uniformly with replacement, until
        both classes have equally many.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1, `seed` or `round` is not in [0, 2^64), or the lengths do not fit.

    Examples
    --------
    >>> from cfmt.sampling import oversample
    >>> labels = np.array([0, 0, 0, 0, 1, 1], np.uint8)
    >>> drawn = oversample(labels, np.array([0, 6]), seed=0)
    >>> np.bincount(labels[drawn.values])
    array([4, 4])
    """
    return Ragged(*_core.oversample(labels, offsets, seed, round, _client_ids(clients, offsets)))


def undersample(
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    *,
    seed: int,
    round: int = 0,
    clients: npt.NDArray[np.int64] | None = None,
) -> Ragged[np.int64]:
    """Balance each client by dropping majority rows at random.

    A client with one class, or without rows, keeps its rows as they are.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    seed : int
        Seed of the run, in [0, 2^64).
    round : int, default=0
        Round of training.
    clients : ndarray of shape (n_clients,), int64, optional
        Id of each client, which keys its randomness. By default 0, 1, 2, and so on.

    Returns
    -------
    Ragged of int64
        Positions of every minority row and of as many majority rows, drawn uniformly without replacement, in
        rising order.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1, `seed` or `round` is not in [0, 2^64), or the lengths do not fit.

    Examples
    --------
    >>> from cfmt.sampling import undersample
    >>> labels = np.array([0, 0, 0, 0, 1, 1], np.uint8)
    >>> drawn = undersample(labels, np.array([0, 6]), seed=0)
    >>> labels[drawn.values]
    array([0, 0, 1, 1], dtype=uint8)
    """
    return Ragged(*_core.undersample(labels, offsets, seed, round, _client_ids(clients, offsets)))


def batch_plan(
    offsets: npt.NDArray[np.int64],
    *,
    batch_size: int,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int,
    round: int = 0,
    clients: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int64]:
    """Cut each client's rows into the batches of one round of local training.

    Every epoch shuffles the rows anew and keeps its last batch, however short.

    Parameters
    ----------
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    batch_size : int
        Rows of a full batch, at least 1.
    epochs : int, optional
        Passes over each client's rows, at least 1. Exclusive with `steps`.
    steps : int, optional
        Batches of each client, at least 1, from as many epochs as that takes. Exclusive with `epochs`.
    seed : int
        Seed of the run, in [0, 2^64).
    round : int, default=0
        Round of training.
    clients : ndarray of shape (n_clients,), int64, optional
        Id of each client, which keys its randomness. By default 0, 1, 2, and so on.

    Returns
    -------
    ndarray of shape (n_clients, n_batches, batch_size), int64
        Positions of rows, padded with -1 at the end of a short batch and after a client's last batch.
        `n_batches` is that of the client with the most; a client without rows has none.

    Raises
    ------
    ValueError
        If not exactly one of `epochs` and `steps` is given, a number is below 1, `seed` or `round` is not
        in [0, 2^64), the lengths do not fit, or the plan does not fit in memory.

    Examples
    --------
    >>> from cfmt.sampling import batch_plan
    >>> batch_plan(np.array([0, 3, 4]), batch_size=2, epochs=1, seed=7).shape
    (2, 2, 2)
    """
    return _core.batch_plan(offsets, batch_size, epochs, steps, seed, round, _client_ids(clients, offsets))


def _client_ids(
    clients: npt.NDArray[np.int64] | None, offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the ids of clients; by default 0, 1, 2, and so on, int64."""
    if clients is not None:
        return clients
    return np.arange(np.size(offsets) - 1, dtype=np.int64)
