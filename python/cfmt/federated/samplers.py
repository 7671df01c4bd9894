"""Samplers: how a client balances its rows before it trains; each brings its draw, sizes and bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import ClientGroup, LabelledRows
from cfmt.policies import LearnedMu, Policy
from cfmt.ragged import Ragged
from cfmt.sampling import error_histograms, meta_sample, oversample, undersample

__all__ = ["MetaSampler", "NoSampler", "OverSampler", "Sampler", "UnderSampler", "Unsteered"]

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


class Sampler(Protocol):
    """Lays out the rows that each client trains on.

    A new sampler is a frozen value with these verbs; :class:`Unsteered` has all but ``n_rows`` and ``draw``.

    Examples
    --------
    >>> from cfmt.federated import NoSampler, OverSampler, Sampler
    >>> samplers: tuple[Sampler, ...] = (NoSampler(), OverSampler())
    >>> [sampler.n_rows(np.array([2]), np.array([10])).item() for sampler in samplers]
    [12, 20]
    """

    @property
    def needs_scores(self) -> bool:
        """Whether clients have to score their rows by the model that they received."""
        ...

    @property
    def policy(self) -> Policy | None:
        """What steers it; None for a sampler that takes no mu."""
        ...

    @property
    def n_state(self) -> int:
        """Length of the meta-state that a client sends; 0 for none."""
        ...

    def n_rows(self, n_attack: Counts, n_normal: Counts) -> Counts:
        """Foretell how many rows :meth:`draw` lays out for clients with so many of each class."""
        ...

    def meta_states(
        self, group: ClientGroup, on_train: Scores, on_validation: Scores
    ) -> npt.NDArray[np.float64]:
        """Return what each client tells of its errors, shape (n_clients, n_state)."""
        ...

    def draw(self, group: ClientGroup, scores: Scores, mu: npt.NDArray[np.float64]) -> Ragged[np.int64]:
        """Lay out the rows that each client trains on.

        Parameters
        ----------
        group : ClientGroup
            The clients with their rows.
        scores : ndarray of shape (n_models, n_rows), float32
            Scores of the table's rows by the models received; (0, 0) for a sampler that needs none.
        mu : ndarray of shape (n_clients,), float64
            Centre for each client; empty for a sampler without a policy.

        Returns
        -------
        Ragged of int64
            Rows of the table; one may stand there more than once.
        """
        ...

    def numbers_down(self, n_clients: int, n_params: int) -> int:
        """Return how many numbers a client of a cohort receives beside its model."""
        ...

    def numbers_up(self, n_clients: int) -> int:
        """Return how many numbers a client of a cohort sends beside its update and its report."""
        ...


@dataclass(frozen=True)
class Unsteered:
    """The verbs of a sampler that takes no mu and asks clients for nothing.

    Examples
    --------
    >>> from cfmt.federated import Unsteered
    >>> sampler = Unsteered()
    >>> sampler.needs_scores, sampler.n_state, sampler.numbers_down(n_clients=10, n_params=100)
    (False, 0, 0)
    """

    @property
    def needs_scores(self) -> bool:
        """Whether clients have to score their rows: no."""
        return False

    @property
    def policy(self) -> None:
        """What steers it: nothing."""
        return

    @property
    def n_state(self) -> int:
        """Length of a meta-state: none is sent."""
        return 0

    def meta_states(
        self, group: ClientGroup, on_train: Scores, on_validation: Scores
    ) -> npt.NDArray[np.float64]:
        """Return nothing for each client."""
        return np.empty((len(group.clients), 0))

    def numbers_down(self, n_clients: int, n_params: int) -> int:
        """Return 0: a client receives its model alone."""
        return 0

    def numbers_up(self, n_clients: int) -> int:
        """Return 0: a client sends its update alone."""
        return 0


@dataclass(frozen=True)
class NoSampler(Unsteered):
    """Rows as they are.

    Examples
    --------
    >>> from cfmt.federated import NoSampler
    >>> NoSampler().n_rows(n_attack=np.array([2, 0]), n_normal=np.array([10, 7]))
    array([12,  7])
    """

    def n_rows(self, n_attack: Counts, n_normal: Counts) -> Counts:
        """Return all rows."""
        return n_attack + n_normal

    def draw(self, group: ClientGroup, scores: Scores, mu: npt.NDArray[np.float64]) -> Ragged[np.int64]:
        """Return each client's training rows."""
        return group.train.rows


@dataclass(frozen=True)
class OverSampler(Unsteered):
    """Minority rows repeated at random until both classes have equally many.

    Examples
    --------
    >>> from cfmt.federated import OverSampler
    >>> OverSampler().n_rows(n_attack=np.array([2, 0]), n_normal=np.array([10, 7]))
    array([20,  7])
    """

    def n_rows(self, n_attack: Counts, n_normal: Counts) -> Counts:
        """Return twice the majority; one class stays as it is."""
        return _balanced(n_attack, n_normal, "matched")

    def draw(self, group: ClientGroup, scores: Scores, mu: npt.NDArray[np.float64]) -> Ragged[np.int64]:
        """Over-sample each client's minority; see :func:`cfmt.sampling.oversample`."""
        rows = group.train.rows
        drawn = oversample(group.train.is_attack, rows.offsets, **group.key)
        return drawn.with_values(rows.values[drawn.values])


