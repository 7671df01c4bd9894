"""Reviews: clients of a cohort score each other's trained models, for a policy that learns from gains.

Only a simulator can do this as it is, since it holds the rows of all clients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import ClientGroup, Cohort, labelled
from cfmt.federated.federation import Federation
from cfmt.metrics import ragged_average_precision
from cfmt.ragged import Ragged
from cfmt.streams import generator

__all__ = ["draw_reviewers", "gains", "reviewed_rows"]


def draw_reviewers(cohort: Cohort, n_reviewers: int) -> npt.NDArray[np.int64]:
    """Draw who reviews whose trained model: every client reviews as many models as review its own.

    Parameters
    ----------
    cohort : Cohort
        Clients that take part; its key keys the draw.
    n_reviewers : int
        Reviewers of each model; below 1, each client reviews its own.

    Returns
    -------
    ndarray of shape (n_cohort, max(n_reviewers, 1)), int64
        Ids of each client's reviewers, in no order.
    """
    if n_reviewers < 1:
        return cohort.clients[:, np.newaxis]
    n = len(cohort)
    circle = generator(cohort.seed, "reviewers", round=cohort.round).permutation(n)
    steps = np.arange(1, n_reviewers + 1)
    reviewers = np.empty((n, len(steps)), np.int64)
    reviewers[circle] = cohort.clients[circle[(np.arange(n)[:, np.newaxis] + steps) % n]]
    return reviewers


def reviewed_rows(
    federation: Federation, group: ClientGroup, reviewers: npt.NDArray[np.int64]
) -> Ragged[np.int64]:
    """Return the rows that each client's trained model scores: the validation rows of its reviewers.

    Parameters
    ----------
    federation : Federation
        Has the reviewers' rows.
    group : ClientGroup
        The clients.
    reviewers : ndarray of shape (n_cohort, n_reviewers), int64
        Ids of the reviewers of each client of the cohort.

    Returns
    -------
    Ragged of int64
        Rows of the federation's table; none for a client whose reviewers have validation rows of one class,
        or none.
    """
    own = reviewers[group.positions]
    found = federation.validation.take(own.ravel())
    sizes = found.sizes.reshape(own.shape).sum(axis=1)
    rows = labelled(federation, Ragged.from_sizes(found.values, sizes))
    two_classes = (rows.n_attack > 0) & (rows.n_normal > 0)
    return Ragged.from_sizes(found.values[two_classes[rows.rows.clients]], np.where(two_classes, sizes, 0))


def gains(
    federation: Federation,
    group: ClientGroup,
    reviewed: Ragged[np.int64],
    before: npt.NDArray[np.float32],
    after: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Return what training gained each client in average precision.

    Parameters
    ----------
    federation : Federation
        Has the labels.
    group : ClientGroup
        The clients.
    reviewed : Ragged of int64
        Rows that their trained models scored.
    before : ndarray of shape (n_models, n_rows), float32
        Scores of the table's rows by the models received.
    after : ndarray of shape (n_values,), float32
        Scores of the reviewed rows by the trained models.

    Returns
    -------
    ndarray of shape (n_clients,), float64
        In [-1, 1]; NaN for a client without reviewed rows.
    """
    rows = labelled(federation, reviewed)
    received = rows.scores(before, group.model_index)
    old, new = (
        ragged_average_precision(found, rows.is_attack, reviewed.offsets) for found in (received, after)
    )
    return new - old
