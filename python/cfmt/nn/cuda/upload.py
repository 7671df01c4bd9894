"""Copying arrays to a device."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["upload"]

TYPES = {np.dtype(np.int64): torch.int64, np.dtype(np.float64): torch.float64}


def upload(device: torch.device, *arrays: npt.NDArray[Any]) -> list[Tensor]:
    """Copy arrays to a device in one piece, without waiting for it.

    Parameters
    ----------
    device : torch.device
        Where to.
    *arrays : ndarray of int64 or float64
        Numbers of 8 bytes, so that they can lie in one buffer.

    Returns
    -------
    list of Tensor
        The arrays' shapes and values.
    """
    ends = list(accumulate((array.size for array in arrays), initial=0))
    # Pinned memory is not given to another tensor before the copy out of it is done.
    packed = torch.empty(ends[-1], dtype=torch.int64, pin_memory=device.type == "cuda")
    for array, (start, end) in zip(arrays, pairwise(ends), strict=True):
        packed.numpy()[start:end].view(array.dtype).reshape(array.shape)[...] = array
    there = packed.to(device, non_blocking=True)
    return [
        there[start:end].view(TYPES[array.dtype]).view(array.shape)
        for array, (start, end) in zip(arrays, pairwise(ends), strict=True)
    ]
