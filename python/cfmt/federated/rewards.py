"""What the meta-sampler learns from: how much better trained models rank rows that they are judged on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from cfmt.federated.cohort import Cohort, Part, Rows
from cfmt.federated.methods import LearnedMu, MuPolicy
from cfmt.federated.view import View
from cfmt.metrics import ragged_average_precision
from cfmt.ragged import Ragged
from cfmt.streams import generator

__all__ = ["draw_judges", "gains", "judged_rows", "n_judged", "rewards_of"]


def n_judged(policy: MuPolicy, n_clients: int) -> int:
    """Return how many models of others each of so many clients judges in a round."""
    return min(policy.judges, n_clients - 1) if isinstance(policy, LearnedMu) else 0


def draw_judges(cohort: Cohort, policy: LearnedMu) -> npt.NDArray[np.int64]:
    """Draw who judges whose trained model: every client judges as many models as judge its own.

    Parameters
    ----------
    cohort : Cohort
        Clients that take part; its key keys the draw.
    policy : LearnedMu
        Says how many judges each client has.

    Returns
    -------
    ndarray of shape (n_cohort, n_judges), int64
        Ids of each client's judges, in no order: itself alone where the policy asks for none, or it is the
        whole cohort.
    """
    n = len(cohort.clients)
    n_judges = n_judged(policy, n)
    if n_judges < 1:
        return cohort.clients[:, np.newaxis]
    circle = generator(cohort.seed, "reviewers", round=cohort.round).permutation(n)
    steps = np.arange(1, n_judges + 1)
    judges = np.empty((n, len(steps)), np.int64)
    judges[circle] = cohort.clients[circle[(np.arange(n)[:, np.newaxis] + steps) % n]]
    return judges


def judged_rows(part: Part, cohort: Cohort, judges: npt.NDArray[np.int64]) -> Ragged[np.int64]:
    """Return the rows on which each client's trained model is tried: the validation rows of its judges.

    Parameters
    ----------
    part : Part
        The clients.
    cohort : Cohort
        The cohort that they are of.
    judges : ndarray of shape (n_cohort, n_judges), int64
        Ids of the judges of each client of the cohort.

    Returns
    -------
    Ragged of int64
        Rows of the federation's table; none for a client whose judges hold out one class, or nothing.
    """
    own = judges[part.at]
    held_out = cohort.federation.validation.take(own.ravel())
    sizes = held_out.sizes.reshape(own.shape).sum(axis=1)
    rows = Rows.of(cohort.federation, Ragged.from_sizes(held_out.values, sizes))
    two_classes = (rows.n_attack > 0) & (rows.n_normal > 0)
    return Ragged.from_sizes(held_out.values[two_classes[rows.rows.clients]], np.where(two_classes, sizes, 0))


def gains(
    part: Part, cohort: Cohort, view: View, judged: Ragged[np.int64], scores: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return what training gained each client in average precision.

    Parameters
    ----------
    part : Part
        The clients.
    cohort : Cohort
        The cohort that they are of.
    view : View
        Scores of the models that they received.
    judged : Ragged of int64
        Rows on which their trained models were tried.
    scores : ndarray of shape (n_values,), float32
        The trained models' scores of these rows.

    Returns
    -------
    ndarray of shape (n_part,), float64
        In [-1, 1]; NaN for a client without judged rows.
    """
    rows = Rows.of(cohort.federation, judged)
    before = rows.scores(view.scores, part.which)
    precision = [
        ragged_average_precision(found, rows.is_attack, judged.offsets) for found in (before, scores)
    ]
    return precision[1] - precision[0]


def rewards_of(policy: LearnedMu, gained: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what a policy learns from in the place of gains.

    Parameters
    ----------
    policy : LearnedMu
        Whether ranks or gains.
    gained : ndarray of shape (n,), float64
        Gains of a cohort; NaN where there is none.

    Returns
    -------
    ndarray of shape (n,), float64
        The gains, or their mid-ranks from -1 to 1 with mean 0, where a single gain becomes 0; NaN stays.
    """
    if policy.reward == "gain":
        return gained
    known = ~np.isnan(gained)
    ranks, n = np.full(len(gained), np.nan), int(known.sum())
    ranks[known] = 2 * (rankdata(gained[known]) - 0.5) / max(n, 1) - 1
    return ranks
