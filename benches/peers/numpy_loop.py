"""The plain loop in numpy: client after client, gradients by hand, the clients dealt over two processes."""

from __future__ import annotations

import numpy as np

from peers.pool import Crew
from peers.protocol import (
    BATCH_SIZE,
    LEARNING_RATE,
    PROX_MU,
    Floats,
    Indices,
    Session,
    Workload,
    layers,
    serve,
)


def train(workload: Workload, received: Floats, rows: Indices) -> Floats:
    """Train one client for one epoch over its rows in their order; return its model."""
    trained = received.copy()
    w1, b1, w2, b2 = layers(trained, workload.n_features)
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        X = workload.X[batch]
        hidden = np.maximum(X @ w1.T + b1, 0)
        logits = hidden @ w2 + b2
        at_logits = (0.5 * np.tanh(0.5 * logits) + 0.5 - workload.y[batch]).astype(np.float32)
        at_logits *= LEARNING_RATE / len(batch)
        at_hidden = np.outer(at_logits, w2) * (hidden > 0)
        at_w2 = at_logits @ hidden
        trained -= (LEARNING_RATE * PROX_MU) * (trained - received)
        w1 -= at_hidden.T @ X
        b1 -= at_hidden.sum(0)
        w2 -= at_w2
        b2 -= at_logits.sum()
    return trained


def main() -> None:
    """Serve rounds."""
    session = Session(("numpy",))
    with Crew(session.workload, train) as crew:
        serve(session, crew.play)


if __name__ == "__main__":
    main()
