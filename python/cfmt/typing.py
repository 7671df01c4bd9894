"""Arrays by what they hold, as the public functions name them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["CodeArray", "CountArray", "FloatArray", "IntArray", "LabelArray", "ScoreArray"]

FloatArray: TypeAlias = npt.NDArray[np.float64]
"""Weights, points and per-client statistics."""

IntArray: TypeAlias = npt.NDArray[np.int64]
"""Row indices, offsets, classes and client ids."""

LabelArray: TypeAlias = npt.NDArray[np.uint8]
"""1 for an attack, 0 for normal traffic."""

ScoreArray: TypeAlias = npt.NDArray[np.float32]
"""Scores, higher for an attack."""

CountArray: TypeAlias = npt.NDArray[np.int64]
"""Counts of rows, such as a histogram's."""

CodeArray: TypeAlias = npt.NDArray[np.int64]
"""Codes into a tuple of names."""