@dataclass(frozen=True)
class UnderSampler(Unsteered):
    """Majority rows dropped at random until both classes have equally many.

    Examples
    --------
    >>> from cfmt.federated import UnderSampler
    >>> UnderSampler().n_rows(n_attack=np.array([2, 0]), n_normal=np.array([10, 7]))
    array([4, 7])
    """

    def n_rows(self, n_attack: Counts, n_normal: Counts) -> Counts:
        """Return twice the minority; one class stays as it is."""
        return _balanced(n_attack, n_normal, "under")

    def draw(self, group: ClientGroup, scores: Scores, mu: npt.NDArray[np.float64]) -> Ragged[np.int64]:
        """Under-sample each client's majority; see :func:`cfmt.sampling.undersample`."""
        rows = group.train.rows
        drawn = undersample(group.train.is_attack, rows.offsets, **group.key)
        return drawn.with_values(rows.values[drawn.values])


@dataclass(frozen=True)
class MetaSampler:
    """Keep the local minority, draw the majority with Gaussian weights of the errors.

    Parameters
    ----------
    policy : Policy
        Chooses the centre mu from a client's meta-state.
    minority_mu : float or None, default=None
        Centre of the Gaussian weights by which minority rows are repeated for ``matched``, in [0, 1]; None
        repeats them uniformly. Near 1, attacks that the model still misses are repeated most.
    sigma : float, default=0.2
        Width of the Gaussian.
    bins : int, default=5
        Bins of the error histograms in the meta-state.
    budget : {"under", "matched"}, default="matched"
        ``under`` draws as many majority rows as there are minority ones, without replacement;
        ``matched`` draws both classes with replacement up to the majority's size.
    state_of : {"all", "majority"}, default="all"
        Rows whose errors make the meta-state; ``majority`` is what MESA's code does.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from cfmt.federated import FixedMu, MetaSampler
    >>> sampler = MetaSampler(FixedMu(0.5), bins=5, budget="under")
    >>> sampler.n_state, sampler.n_rows(n_attack=np.array([2]), n_normal=np.array([10]))
    (10, array([4]))
    """

    policy: Policy = field(default_factory=LearnedMu)
    minority_mu: float | None = None
    sigma: float = 0.2
    bins: int = 5
    budget: Literal["under", "matched"] = "matched"
    state_of: Literal["all", "majority"] = "all"

    def __post_init__(self) -> None:
        if self.minority_mu is not None and not 0 <= self.minority_mu <= 1:
            raise ValueError(f"minority_mu must lie in [0, 1], got {self.minority_mu}")
        for name in ("sigma", "bins"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a finite number > 0, got {getattr(self, name)}")

    @property
    def needs_scores(self) -> bool:
        """Whether clients have to score their rows: yes."""
        return True

    @property
    def n_state(self) -> int:
        """Length of the meta-state: two histograms."""
        return 2 * self.bins

    def n_rows(self, n_attack: Counts, n_normal: Counts) -> Counts:
        """Return twice the minority or the majority, by the budget; one class stays as it is."""
        return _balanced(n_attack, n_normal, self.budget)

    def meta_states(
        self, group: ClientGroup, on_train: Scores, on_validation: Scores
    ) -> npt.NDArray[np.float64]:
        """Return the error histograms on training and validation rows, shape (n_clients, 2 * bins).

        By the setting, only rows of the class that is the majority of the client's training rows count.
        """
        majority = group.train.n_attack > group.train.n_normal

        def histograms(rows: LabelledRows, scores: Scores) -> npt.NDArray[np.float64]:
            """Return the error histogram of each client on some rows, shape (n_clients, bins)."""
            errors = rows.rows.with_values(rows.errors(scores))
            if self.state_of == "majority":
                keep = (rows.is_attack == 1) == majority[rows.rows.clients]
                errors = Ragged.from_sizes(errors.values[keep], rows.rows.count_flagged(keep))
            return error_histograms(errors.values, errors.offsets, bins=self.bins)

        return np.hstack([histograms(group.train, on_train), histograms(group.validation, on_validation)])

    def draw(self, group: ClientGroup, scores: Scores, mu: npt.NDArray[np.float64]) -> Ragged[np.int64]:
        """Draw by the errors under the model received; see :func:`cfmt.sampling.meta_sample`."""
        train = group.train
        drawn = meta_sample(
            train.errors(train.scores(scores, group.model_index)),
            train.is_attack,
            train.rows.offsets,
            mu,
            minority_mu=self.minority_mu,
            sigma=self.sigma,
            budget=self.budget,
            **group.key,
        )
        return drawn.with_values(train.rows.values[drawn.values])

    def numbers_down(self, n_clients: int, n_params: int) -> int:
        """Count mu, and the update of each model that a client reviews."""
        return 1 + n_params * self.policy.n_reviewers(n_clients)

    def numbers_up(self, n_clients: int) -> int:
        """Count the gain of each model that a client reviewed, or of its own; the server knows mu."""
        return max(1, self.policy.n_reviewers(n_clients))


def _balanced(n_attack: Counts, n_normal: Counts, budget: Literal["under", "matched"]) -> Counts:
    """Foretell the size of two classes made equal, which one class alone is not."""
    size = np.minimum(n_attack, n_normal) if budget == "under" else np.maximum(n_attack, n_normal)
    return np.where((n_attack > 0) & (n_normal > 0), 2 * size, n_attack + n_normal)
