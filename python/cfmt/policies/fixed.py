"""Policies that do not learn: the same centre for all, a random one, and MESA's rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.policies.policy import Observation, Stateless
from cfmt.streams import generator

__all__ = ["FixedMu", "HandRule", "RandomMu"]


@dataclass(frozen=True)
class FixedMu(Stateless):
    """The same centre for every client in every round.

    Parameters
    ----------
    mu : float, default=0.5
        Centre of the Gaussian weights, in [0, 1]: near 0 draws easy rows, near 1 hard or noisy ones.

    Raises
    ------
    ValueError
        If ``mu`` is out of range.

    Examples
    --------
    >>> from cfmt.policies import FixedMu, Observation
    >>> seen = Observation(np.full((2, 10), 0.2), np.zeros(2, np.int64), np.array([4, 7]), seed=0, round=1)
    >>> FixedMu(0.25).choose(None, seen)[0]
    array([0.25, 0.25])
    """

    mu: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.mu <= 1:
            raise ValueError(f"mu must lie in [0, 1], got {self.mu}")

    def choose(self, known: None, seen: Observation) -> tuple[npt.NDArray[np.float64], None]:
        """Choose ``mu`` for every client."""
        return np.full(len(seen.meta_states), float(self.mu)), None


@dataclass(frozen=True)
class RandomMu(Stateless):
    """A centre drawn uniformly from [0, 1] for every client in every round.

    Examples
    --------
    >>> from cfmt.policies import Observation, RandomMu
    >>> seen = Observation(np.full((2, 10), 0.2), np.zeros(2, np.int64), np.array([4, 7]), seed=0, round=1)
    >>> alone = Observation(np.full((1, 10), 0.2), np.zeros(1, np.int64), np.array([7]), seed=0, round=1)
    >>> bool(RandomMu().choose(None, seen)[0][1] == RandomMu().choose(None, alone)[0][0])
    True
    """

    def choose(self, known: None, seen: Observation) -> tuple[npt.NDArray[np.float64], None]:
        """Draw a centre for every client."""
        rng = generator(seen.seed, "exploration", round=seen.round)
        # One sequence, of which each client takes the place of its id, whoever else takes part.
        return np.take(rng.random(seen.clients.max(initial=-1) + 1), seen.clients), None


@dataclass(frozen=True)
class HandRule(Stateless):
    """The hand-written rule of MESA: hard rows when underfit, easy ones when overfit.

    A client is *overfit* where its validation error exceeds its training error by ``gap``, *underfit*
    where its training error exceeds ``high_error``, else *learning*. Errors are means over the bins of
    the meta-state. The two bounds are our choice; MESA states the rule in words.

    Parameters
    ----------
    underfit, learning, overfit : float, default=0.9, 0.5, 0.1
        Centre in each case.
    gap : float, default=0.1
        Excess of the validation error that counts as overfitting.
    high_error : float, default=0.3
        Training error that counts as underfitting.

    References
    ----------
    .. [1] Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
           arXiv 2010.08830.

    Examples
    --------
    >>> from cfmt.policies import HandRule, Observation
    >>> states = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]], float)  # two bins: training, validation
    >>> seen = Observation(states, np.zeros(3, np.int64), np.arange(3), seed=0, round=1)
    >>> HandRule().choose(None, seen)[0]
    array([0.5, 0.1, 0.9])
    """

    underfit: float = 0.9
    learning: float = 0.5
    overfit: float = 0.1
    gap: float = 0.1
    high_error: float = 0.3

    def choose(self, known: None, seen: Observation) -> tuple[npt.NDArray[np.float64], None]:
        """Choose by the mean errors of each client."""
        states = seen.meta_states
        bins = states.shape[1] // 2
        centres = (np.arange(bins) + 0.5) / bins
        training = (states[:, :bins] * centres).sum(axis=1)
        validation = (states[:, bins:] * centres).sum(axis=1)
        cases = [validation - training > self.gap, training > self.high_error]
        return np.select(cases, [self.overfit, self.underfit], self.learning), None
