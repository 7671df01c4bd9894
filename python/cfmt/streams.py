"""Seeds for generators outside the kernels, keyed like the kernels' own streams."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from cfmt import _core

__all__ = ["Purpose", "derive_seed", "generator"]

Purpose: TypeAlias = Literal[
    "partition",
    "prevalence",
    "repair",
    "validation",
    "cohort",
    "initialisation",
    "sampling",
    "batches",
    "clustering",
    "exploration",
    "policy-learning",
    "synthetic",
    "reviewers",
]


def derive_seed(seed: int, purpose: Purpose, *, round: int = 0, item: int = 0) -> int:
    """Derive the seed of one stream.

    Parameters
    ----------
    seed : int
        Seed of the whole run, in [0, 2^64).
    purpose : str
        What the randomness is for.
    round : int, default=0
        Round of training.
    item : int, default=0
        What the stream belongs to, mostly a client.

    Returns
    -------
    int
        In [0, 2^63): fit for numpy's and torch's generators.

    Raises
    ------
    ValueError
        If the purpose is unknown, or a number is not in [0, 2^64).
    """
    return _core.stream_seed(seed, purpose, round, item)


def generator(seed: int, purpose: Purpose, *, round: int = 0, item: int = 0) -> np.random.Generator:
    """Return numpy's generator over :func:`derive_seed`, with the same parameters."""
    return np.random.default_rng(derive_seed(seed, purpose, round=round, item=item))
