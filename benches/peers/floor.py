"""The least time that a round can take: its multiplications at the rate of this machine's matrix product."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from peers.protocol import HIDDEN, N_CPUS

SIZE = 2048
SECONDS = 3.0


def round_flop(n_rows: int, n_features: int) -> int:
    """Count the floating-point operations of one epoch over all rows.

    Two products of the hidden layer, forward and for the gradient of its weights, and three of the output
    layer, which has a gradient at its input as well; a multiplication and an addition count as two.
    """
    return n_rows * (2 * 2 * n_features * HIDDEN + 3 * 2 * HIDDEN)


def main() -> None:
    """Print the best rates of two libraries in FLOP/s."""
    torch.set_num_threads(N_CPUS)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((SIZE, SIZE), np.float32) for _ in range(2))
    s, t = torch.from_numpy(a), torch.from_numpy(b)
    print(json.dumps({"numpy": best_rate(lambda: a @ b), "torch": best_rate(lambda: s @ t)}))


def best_rate(product: Callable[[], Any]) -> float:
    """Return the best rate within a few seconds; the machine may be shared."""
    product()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < end:
        product()
        best = min(best, time.perf_counter() - started)
    return 2 * SIZE**3 / best


if __name__ == "__main__":
    main()
