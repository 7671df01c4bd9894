"""Local training, client by client and batch by batch, in plain numpy float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """How a client trains; batches are given from outside."""

    learning_rate: float
    prox_mu: float = 0.0
    positive_weight: float = 1.0


def split(params: Float, n_features: int) -> tuple[Float, Float, Float, float]:
    """Cut a flat model into ``w1`` (hidden, features), ``b1``, ``w2`` and ``b2``."""
    hidden = (len(params) - 1) // (n_features + 2)
    w1, b1, w2, b2 = np.split(params, np.cumsum([hidden * n_features, hidden, hidden]))
    return w1.reshape(hidden, n_features), b1, w2, float(b2[0])


def logits(params: Float, x: Float) -> Float:
    w1, b1, w2, b2 = split(params, x.shape[1])
    return np.maximum(x @ w1.T + b1, 0) @ w2 + b2


def probabilities(params: Float, x: Float) -> Float:
    result: Float = np.exp(-np.logaddexp(0, -logits(params, x)))
    return result


def loss(params: Float, x: Float, y: npt.NDArray[np.uint8], positive_weight: float) -> float:
    """Mean binary cross-entropy; attack rows weigh ``positive_weight``, and the mean is over all rows."""
    z = logits(params, x)
    return float(np.mean(np.where(y == 1, positive_weight * np.logaddexp(0, -z), np.logaddexp(0, z))))


def gradient(params: Float, x: Float, y: npt.NDArray[np.uint8], positive_weight: float) -> Float:
    w1, b1, w2, _ = split(params, x.shape[1])
    before = x @ w1.T + b1
    p = probabilities(params, x)
    at_logits = np.where(y == 1, positive_weight * (p - 1), p) / len(x)
    at_hidden = np.outer(at_logits, w2) * (before > 0)
    return np.concatenate(
        [
            (at_hidden.T @ x).ravel(),
            at_hidden.sum(0),
            np.maximum(before, 0).T @ at_logits,
            [at_logits.sum()],
        ]
    )


def train(
    received: Float, x: Float, y: npt.NDArray[np.uint8], batches: list[npt.NDArray[np.int64]], how: Training
) -> tuple[Float, float]:
    """Descend over batches of rows; return the update and the mean of the batches' losses."""
    params, losses = received.copy(), []
    for rows in batches:
        losses.append(loss(params, x[rows], y[rows], how.positive_weight))
        slope = gradient(params, x[rows], y[rows], how.positive_weight) + how.prox_mu * (params - received)
        params = params - how.learning_rate * slope
    return params - received, float(np.mean(losses)) if losses else float("nan")
