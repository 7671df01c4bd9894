"""Errors and labels of clients for the tests of draws."""

from __future__ import annotations

from typing import Any

import numpy as np


def federation(seed: int, sizes: list[int]) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    errors = rng.random(offsets[-1], dtype=np.float32)
    labels = (rng.random(offsets[-1]) < np.repeat(rng.random(len(sizes)), sizes)).astype(np.uint8)
    return errors, labels, offsets


SIZES = [40, 0, 1, 300, 2, 1000, 7, 70_000, 5000]
