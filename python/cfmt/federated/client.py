"""What a client does in a round: it evaluates the model that it received, and trains it.

A simulator calls these with a group of many clients over one table; a site calls them with a group of one,
over its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.clustering import auxiliary_vectors
from cfmt.federated.cohort import ClientGroup
from cfmt.federated.methods import Method
from cfmt.federated.scoring import check_scores
from cfmt.nn import Engine, Group, LocalTraining, Weighting, train_and_add, train_and_sum
from cfmt.ragged import Ragged

__all__ = ["ClientReports", "Instruction", "Trained", "evaluate", "local_training", "train"]


@dataclass(frozen=True, eq=False)
class ClientReports:
    """What clients tell the server of the models that they received: counts and shares, and no row.

    Parameters
    ----------
    sizes : ndarray of shape (n_clients,), int64
        Training rows of each client.
    vectors : ndarray of shape (n_clients, 2), float64
        Auxiliary vector (imbalance, accuracy) of each client; (n_clients, 0) for a method without clusters.
    meta_states : ndarray of shape (n_clients, n_state), float64
        Error histograms of each client; (n_clients, 0) for a sampler that asks for none.
    """

    sizes: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float64]
    meta_states: npt.NDArray[np.float64]

    @property
    def numbers_up(self) -> int:
        """How many numbers a client sends: its row count, auxiliary vector and meta-state."""
        return int(1 + self.vectors.shape[1] + self.meta_states.shape[1])


@dataclass(frozen=True, eq=False)
class Instruction:
    """What the server tells clients before they train.

    Parameters
    ----------
    mu : ndarray of shape (n_clients,), float64
        Centre of each client's Gaussian weights; empty for a sampler without a policy.
    weights : ndarray of shape (n_clients,), float64
        Weight of each client's update in its cluster.
    clusters : ndarray of shape (n_clients,), int64
        Cluster of each client.
    n_clusters : int
        Cluster slots.
    """

    mu: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64]
    n_clusters: int

    def take(self, positions: npt.NDArray[np.int64]) -> Instruction:
        """Return what is told to the clients at some positions."""
        mu = self.mu[positions] if len(self.mu) else self.mu
        return Instruction(mu, self.weights[positions], self.clusters[positions], self.n_clusters)


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a group's training.

    Parameters
    ----------
    gathered : object
        The aggregator's sums, with the group's updates added.
    losses : ndarray of shape (n_clients,), float64
        Mean training loss of each client; NaN for one without rows.
    scores : ndarray of shape (n_scored,), float32
        Scores of the scored rows by the trained models.
    n_rows : int
        Rows that the clients laid out for training.
    """

    gathered: Any
    losses: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float32]
    n_rows: int


def evaluate(method: Method, group: ClientGroup, scores: npt.NDArray[np.float32]) -> ClientReports:
    """Let clients evaluate the model that they received, and report what the method asks for.

    Parameters
    ----------
    method : Method
        What it asks for.
    group : ClientGroup
        The clients with their rows.
    scores : ndarray of shape (n_models, n_rows), float32
        Scores of the table's rows by the models received, of :func:`~cfmt.federated.scoring.score`;
        (0, 0) for a method that needs none.

    Returns
    -------
    ClientReports
    """
    n, sizes = len(group.clients), group.train.rows.sizes
    if not method.needs_scores:
        return ClientReports(sizes, np.empty((n, 0)), np.empty((n, 0)))
    on_train, on_validation = (
        rows.scores(scores, group.model_index) for rows in (group.train, group.validation)
    )
    vectors = np.empty((n, 0))
    if method.clustering is not None:
        vectors = _auxiliary_vectors(group, on_train, on_validation)
    return ClientReports(sizes, vectors, method.sampler.meta_states(group, on_train, on_validation))


def _auxiliary_vectors(
    group: ClientGroup, on_train: npt.NDArray[np.float32], on_validation: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return (imbalance, accuracy) of each client, shape (n_clients, 2).

    The accuracy is that on validation rows, or on training rows for a client that has none.
    """
    validated = group.validation.rows.sizes > 0
    accuracy = np.where(validated, group.validation.accuracy(on_validation), group.train.accuracy(on_train))
    return auxiliary_vectors(group.train.n_attack, group.train.n_normal, accuracy)


def local_training(method: Method, local: LocalTraining) -> LocalTraining:
    """Complete local training by what belongs to the method: its proximal term and class weights."""
    return replace(
        local, prox_mu=method.prox_mu, positive_weight="balanced" if method.class_weighted else 1.0
    )


def train(
    engine: Engine,
    method: Method,
    local: LocalTraining,
    group: ClientGroup,
    models: npt.NDArray[np.float32],
    instruction: Instruction,
    gathered: Any,
    *,
    scores: npt.NDArray[np.float32],
    scored_rows: Ragged[np.int64] | None = None,
) -> Trained:
    """Let clients balance their rows and train, and add their updates to the aggregator's sums.

    Parameters
    ----------
    engine : Engine
        Holds the table, and trains.
    method : Method
        Sampler, proximal term, class weights and aggregator.
    local : LocalTraining
        The rest of local training.
    group : ClientGroup
        The clients with their rows.
    models : ndarray of shape (n_models, n_params), float32
        The models that were sent.
    instruction : Instruction
        What the server tells these clients.
    gathered : object
        The aggregator's sums so far.
    scores : ndarray of shape (n_models, n_rows), float32
        As for :func:`evaluate`.
    scored_rows : Ragged of int64, optional
        Rows of the table that each client's trained model scores.

    Returns
    -------
    Trained

    Raises
    ------
    DivergedError
        If an update or a score is not finite.
    """
    drawn = method.sampler.draw(group, scores, instruction.mu)
    work = Group(models, group.model_index, drawn, group.clients, group.seed, group.round)
    how, aggregator = local_training(method, local), method.aggregator
    if aggregator.fused:
        weighting = Weighting(instruction.weights, instruction.clusters, instruction.n_clusters, gathered)
        gathered, losses, found = train_and_sum(engine, work, how, weighting, scored_rows=scored_rows)
    else:

        def add(updates: npt.NDArray[np.float32], at: npt.NDArray[np.int64]) -> None:
            """Add updates to the aggregator's sums, with the weights and clusters of their clients."""
            nonlocal gathered
            weights, clusters = instruction.weights[at], instruction.clusters[at]
            gathered = aggregator.add(gathered, updates, weights, clusters)

        losses, found = train_and_add(engine, work, how, add, scored_rows=scored_rows)
    check_scores(found, round=group.round)
    return Trained(gathered, losses, found, len(drawn.values))
