"""Whether a peer computes what we compute, seen from its first round."""

from __future__ import annotations

import numpy as np

from peers.environments import UnavailableError
from peers.protocol import Floats, Workload, layers
from peers.registry import Peer

SAME = 1e-2  # of the largest change of a parameter: rounding apart, the models are one


def check(peer: Peer, data: Workload, model: Floats, reference: Floats) -> None:
    """Refuse a peer whose first round does not lower the loss, or is not ours where it should be."""
    before, after = loss(data, data.model), loss(data, model)
    if not after < before:
        raise UnavailableError(f"computes something else: its loss goes from {before:.4f} to {after:.4f}")
    apart = difference(data, model, reference)
    if peer.exact and not apart < SAME:
        raise UnavailableError(f"computes something else: its update differs from ours by {apart:.1%}")


def check_kernels(peer: Peer, ours: Floats, theirs: Floats) -> None:
    """Refuse a kernel that answers otherwise; of a random one, only the sum can be compared."""
    same = np.allclose(ours, theirs, atol=1e-5) if peer.exact else ours.sum() == theirs.sum()
    if ours.shape != theirs.shape or not same:
        raise UnavailableError("computes something else")


def difference(data: Workload, model: Floats, reference: Floats) -> float:
    """Return the largest difference of a parameter, as a share of the largest change by ours."""
    return float(np.abs(model - reference).max() / np.abs(reference - data.model).max())


def loss(data: Workload, model: Floats) -> float:
    """Return the mean cross-entropy of a model over all rows."""
    w1, b1, w2, b2 = layers(model, data.n_features)
    logits = np.maximum(data.X @ w1.T + b1, 0) @ w2 + b2
    return float(np.mean(np.logaddexp(0, logits) - data.y * logits))
