"""One round as a function: (state, cohort) -> (state', report). The old state stays valid."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import Cohort, View, look, receive
from cfmt.federated.federation import Federation
from cfmt.federated.membership import recluster
from cfmt.federated.methods import LearnedMu, MetaSampler, Method
from cfmt.federated.policies import choose_mu, observe, remember
from cfmt.federated.state import PolicyState, RoundReport, State
from cfmt.federated.updates import Updates, client_weights, draw_rows, train
from cfmt.nn import Engine, LocalTraining

__all__ = ["run_round"]

_BYTES = 4  # a parameter or a statistic travels as float32


def run_round(
    federation: Federation,
    engine: Engine,
    method: Method,
    local: LocalTraining,
    state: State,
    clients: npt.NDArray[np.int64],
    *,
    seed: int,
) -> tuple[State, RoundReport]:
    """Run one round of a method.

    Parameters
    ----------
    federation : Federation
        Clients and rows.
    engine : Engine
        Trains and scores models over the federation's table.
    method : Method
        What to do.
    local : LocalTraining
        Local training; proximal and class weights are the method's.
    state : State
        After the round before.
    clients : ndarray of shape (n_cohort,), int64
        Clients that take part, in rising order.
    seed : int
        Seed of the run.

    Returns
    -------
    state : State
        After this round.
    report : RoundReport
    """
    started = time.perf_counter()
    cohort = receive(federation, method, state, clients, seed=seed)
    looks = method.clustering is not None or isinstance(method.sampler, MetaSampler)
    view = look(engine, cohort) if looks else None
    clusters, labels = recluster(method.clustering, state.clusters, cohort, view)
    steer = _steer(method, cohort, view, labels, state.policy)
    drawn = draw_rows(method.sampler, cohort, view, steer.mu)
    updates = train(engine, method, local, cohort, view, labels, drawn)
    after = State(
        round=cohort.round,
        model=state.model + _global_update(method, updates),
        clusters=replace(clusters, models=clusters.models + updates.sums.means()),
        policy=_remember(steer, cohort, updates),
    )
    report = RoundReport(
        round=cohort.round,
        n_clients=len(clients),
        n_rows=len(drawn.values),
        loss=_mean_loss(updates.losses, client_weights(method, cohort)),
        cluster_sizes=tuple(np.bincount(labels, minlength=len(clusters.models)).tolist()),
        mu=_mean(steer.mu),
        reward=_mean(updates.rewards),
        bytes_down=len(clients) * _BYTES * _numbers_down(method, len(state.model)),
        bytes_up=len(clients) * _BYTES * _numbers_up(method, len(state.model)),
        seconds=time.perf_counter() - started,
    )
    return after, report


@dataclass(frozen=True, eq=False)
class _Steer:
    """What the meta-sampler saw and chose; empty for a method without one."""

    meta_states: npt.NDArray[np.float64]
    mu: npt.NDArray[np.float64]
    policy: PolicyState | None


def _steer(
    method: Method,
    cohort: Cohort,
    view: View | None,
    labels: npt.NDArray[np.int64],
    learners: PolicyState | None,
) -> _Steer:
    """Compute meta-states, learn from the transitions that they complete, and choose mu."""
    sampler = method.sampler
    if not isinstance(sampler, MetaSampler) or view is None:
        return _Steer(np.empty((0, 0)), np.empty(0), None)
    states = view.meta_states(cohort, bins=sampler.bins, majority_only=sampler.state_of == "majority")
    if isinstance(sampler.policy, LearnedMu) and learners is not None:
        learners = observe(sampler.policy, learners, cohort, states, labels)
    return _Steer(states, choose_mu(sampler.policy, learners, cohort, states, labels), learners)


def _remember(steer: _Steer, cohort: Cohort, updates: Updates) -> PolicyState | None:
    if steer.policy is None:
        return None
    return remember(steer.policy, cohort.clients, steer.meta_states, steer.mu, updates.rewards)


def _global_update(method: Method, updates: Updates) -> npt.NDArray[np.float32]:
    """Combine the clusters by their clients' weights, or all alike; nothing where nobody has rows."""
    totals = updates.sums.totals()
    if not totals.any():
        return np.zeros_like(updates.sums.means()[0])
    if method.clustering is not None and method.clustering.weighting == "equal":
        return updates.sums.combine((totals > 0).astype(np.float64))
    return updates.sums.combine(totals)


def _mean_loss(losses: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    trained = ~np.isnan(losses)
    return float(np.average(losses[trained], weights=weights[trained])) if trained.any() else float("nan")


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _numbers_down(method: Method, n_params: int) -> int:
    """How many numbers the server sends a client: the model and, for a meta-sampler, mu."""
    return n_params + isinstance(method.sampler, MetaSampler)


def _numbers_up(method: Method, n_params: int) -> int:
    """How many numbers a client sends: its update and row count, and what its method asks for."""
    n = n_params + 1
    if method.clustering is not None:
        n += 2  # its auxiliary vector
    if isinstance(method.sampler, MetaSampler):
        n += 2 * method.sampler.bins + 1  # its meta-state and its reward; the server knows mu
    return n
