"""One round as a function: (state, cohort) -> (state', report). The old state stays valid."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import Cohort, receive
from cfmt.federated.federation import Federation
from cfmt.federated.membership import recluster
from cfmt.federated.methods import LearnedMu, MetaSampler, Method
from cfmt.federated.oracle import family_mix
from cfmt.federated.policies import choose_mu, observe, remember
from cfmt.federated.rewards import n_judged, rewards_of
from cfmt.federated.state import PolicyState, RoundReport, State
from cfmt.federated.updates import Updates, client_weights, train
from cfmt.federated.view import View, look
from cfmt.nn import Engine, LocalTraining, diverged

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
    on_clients: Callable[[int, int], None] | None = None,
) -> tuple[State, RoundReport]:
    """Run one round of a method.

    The clients' rows, scores and draws exist for a part of the cohort at a time, and updates are summed as
    they come: memory grows by some numbers a client.

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
    on_clients : callable or None, default=None
        Called as clients finish, with the number of those that have and that of all.

    Returns
    -------
    state : State
        After this round.
    report : RoundReport

    Raises
    ------
    DivergedError
        If an update, a model or a score of this round is not finite.
    """
    started = time.perf_counter()
    cohort = receive(federation, method, state, clients, seed=seed)
    view = look(engine, method, cohort)
    clusters, labels = recluster(
        method.clustering, state.clusters, cohort, _clustered_by(method, cohort, view)
    )
    mu, learners = _steer(method, cohort, view, labels, state.policy)
    updates = train(engine, method, local, cohort, view, labels, mu, on_clients=on_clients)
    model, models = _updated(method, updates, state.model, clusters.models, cohort.round)
    after = State(
        round=cohort.round,
        model=model,
        clusters=replace(clusters, models=models),
        policy=_learned_from(method, learners, cohort, view, mu, updates.gains),
    )
    report = RoundReport(
        round=cohort.round,
        n_clients=len(clients),
        n_rows=updates.n_rows,
        loss=_mean_loss(updates.losses, client_weights(method, cohort)),
        cluster_sizes=tuple(np.bincount(labels, minlength=len(clusters.models)).tolist()),
        mu=_mean(mu),
        reward=_mean(updates.gains[~np.isnan(updates.gains)]),
        bytes_down=len(clients) * _BYTES * _numbers_down(method, len(clients), len(state.model)),
        bytes_up=len(clients) * _BYTES * _numbers_up(method, len(clients), len(state.model)),
        seconds=time.perf_counter() - started,
    )
    return after, report


def _clustered_by(method: Method, cohort: Cohort, view: View) -> npt.NDArray[np.float64]:
    """Return what clients are clustered by: their auxiliary vectors, but for the oracle of an ablation."""
    if method.clustering is not None and method.clustering.assignment == "oracle":
        return family_mix(cohort.federation, cohort.clients)
    return view.vectors


def _steer(
    method: Method,
    cohort: Cohort,
    view: View,
    labels: npt.NDArray[np.int64],
    learners: PolicyState | None,
) -> tuple[npt.NDArray[np.float64], PolicyState | None]:
    """Learn from completed transitions, and choose mu, which is empty without a meta-sampler."""
    sampler = method.sampler
    if not isinstance(sampler, MetaSampler):
        return np.empty(0), None
    if isinstance(sampler.policy, LearnedMu) and learners is not None:
        learners = observe(sampler.policy, learners, cohort, view.meta_states, labels)
    return choose_mu(sampler.policy, learners, cohort, view.meta_states, labels), learners


def _learned_from(
    method: Method,
    learners: PolicyState | None,
    cohort: Cohort,
    view: View,
    mu: npt.NDArray[np.float64],
    gained: npt.NDArray[np.float64],
) -> PolicyState | None:
    """Keep what the cohort saw, did and gained, for a policy that learns."""
    sampler = method.sampler
    if learners is None or not isinstance(sampler, MetaSampler) or not isinstance(sampler.policy, LearnedMu):
        return learners
    rewards = rewards_of(sampler.policy, gained)
    return remember(learners, cohort.clients, view.meta_states, mu, rewards)


def _updated(
    method: Method,
    updates: Updates,
    model: npt.NDArray[np.float32],
    models: npt.NDArray[np.float32],
    round: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Add the updates to the global model and to those of the clusters."""
    with np.errstate(over="ignore"):
        model, models = model + _global_update(method, updates), models + updates.sums.means()
    if not (np.isfinite(model).all() and np.isfinite(models).all()):
        raise diverged("a model", round)
    return model, models


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


def _numbers_down(method: Method, n_clients: int, n_params: int) -> int:
    """How many numbers the server sends a client: the model, mu, and the updates that it judges."""
    if not isinstance(method.sampler, MetaSampler):
        return n_params
    return n_params + 1 + n_params * n_judged(method.sampler.policy, n_clients)


def _numbers_up(method: Method, n_clients: int, n_params: int) -> int:
    """How many numbers a client sends: its update and row count, and what its method asks for."""
    n = n_params + 1
    if method.clustering is not None:
        n += 2  # its auxiliary vector
    if isinstance(method.sampler, MetaSampler):
        # its meta-state, and the gain of each model that it judged, or of its own; the server knows mu
        n += 2 * method.sampler.bins + max(1, n_judged(method.sampler.policy, n_clients))
    return n
