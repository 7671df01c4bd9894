"""What a policy is: it sees a cohort's meta-states and chooses the centre mu of each client's weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Observation", "Policy", "Stateless"]


@dataclass(frozen=True, eq=False)
class Observation:
    """What a policy sees of a cohort in a round.

    Parameters
    ----------
    meta_states : ndarray of shape (n_cohort, 2 * bins), float64
        Histograms of each client's errors on training and validation rows, under the model just received.
    clusters : ndarray of shape (n_cohort,), int64
        Cluster of each client.
    clients : ndarray of shape (n_cohort,), int64
        Ids of the clients, which key their draws.
    seed, round : int
        Key of the round's random streams.

    Examples
    --------
    >>> from cfmt.policies import FixedMu, Observation
    >>> seen = Observation(np.full((2, 10), 0.2), np.zeros(2, np.int64), np.array([4, 7]), seed=0, round=1)
    >>> FixedMu(0.5).choose(None, seen)[0]
    array([0.5, 0.5])
    """

    meta_states: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64]
    clients: npt.NDArray[np.int64]
    seed: int
    round: int


class Policy(Protocol):
    """Chooses mu, in [0, 1], for every client of a cohort, and may learn from what came of it.

    A new policy is a frozen value with these verbs; :class:`Stateless` has all but :meth:`choose`.

    Examples
    --------
    >>> from cfmt.policies import FixedMu, LearnedMu, Policy
    >>> policies: tuple[Policy, ...] = (FixedMu(0.5), LearnedMu(reviewers=3))
    >>> [(policy.learns, policy.n_reviewers(10)) for policy in policies]
    [(False, 0), (True, 3)]
    """

    @property
    def learns(self) -> bool:
        """Whether it needs the gains of trained models."""
        ...

    def n_reviewers(self, n_clients: int) -> int:
        """Return how many other clients of a cohort review each trained model; 0 lets each review its own."""
        ...

    def initial(self, n_clients: int, n_clusters: int, n_state: int, *, seed: int) -> Any:
        """Return what it knows before the first round; None for nothing.

        Parameters
        ----------
        n_clients : int
            Clients of the federation.
        n_clusters : int
            Cluster slots.
        n_state : int
            Length of a meta-state.
        seed : int
            Seed of the run.
        """
        ...

    def choose(self, known: Any, seen: Observation) -> tuple[npt.NDArray[np.float64], Any]:
        """Choose mu of every client.

        Parameters
        ----------
        known : object
            What it knew after the round before.
        seen : Observation
            The cohort.

        Returns
        -------
        mu : ndarray of shape (n_cohort,), float64
            In [0, 1].
        known : object
            With what the new meta-states taught it.
        """
        ...

    def observe(
        self,
        known: Any,
        seen: Observation,
        mu: npt.NDArray[np.float64],
        gains: npt.NDArray[np.float64],
    ) -> Any:
        """Take in what came of a choice.

        Parameters
        ----------
        known : object
            As :meth:`choose` returned it.
        seen : Observation
            The cohort.
        mu : ndarray of shape (n_cohort,), float64
            What was chosen.
        gains : ndarray of shape (n_cohort,), float64
            Gain of each trained model in average precision; NaN where nobody could tell. Empty for a policy
            that does not learn.

        Returns
        -------
        object
            What it knows now.
        """
        ...


@dataclass(frozen=True)
class Stateless:
    """The verbs of a policy that knows nothing from round to round; a subclass adds ``choose``.

    Examples
    --------
    >>> from cfmt.policies import Observation, Stateless
    >>> class ByWorstBin(Stateless):
    ...     def choose(self, known, seen):
    ...         return seen.meta_states[:, -1], None
    >>> seen = Observation(np.array([[0.8, 0.2]]), np.zeros(1, np.int64), np.array([4]), seed=0, round=1)
    >>> ByWorstBin().choose(None, seen)[0], ByWorstBin().learns
    (array([0.2]), False)
    """

    @property
    def learns(self) -> bool:
        """Whether it needs the gains of trained models: no."""
        return False

    def n_reviewers(self, n_clients: int) -> int:
        """Return 0: no model is reviewed."""
        return 0

    def initial(self, n_clients: int, n_clusters: int, n_state: int, *, seed: int) -> None:
        """Know nothing."""

    def observe(
        self, known: None, seen: Observation, mu: npt.NDArray[np.float64], gains: npt.NDArray[np.float64]
    ) -> None:
        """Learn nothing."""
