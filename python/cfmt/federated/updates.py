"""What clients do: balance their rows, train, and send an update, a loss and perhaps a reward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum
from cfmt.federated.cohort import Cohort
from cfmt.federated.methods import LearnedMu, MetaSampler, Method
from cfmt.federated.rewards import draw_judges, gains, judged_rows
from cfmt.federated.rows import draw_rows, drawn_sizes
from cfmt.federated.scoring import check_scores
from cfmt.federated.view import View
from cfmt.nn import Engine, LocalTraining, SummingEngine, sum_groups

__all__ = ["Updates", "client_weights", "train"]


@dataclass(frozen=True, eq=False)
class Updates:
    """A cohort's updates, summed by cluster as they came.

    Parameters
    ----------
    sums : WeightedSum
        Weighted sums of the updates, one for each cluster slot.
    losses : ndarray of shape (n_cohort,), float64
        Mean training loss of each client; NaN for one without rows.
    gains : ndarray of shape (n_cohort,) or (0,), float64
        Gain in average precision on the rows that a client's model is judged on, NaN without such rows; empty
        where nothing is learned from it.
    n_rows : int
        Rows that the clients laid out for training.
    """

    sums: WeightedSum
    losses: npt.NDArray[np.float64]
    gains: npt.NDArray[np.float64]
    n_rows: int


def client_weights(method: Method, cohort: Cohort) -> npt.NDArray[np.float64]:
    """Return the weight of each client in its cluster, shape (n_cohort,); 0 for one without rows."""
    sizes = cohort.sizes.astype(np.float64)
    match method.weighting:
        case "rows":
            return sizes
        case "sqrt":
            return np.sqrt(sizes)
        case "equal":
            return (sizes > 0).astype(np.float64)


def train(
    engine: Engine,
    method: Method,
    local: LocalTraining,
    cohort: Cohort,
    view: View,
    labels: npt.NDArray[np.int64],
    mu: npt.NDArray[np.float64],
    *,
    on_clients: Callable[[int, int], None] | None = None,
) -> Updates:
    """Train the cohort part by part and sum the updates as they come.

    Clients with most steps come first and those of equal number as they stand, whatever the parts: with the
    native engine, no bit depends on the parts.

    Parameters
    ----------
    engine : Engine
        Trains.
    method : Method
        Sampler, proximal weight, class weights, client weights, and whether rewards are asked for.
    local : LocalTraining
        The rest of local training.
    cohort : Cohort
        Who trains.
    view : View
        Scores before training, for a meta-sampler.
    labels : ndarray of shape (n_cohort,), int64
        Cluster slot of each client.
    mu : ndarray of shape (n_cohort,), float64
        Centre of each client's Gaussian weights; empty without a meta-sampler.
    on_clients : callable or None, default=None
        Called after each part with the number of clients that are done and that of all.

    Returns
    -------
    Updates
    """
    n, weights, n_slots = len(cohort.clients), client_weights(method, cohort), _n_slots(method)
    how = replace(local, prox_mu=method.prox_mu, positive_weight="balanced" if method.class_weighted else 1.0)
    judges = _judges(method, cohort)
    losses, gained = np.full(n, np.nan), np.full(0 if judges is None else n, np.nan)
    sums = np.zeros((n_slots, cohort.models.shape[1]))
    train_and_sum = engine.train_and_sum if isinstance(engine, SummingEngine) else partial(sum_groups, engine)
    done = n_rows = 0
    for part in cohort.parts(_by_steps(method, local, cohort)):
        drawn = draw_rows(method.sampler, part, view.scores, mu)
        judged = None if judges is None else judged_rows(part, cohort, judges)
        sums, losses[part.at], scores = train_and_sum(
            cohort.models,
            part.which,
            drawn,
            how,
            weights=weights[part.at],
            clusters=labels[part.at],
            n_clusters=n_slots,
            start=sums,
            held_out=judged,
            **part.key,
        )
        if judged is not None:
            check_scores(scores, round=cohort.round)
            gained[part.at] = gains(part, cohort, view, judged, scores)
        done, n_rows = done + len(part.at), n_rows + len(drawn.values)
        if on_clients is not None:
            on_clients(done, n)
    return Updates(_as_weighted_sum(sums, weights, labels), losses, gained, n_rows)


def _judges(method: Method, cohort: Cohort) -> npt.NDArray[np.int64] | None:
    """Draw the clients that judge each trained model; None where nothing is learned from it."""
    if isinstance(method.sampler, MetaSampler) and isinstance(method.sampler.policy, LearnedMu):
        return draw_judges(cohort, method.sampler.policy)
    return None


def _n_slots(method: Method) -> int:
    return 1 if method.clustering is None else method.clustering.k_max


def _by_steps(method: Method, local: LocalTraining, cohort: Cohort) -> npt.NDArray[np.int64]:
    """Positions of the cohort in descending number of steps, those of equal number as they stand."""
    sizes = cohort.sizes
    if method.sampler != "none" and local.steps is None:  # a set number of steps is the same for all
        for part in cohort.parts():
            sizes[part.at] = drawn_sizes(method.sampler, part.train)
    return np.argsort(-local.n_steps(sizes), kind="stable")


def _as_weighted_sum(
    sums: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> WeightedSum:
    total = WeightedSum(*sums.shape)
    totals = np.bincount(labels, weights=weights, minlength=len(sums)).astype(np.float64)
    total.add_sums(sums, totals)
    return total
