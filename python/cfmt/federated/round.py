"""One round as a function: (state, cohort) -> (state', report). The old state stays valid."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cfmt.federated import client, server
from cfmt.federated.client import ClientReports
from cfmt.federated.cohort import Cohort, groups
from cfmt.federated.federation import Federation
from cfmt.federated.methods import Method
from cfmt.federated.oracle import family_mix
from cfmt.federated.reviews import draw_reviewers, gains, reviewed_rows
from cfmt.federated.scoring import score
from cfmt.federated.server import Replies, Steering
from cfmt.federated.state import RoundReport, State
from cfmt.nn import Engine, LocalTraining

__all__ = ["run_round"]


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

    The clients' rows, scores and draws exist for a group of the cohort at a time, and updates are summed as
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

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, fedavg, initial_state, run_round
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import LocalTraining, make_engine
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> mlp, clients = MLP(federation.n_features, hidden=4), np.array([0, 2])
    >>> engine = make_engine("native", mlp, federation.X, federation.is_attack)
    >>> state = initial_state(fedavg(), mlp, 3, seed=0)
    >>> after, report = run_round(federation, engine, fedavg(), LocalTraining(), state, clients, seed=0)
    >>> state.round, after.round, report.n_clients
    (0, 1, 2)
    """
    started = time.perf_counter()
    cohort = server.send(method, state, clients, seed=seed)
    scores = np.empty((0, 0), np.float32)
    if method.needs_scores:
        scores = score(engine, cohort.models, round=cohort.round)
    reports = _evaluate(federation, method, cohort, scores)
    steering = server.steer(method, state, cohort, reports, vectors=_oracle(federation, method, cohort))
    replies = _train(federation, engine, method, local, cohort, steering, scores, on_clients)
    seconds = time.perf_counter() - started
    return server.update(method, state, cohort, steering, replies, seconds=seconds)


def _evaluate(
    federation: Federation, method: Method, cohort: Cohort, scores: npt.NDArray[np.float32]
) -> ClientReports:
    """Collect the reports of all clients, a group at a time, in the cohort's order."""
    found = [client.evaluate(method, group, scores) for group in groups(federation, cohort)]
    columns = [[getattr(reports, name) for reports in found] for name in ("sizes", "vectors", "meta_states")]
    return ClientReports(*(np.concatenate(column) for column in columns))


def _oracle(federation: Federation, method: Method, cohort: Cohort) -> npt.NDArray[np.float64] | None:
    """Return the true mix of families for the ablation that clusters by it; None for all other methods."""
    if method.clustering is None or method.clustering.assignment != "oracle":
        return None
    return family_mix(federation, cohort.clients)


def _train(
    federation: Federation,
    engine: Engine,
    method: Method,
    local: LocalTraining,
    cohort: Cohort,
    steering: Steering,
    scores: npt.NDArray[np.float32],
    on_clients: Callable[[int, int], None] | None,
) -> Replies:
    """Train the cohort group by group, clients with most steps first, and gather what comes back.

    Clients of equal number of steps come as they stand, whatever the groups: with the native engine, no bit
    depends on the groups.
    """
    n, policy = len(cohort), method.sampler.policy
    reviewers = None
    if policy is not None and policy.learns:
        reviewers = draw_reviewers(cohort, policy.n_reviewers(n))
    gathered = method.aggregator.begin(method.n_clusters, cohort.n_params)
    losses, gained = np.full(n, np.nan), np.full(0 if reviewers is None else n, np.nan)
    done = n_rows = 0
    for group in groups(federation, cohort, _by_steps(federation, method, local, cohort)):
        reviewed = None if reviewers is None else reviewed_rows(federation, group, reviewers)
        trained = client.train(
            engine,
            method,
            local,
            group,
            cohort.models,
            steering.instruction.take(group.positions),
            gathered,
            scores=scores,
            scored_rows=reviewed,
        )
        gathered, losses[group.positions] = trained.gathered, trained.losses
        if reviewed is not None:
            gained[group.positions] = gains(federation, group, reviewed, scores, trained.scores)
        done, n_rows = done + len(group.clients), n_rows + trained.n_rows
        if on_clients is not None:
            on_clients(done, n)
    return Replies(gathered, losses, gained, n_rows)


def _by_steps(
    federation: Federation, method: Method, local: LocalTraining, cohort: Cohort
) -> npt.NDArray[np.int64]:
    """Positions of the cohort in descending number of steps, those of equal number as they stand."""
    sizes = federation.train.sizes[cohort.clients]
    if local.steps is None:  # a set number of steps is the same for all
        for group in groups(federation, cohort):
            sizes[group.positions] = method.sampler.n_rows(group.train.n_attack, group.train.n_normal)
    return np.argsort(-local.n_steps(sizes), kind="stable")
