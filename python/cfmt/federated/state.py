"""The server's state: one frozen value of named arrays, the old one stays valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.federated.methods import Method
from cfmt.mlp import MLP

__all__ = ["Clusters", "RoundReport", "State", "initial_state"]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Cluster models and who belongs where.

    Parameters
    ----------
    models : ndarray of shape (n_slots, n_params), float32
        One model for each slot, alive or not.
    centroids : ndarray of shape (n_alive, n_features), float64
        Last centroid of each slot ever used, in units of what clients are clustered by.
    membership : ndarray of shape (n_clients,), int64
        Last cluster of each client, -1 for one that has not taken part yet.
    """

    models: npt.NDArray[np.float32]
    centroids: npt.NDArray[np.float64]
    membership: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class State:
    """What the server knows after some rounds.

    Parameters
    ----------
    round : int
        Rounds completed.
    model : ndarray of shape (n_params,), float32
        The global model.
    clusters : Clusters
        Cluster models, centroids and membership.
    policy : object
        What the sampler's policy knows; None for nothing.

    Examples
    --------
    >>> from cfmt.federated import fedavg, initial_state
    >>> from cfmt.mlp import MLP
    >>> state = initial_state(fedavg(), MLP(4, hidden=3), n_clients=2, seed=0)
    >>> state.round, state.model.shape, state.clusters.membership
    (0, (19,), array([-1, -1]))
    """

    round: int
    model: npt.NDArray[np.float32]
    clusters: Clusters
    policy: Any


@dataclass(frozen=True)
class RoundReport:
    """What happened in one round, as numbers.

    Parameters
    ----------
    round : int
        The round, from 1.
    n_clients : int
        Clients in the cohort.
    n_rows : int
        Rows that the samplers laid out for training.
    loss : float
        Mean local training loss, weighted like the updates; NaN where nobody trained.
    cluster_sizes : tuple of int
        Cohort members of each cluster slot.
    mu : float
        Mean centre of the meta-sampler; NaN without one.
    reward : float
        Mean reward of the meta-sampler; NaN where nothing is learned.
    bytes_down, bytes_up : int
        What the server sends to the cohort and gets from it.
    seconds : float
        Wall time of the round, evaluation apart.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fedavg, simulate
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> (report,) = simulate(federation, fedavg(), Settings(rounds=1, hidden=4), seed=0).reports
    >>> report.n_clients, report.n_rows, report.cluster_sizes
    (3, 240, (3,))
    """

    round: int
    n_clients: int
    n_rows: int
    loss: float
    cluster_sizes: tuple[int, ...]
    mu: float
    reward: float
    bytes_down: int
    bytes_up: int
    seconds: float


def initial_state(method: Method, mlp: MLP, n_clients: int, *, seed: int) -> State:
    """Start with one random model for all, and untrained policies.

    Parameters
    ----------
    method : Method
        Tells how many cluster slots and whether there are policies.
    mlp : MLP
        Shape of the model.
    n_clients : int
        Clients of the federation.
    seed : int
        Seed of the run.

    Returns
    -------
    State

    Examples
    --------
    >>> from cfmt.federated import Clustering, FixedMu, MetaSampler, Method, initial_state
    >>> from cfmt.mlp import MLP
    >>> method = Method("two", sampler=MetaSampler(FixedMu(0.5)), clustering=Clustering(k_max=2))
    >>> initial_state(method, MLP(4, hidden=3), n_clients=5, seed=0).clusters.models.shape
    (2, 19)
    """
    model, sampler, n_clusters = mlp.initial(seed=seed), method.sampler, method.n_clusters
    clusters = Clusters(
        models=np.tile(model, (n_clusters, 1)),
        centroids=np.empty((0, 2)),
        membership=np.full(n_clients, -1, np.int64),
    )
    known = None
    if sampler.policy is not None:
        known = sampler.policy.initial(n_clients, n_clusters, sampler.n_state, seed=seed)
    return State(0, model, clusters, known)
