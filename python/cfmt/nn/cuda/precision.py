"""Products in full float32 on a GPU, so that it gives what a processor gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["full_precision"]


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep TensorFloat-32, whose products have 11 bits, out of matrix products; afterwards as before.

    The setting belongs to the whole process. On a processor it has no effect.
    """
    matmul = torch.backends.cuda.matmul
    settings: dict[str, str | bool] = {"fp32_precision": "ieee", "allow_tf32": False}  # torch >= 2.9, < 2.9
    name = next(name for name in settings if hasattr(matmul, name))  # a mixture is refused by torch
    before = getattr(matmul, name)
    setattr(matmul, name, settings[name])
    try:
        yield
    finally:
        setattr(matmul, name, before)
