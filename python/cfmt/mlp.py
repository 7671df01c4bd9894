"""The shape of a multilayer perceptron, whose parameters are a flat vector; no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.streams import derive_seed

__all__ = ["MLP"]


@dataclass(frozen=True)
class MLP:
    """One hidden layer of rectified units: the shape of a model, without its parameters.

    A model is a flat vector that holds ``w1``, ``b1``, ``w2`` and ``b2`` in this order, each row by row.

    Parameters
    ----------
    n_features : int
        Inputs.
    hidden : int, default=128
        Units of the hidden layer.
    n_outputs : int, default=1
        Outputs; the detector has one logit.

    Raises
    ------
    ValueError
        If a number is below 1.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> mlp = MLP(n_features=4, hidden=3)
    >>> mlp.shapes, mlp.n_params
    (((3, 4), (3,), (1, 3), (1,)), 19)
    """

    n_features: int
    hidden: int = 128
    n_outputs: int = 1

    def __post_init__(self) -> None:
        for name in ("n_features", "hidden", "n_outputs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of ``w1``, ``b1``, ``w2`` and ``b2`` of one model."""
        return (
            (self.hidden, self.n_features),
            (self.hidden,),
            (self.n_outputs, self.hidden),
            (self.n_outputs,),
        )

    @property
    def n_params(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def bounds(self) -> tuple[float, ...]:
        """Largest magnitude of a first parameter in each layer: 1 / sqrt(its inputs)."""
        inputs = (self.n_features, self.n_features, self.hidden, self.hidden)
        return tuple(1 / math.sqrt(n) for n in inputs)

    def initial(self, seed: int) -> npt.NDArray[np.float32]:
        """Draw a model with the distribution of ``torch.nn.Linear``: uniform within :attr:`bounds`.

        Parameters
        ----------
        seed : int
            Seed of the whole run.

        Returns
        -------
        ndarray of shape (n_params,), float32
            The bits that torch's own generator gives under the same seed, on any processor.

        Examples
        --------
        >>> from cfmt.mlp import MLP
        >>> MLP(n_features=2, hidden=3).initial(seed=7).shape
        (13,)
        """
        words = np.random.MT19937()
        words._legacy_seeding(derive_seed(seed, "initialisation") & 0xFFFFFFFF)  # as torch seeds its own
        layers = [
            _uniform(words.random_raw(math.prod(shape)), bound)
            for shape, bound in zip(self.shapes, self.bounds, strict=True)
        ]
        return np.concatenate(layers)


def _uniform(words: npt.NDArray[np.uint64], bound: float) -> npt.NDArray[np.float32]:
    """Turn 24 bits of each word into a number in [-bound, bound), with one rounding of product and sum."""
    low, high = np.float32(-bound), np.float32(bound)
    share = (words & 0xFFFFFF).astype(np.float64) * 2.0**-24
    return (share * np.float64(high - low) + np.float64(low)).astype(np.float32)
