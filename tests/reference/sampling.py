"""Oracles of the draws: one client at a time, every key computed, everything sorted."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from reference.streams import SAMPLING, open_unit, row_words, stream_words

CHUNK = 65_536
MINORITY_PART = 1 << 32

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def client_words(seed: int, round: int, client: int, n: int, *, part: int = 0) -> npt.NDArray[np.uint64]:
    """One word for each of ``n`` draws, every 65,536 from a part of their own."""
    return in_parts(stream_words, seed, round, client, n, part)


def client_row_words(seed: int, round: int, client: int, n: int) -> npt.NDArray[np.uint64]:
    """One word for each of ``n`` rows, every 65,536 from a part of their own."""
    return in_parts(row_words, seed, round, client, n, 0)


def in_parts(
    words: Callable[..., npt.NDArray[np.uint64]], seed: int, round: int, client: int, n: int, part: int
) -> npt.NDArray[np.uint64]:
    parts = [
        words(seed, SAMPLING, round, client, min(CHUNK, n - start), part=part + start // CHUNK)
        for start in range(0, n, CHUNK)
    ]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def error_histogram(errors: npt.NDArray[np.float32], bins: int) -> Floats:
    if len(errors) == 0:
        return np.full(bins, 1 / bins)
    return np.histogram(errors.astype(np.float64), bins, (0, 1))[0] / len(errors)


def log_gaussian(errors: npt.NDArray[np.float32], mu: float, sigma: float) -> Floats:
    return -((errors.astype(np.float64) - mu) ** 2) / (2 * sigma**2)


def sample_without_replacement(log_weights: Floats, size: int, words: npt.NDArray[np.uint64]) -> Ints:
    keys = np.log(-np.log(open_unit(words))) - log_weights
    return np.sort(np.argsort(keys, kind="stable")[:size])


def sample_with_replacement(log_weights: Floats, words: npt.NDArray[np.uint64]) -> Ints:
    ends = np.cumsum(np.exp(log_weights - log_weights.max()))
    rows: Ints = np.searchsorted(ends, open_unit(words) * ends[-1], side="right")
    return rows


def meta_sample(
    errors: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    mu: float,
    sigma: float,
    budget: str,
    *,
    minority_mu: float | None = None,
    seed: int,
    round: int,
    client: int,
) -> Ints:
    n, minority = len(labels), minority_class(labels)
    if minority is None:
        return np.arange(n)
    few, many = np.flatnonzero(labels == minority), np.flatnonzero(labels != minority)
    if budget == "under":
        log_weights = np.where(labels == minority, np.inf, log_gaussian(errors, mu, sigma))
        return sample_without_replacement(log_weights, 2 * len(few), client_row_words(seed, round, client, n))
    drawn = sample_with_replacement(
        np.where(labels == minority, -np.inf, log_gaussian(errors, mu, sigma)),
        client_words(seed, round, client, len(many)),
    )
    missing = len(many) - len(few)
    if minority_mu is None:
        extra = repeat_minority(few, missing, seed=seed, round=round, client=client)
    else:
        extra = sample_with_replacement(
            np.where(labels == minority, log_gaussian(errors, minority_mu, sigma), -np.inf),
            client_words(seed, round, client, missing, part=MINORITY_PART),
        )
    return np.concatenate([few, extra, drawn])


def oversample(labels: npt.NDArray[np.uint8], *, seed: int, round: int, client: int) -> Ints:
    rows, minority = np.arange(len(labels)), minority_class(labels)
    if minority is None:
        return rows
    few = np.flatnonzero(labels == minority)
    missing = len(labels) - 2 * len(few)
    return np.concatenate([rows, repeat_minority(few, missing, seed=seed, round=round, client=client)])


def undersample(labels: npt.NDArray[np.uint8], *, seed: int, round: int, client: int) -> Ints:
    minority = minority_class(labels)
    if minority is None:
        return np.arange(len(labels))
    kept = labels == minority
    words = client_row_words(seed, round, client, len(labels))
    return sample_without_replacement(np.where(kept, np.inf, 0.0), 2 * int(kept.sum()), words)


def minority_class(labels: npt.NDArray[np.uint8]) -> int | None:
    attacks = int(labels.sum())
    normal = len(labels) - attacks
    if min(attacks, normal) == 0:
        return None
    return 1 if attacks <= normal else 0


def repeat_minority(rows: Ints, size: int, *, seed: int, round: int, client: int) -> Ints:
    words = client_words(seed, round, client, size, part=MINORITY_PART)
    return np.array([rows[int(word) * len(rows) >> 64] for word in words], np.int64)


def set_probabilities(weights: Floats, size: int) -> dict[tuple[int, ...], float]:
    """Probability of every set of ``size`` rows under successive sampling, by enumeration of the orders."""
    sets: dict[tuple[int, ...], float] = {}
    for order in itertools.permutations(range(len(weights)), size):
        probability, left = 1.0, weights.sum()
        for row in order:
            probability *= weights[row] / left
            left -= weights[row]
        key = tuple(sorted(order))
        sets[key] = sets.get(key, 0.0) + probability
    return sets
