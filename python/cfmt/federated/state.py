"""The server's state: one frozen value of named arrays, the old one stays valid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.federated.methods import LearnedMu, MetaSampler, Method
from cfmt.mlp import MLP
from cfmt.policies.replay import Replay
from cfmt.policies.sac_policy import SacState, initial_policy

__all__ = ["Clusters", "PolicyState", "RoundReport", "State", "initial_state"]


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
class PolicyState:
    """Learners of the meta-sampler: the shared one first, then one for each cluster slot.

    Parameters
    ----------
    agents : tuple of SacState
        The learners.
    replays : tuple of Replay
        Their transitions; the shared one has all.
    last_states : ndarray of shape (n_clients, 2 * bins), float32
        Meta-state of each client when it last took part.
    last_mu, last_rewards : ndarray of shape (n_clients,), float32
        What it then did and gained; mu is NaN for a client that has not taken part yet.
    """

    agents: tuple[SacState, ...]
    replays: tuple[Replay, ...]
    last_states: npt.NDArray[np.float32]
    last_mu: npt.NDArray[np.float32]
    last_rewards: npt.NDArray[np.float32]


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
    policy : PolicyState or None
        Learners of the meta-sampler, for a method that learns.
    """

    round: int
    model: npt.NDArray[np.float32]
    clusters: Clusters
    policy: PolicyState | None


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
    """
    model = mlp.initial(seed=seed)
    n_slots = 1 if method.clustering is None else method.clustering.k_max
    clusters = Clusters(
        models=np.tile(model, (n_slots, 1)),
        centroids=np.empty((0, 2)),
        membership=np.full(n_clients, -1, np.int64),
    )
    return State(0, model, clusters, _initial_policy(method, n_slots, n_clients, seed))


def _initial_policy(method: Method, n_slots: int, n_clients: int, seed: int) -> PolicyState | None:
    sampler = method.sampler
    if not isinstance(sampler, MetaSampler) or not isinstance(sampler.policy, LearnedMu):
        return None
    config, capacity = sampler.policy.sac_for(sampler.bins), sampler.policy.capacity
    n_agents = 1 + (n_slots if n_slots > 1 else 0)
    return PolicyState(
        agents=tuple(initial_policy(config, seed=seed, policy=i) for i in range(n_agents)),
        replays=tuple(Replay.empty(capacity, config.n_state) for _ in range(n_agents)),
        last_states=np.zeros((n_clients, config.n_state), np.float32),
        last_mu=np.full(n_clients, np.nan, np.float32),
        last_rewards=np.zeros(n_clients, np.float32),
    )
