"""What clients do: balance their rows, train, and send an update, a loss and perhaps a reward."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cfmt.aggregation import WeightedSum
from cfmt.federated.cohort import Cohort, View
from cfmt.federated.methods import LearnedMu, MetaSampler, Method, Sampler
from cfmt.metrics import ragged_average_precision
from cfmt.nn import Engine, LocalTraining, SummingEngine
from cfmt.ragged import Ragged
from cfmt.sampling import meta_sample, oversample, undersample

__all__ = ["Updates", "client_weights", "draw_rows", "train"]


@dataclass(frozen=True, eq=False)
class Updates:
    """A cohort's updates, summed by cluster as they came.

    Parameters
    ----------
    sums : WeightedSum
        Weighted sums of the updates, one for each cluster slot.
    losses : ndarray of shape (n_cohort,), float64
        Mean training loss of each client; NaN for one without rows.
    rewards : ndarray of shape (n_cohort,) or (0,), float64
        Gain in average precision on validation rows; none where nothing is learned from it.
    """

    sums: WeightedSum
    losses: npt.NDArray[np.float64]
    rewards: npt.NDArray[np.float64]


def draw_rows(
    sampler: Sampler, cohort: Cohort, view: View | None, mu: npt.NDArray[np.float64]
) -> Ragged[np.int64]:
    """Lay out the rows that each client trains on.

    Parameters
    ----------
    sampler : {"none", "over", "under"} or MetaSampler
        How clients balance their rows.
    cohort : Cohort
        Their rows.
    view : View or None
        Their scores, for a meta-sampler.
    mu : ndarray of shape (n_cohort,), float64
        Centres of the Gaussian weights, for a meta-sampler.

    Returns
    -------
    Ragged of int64
        Rows of the federation's table; one may stand there more than once.
    """
    rows, labels = cohort.train.rows, cohort.train.is_attack
    if isinstance(sampler, MetaSampler):
        assert view is not None, "a meta-sampler needs the clients' scores"
        drawn = meta_sample(
            cohort.train.errors(view.train_scores),
            labels,
            rows.offsets,
            mu,
            sigma=sampler.sigma,
            budget=sampler.budget,
            **cohort.key,
        )
    elif sampler == "over":
        drawn = oversample(labels, rows.offsets, **cohort.key)
    elif sampler == "under":
        drawn = undersample(labels, rows.offsets, **cohort.key)
    else:
        return rows
    return drawn.with_values(rows.values[drawn.values])


def client_weights(method: Method, cohort: Cohort) -> npt.NDArray[np.float64]:
    """Return the weight of each client in its cluster, shape (n_cohort,); 0 for one without rows."""
    sizes = cohort.train.rows.sizes.astype(np.float64)
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
    view: View | None,
    labels: npt.NDArray[np.int64],
    drawn: Ragged[np.int64],
) -> Updates:
    """Train the cohort group by group and sum the updates as they come.

    Parameters
    ----------
    engine : Engine
        Trains.
    method : Method
        Proximal weight, class weights, client weights, and whether rewards are asked for.
    local : LocalTraining
        The rest of local training.
    cohort : Cohort
        Who trains.
    view : View or None
        Scores before training, for rewards.
    labels : ndarray of shape (n_cohort,), int64
        Cluster slot of each client.
    drawn : Ragged of int64
        Rows that each client trains on.

    Returns
    -------
    Updates
    """
    weights, n_slots = client_weights(method, cohort), _n_slots(method)
    how = replace(local, prox_mu=method.prox_mu, positive_weight="balanced" if method.class_weighted else 1.0)
    learns = isinstance(method.sampler, MetaSampler) and isinstance(method.sampler.policy, LearnedMu)
    if isinstance(engine, SummingEngine) and not learns:
        sums, losses = engine.train_and_sum(
            cohort.models,
            cohort.which,
            drawn,
            how,
            weights=weights,
            clusters=labels,
            n_clusters=n_slots,
            **cohort.key,
        )
        return Updates(_as_weighted_sum(sums, weights, labels), losses, np.empty(0))
    losses, rewards = np.full(len(weights), np.nan), np.zeros(len(weights) if learns else 0)
    total = WeightedSum(n_slots, cohort.models.shape[1])
    for at, deltas, group_losses in engine.train(cohort.models, cohort.which, drawn, how, **cohort.key):
        total.add(deltas, weights[at], labels[at])
        losses[at] = group_losses
        if learns and view is not None:
            rewards[at] = _rewards(engine, cohort, view, at, cohort.models[cohort.which[at]] + deltas)
    return Updates(total, losses, rewards)


def _n_slots(method: Method) -> int:
    return 1 if method.clustering is None else method.clustering.k_max


def _as_weighted_sum(
    sums: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> WeightedSum:
    total = WeightedSum(*sums.shape)
    totals = np.bincount(labels, weights=weights, minlength=len(sums)).astype(np.float64)
    total.add_sums(sums, totals)
    return total


def _rewards(
    engine: Engine,
    cohort: Cohort,
    view: View,
    at: npt.NDArray[np.int64],
    models: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Gain in average precision on the validation rows of some clients; 0 where these are of one class."""
    held_out = cohort.validation
    rows = held_out.rows.take(at)
    labels = held_out.rows.with_values(held_out.is_attack).take(at).values
    before = held_out.rows.with_values(view.validation_scores).take(at).values
    after = engine.client_scores(models, rows)
    precision = [ragged_average_precision(scores, labels, rows.offsets) for scores in (before, after)]
    return np.nan_to_num(precision[1] - precision[0], nan=0.0)
