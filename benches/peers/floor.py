"""The least time that a round can take: its multiplications at the rate of this machine's matrix product."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from peers.protocol import HIDDEN, N_CPUS

SIZES = (512, 1024, 2048)
SECONDS = 1.0


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
    rates = {"numpy": 0.0, "torch": 0.0}
    for size in SIZES:
        a, b = (rng.standard_normal((size, size), np.float32) for _ in range(2))
        s, t = torch.from_numpy(a), torch.from_numpy(b)
        for name, product in (("numpy", partial(np.matmul, a, b)), ("torch", partial(torch.matmul, s, t))):
            rates[name] = max(rates[name], 2 * size**3 / least_seconds(product))
    print(json.dumps(rates))


def least_seconds(product: Callable[[], Any]) -> float:
    """Return the least time of a product within a second; the machine may be shared."""
    product()
    least, end = float("inf"), time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < end:
        product()
        least = min(least, time.perf_counter() - started)
    return least


if __name__ == "__main__":
    main()
