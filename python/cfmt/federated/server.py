"""What the server does in a round: it sends models, steers by the clients' reports, and updates its state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.federated.client import ClientReports, Instruction
from cfmt.federated.clustering import recluster
from cfmt.federated.cohort import Cohort
from cfmt.federated.methods import Method
from cfmt.federated.state import Clusters, RoundReport, State
from cfmt.nn import diverged
from cfmt.policies import Observation

__all__ = ["Replies", "Steering", "send", "steer", "update"]

_BYTES = 4  # a parameter or a statistic travels as float32


@dataclass(frozen=True, eq=False)
class Steering:
    """What the server makes of a cohort's reports.

    Parameters
    ----------
    instruction : Instruction
        What each client of the cohort is told.
    clusters : Clusters
        With new centroids and membership; the models are those of the round before.
    known : object
        What the policy knows now.
    observation : Observation
        What the policy saw.
    numbers_up, numbers_down : int
        How many numbers a client sends and receives in the round.
    """

    instruction: Instruction
    clusters: Clusters
    known: Any
    observation: Observation
    numbers_up: int
    numbers_down: int


@dataclass(frozen=True, eq=False)
class Replies:
    """What came back from a cohort after training.

    Parameters
    ----------
    gathered : object
        The aggregator's sums of all updates.
    losses : ndarray of shape (n_cohort,), float64
        Mean training loss of each client; NaN for one without rows.
    gains : ndarray of shape (n_cohort,) or (0,), float64
        Gain in average precision of each trained model, NaN where nobody could tell; empty where the policy
        does not learn.
    n_rows : int
        Rows that the clients laid out for training.
    """

    gathered: Any
    losses: npt.NDArray[np.float64]
    gains: npt.NDArray[np.float64]
    n_rows: int


def send(method: Method, state: State, clients: npt.NDArray[np.int64], *, seed: int) -> Cohort:
    """Send each client its model: the global one, or a mixture with its cluster's.

    Parameters
    ----------
    method : Method
        Says what clients receive.
    state : State
        After the round before.
    clients : ndarray of shape (n_cohort,), int64
        Who takes part, in rising order.
    seed : int
        Seed of the run.

    Returns
    -------
    Cohort
    """
    mixture = 0.0 if method.clustering is None else method.clustering.mixture
    models, index = state.model[np.newaxis], np.zeros(len(clients), np.int64)
    if mixture > 0:
        mixed = (1 - mixture) * state.model + mixture * state.clusters.models
        models = np.vstack([models, mixed.astype(np.float32)])
        index = state.clusters.membership[clients] + 1  # a newcomer, at -1, gets the global model
    return Cohort(clients=clients, models=models, model_index=index, seed=seed, round=state.round + 1)


def steer(
    method: Method,
    state: State,
    cohort: Cohort,
    reports: ClientReports,
    *,
    vectors: npt.NDArray[np.float64] | None = None,
) -> Steering:
    """Form the clusters, let the policy choose, and weigh the clients.

    Parameters
    ----------
    method : Method
        Clustering, sampler and aggregator.
    state : State
        After the round before.
    cohort : Cohort
        Who takes part.
    reports : ClientReports
        Of the cohort's clients, in its order.
    vectors : ndarray of shape (n_cohort, n_features), float64, optional
        What clients are clustered by in the place of their auxiliary vectors, for the oracle of an ablation.

    Returns
    -------
    Steering
    """
    vectors = reports.vectors if vectors is None else vectors
    clusters, labels = recluster(method.clustering, state.clusters, cohort, vectors)
    seen = Observation(reports.meta_states, labels, cohort.clients, cohort.seed, cohort.round)
    mu, known, policy = np.empty(0), state.policy, method.sampler.policy
    if policy is not None:
        mu, known = policy.choose(known, seen)
    weights = method.aggregator.client_weights(reports.sizes)
    sampler, n = method.sampler, len(cohort)
    return Steering(
        instruction=Instruction(mu, weights, labels, method.n_clusters),
        clusters=clusters,
        known=known,
        observation=seen,
        numbers_up=cohort.n_params + reports.numbers_up + sampler.numbers_up(n),
        numbers_down=cohort.n_params + sampler.numbers_down(n, cohort.n_params),
    )


def update(
    method: Method,
    state: State,
    cohort: Cohort,
    steering: Steering,
    replies: Replies,
    *,
    seconds: float = 0.0,
) -> tuple[State, RoundReport]:
    """Add the cohort's updates to the models, and tell the policy what came of its choice.

    Parameters
    ----------
    method : Method
        Aggregator, clustering and policy.
    state : State
        After the round before; it stays valid.
    cohort : Cohort
        Who took part.
    steering : Steering
        Of :func:`steer`.
    replies : Replies
        What came back.
    seconds : float, default=0.0
        Wall time of the round, for the report.

    Returns
    -------
    state : State
        After this round.
    report : RoundReport

    Raises
    ------
    DivergedError
        If a model is not finite.
    """
    instruction, clusters = steering.instruction, steering.clusters
    totals = np.bincount(instruction.clusters, instruction.weights, minlength=method.n_clusters).astype(
        np.float64
    )
    aggregate = method.aggregator.finish(replies.gathered, totals, _cluster_weights(method, totals))
    with np.errstate(over="ignore"):
        model, models = state.model + aggregate.model, clusters.models + aggregate.clusters
    if not (np.isfinite(model).all() and np.isfinite(models).all()):
        raise diverged("a model", cohort.round)
    known, policy = steering.known, method.sampler.policy
    if policy is not None:
        known = policy.observe(known, steering.observation, instruction.mu, replies.gains)
    after = State(cohort.round, model, replace(clusters, models=models), known)
    return after, _report(cohort, steering, replies, seconds)


def _report(cohort: Cohort, steering: Steering, replies: Replies, seconds: float) -> RoundReport:
    """Put down what happened, as numbers."""
    instruction, n = steering.instruction, len(cohort)
    return RoundReport(
        round=cohort.round,
        n_clients=n,
        n_rows=replies.n_rows,
        loss=_mean_loss(replies.losses, instruction.weights),
        cluster_sizes=tuple(np.bincount(instruction.clusters, minlength=instruction.n_clusters).tolist()),
        mu=_mean(instruction.mu),
        reward=_mean(replies.gains[~np.isnan(replies.gains)]),
        bytes_down=n * _BYTES * steering.numbers_down,
        bytes_up=n * _BYTES * steering.numbers_up,
        seconds=seconds,
    )


def _cluster_weights(method: Method, totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weigh the clusters by their clients' weights, or all alike."""
    if method.clustering is not None and method.clustering.weighting == "equal":
        return (totals > 0).astype(np.float64)
    return totals


def _mean_loss(losses: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    """Average the losses of those who trained, weighted like their updates."""
    trained = ~np.isnan(losses)
    return float(np.average(losses[trained], weights=weights[trained])) if trained.any() else float("nan")


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Average numbers; NaN for none."""
    return float(values.mean()) if len(values) else float("nan")
