"""What clients see of the models that they received, and what the server hears of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.clustering import auxiliary_vectors
from cfmt.federated.cohort import Cohort, Part, Rows
from cfmt.federated.federation import count_per_client
from cfmt.federated.methods import MetaSampler, Method
from cfmt.federated.scoring import score
from cfmt.nn import Engine
from cfmt.ragged import Ragged
from cfmt.sampling import error_histograms

__all__ = ["View", "look"]


@dataclass(frozen=True, eq=False)
class View:
    """What the models that a cohort received make of its rows.

    Parameters
    ----------
    scores : ndarray of shape (n_models, n_rows), float32
        Scores of the table's rows by each model, in which clients look theirs up; (0, 0) for a method that
        asks for none.
    vectors : ndarray of shape (n_cohort, 2), float64
        (imbalance, accuracy) of each client; (0, 2) for a method without clusters.
    meta_states : ndarray of shape (n_cohort, 2 * bins), float64
        Error histograms of each client; (0, 0) for a method without a meta-sampler.
    """

    scores: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.float64]
    meta_states: npt.NDArray[np.float64]


def look(engine: Engine, method: Method, cohort: Cohort) -> View:
    """Let every client evaluate the model that it received, and report what the method asks for.

    Clients share rows of one table and a few models, so each model scores the table once.

    Parameters
    ----------
    engine : Engine
        Holds the federation's table.
    method : Method
        What it asks of the clients.
    cohort : Cohort
        Who received what.

    Returns
    -------
    View
    """
    clusters = method.clustering is not None
    sampler = method.sampler if isinstance(method.sampler, MetaSampler) else None
    if not clusters and sampler is None:
        return View(np.empty((0, 0), np.float32), np.empty((0, 2)), np.empty((0, 0)))
    scores, n = score(engine, cohort.models, round=cohort.round), len(cohort.clients)
    vectors = np.empty((n if clusters else 0, 2))
    meta_states = np.empty((0, 0) if sampler is None else (n, 2 * sampler.bins))
    for part in cohort.parts():
        train, held_out = (rows.scores(scores, part.which) for rows in (part.train, part.validation))
        if clusters:
            vectors[part.at] = _auxiliary_vectors(part, train, held_out)
        if sampler is not None:
            meta_states[part.at] = _meta_states(sampler, part, train, held_out)
    return View(scores, vectors, meta_states)


def _auxiliary_vectors(
    part: Part, train_scores: npt.NDArray[np.float32], held_out_scores: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return (imbalance, accuracy) of each client, shape (n_part, 2).

    The accuracy is that on validation rows, or on training rows for a client that has none.
    """
    held_out, on_train = part.validation.accuracy(held_out_scores), part.train.accuracy(train_scores)
    accuracy = np.where(part.validation.rows.sizes > 0, held_out, on_train)
    return auxiliary_vectors(part.train.n_attack, part.train.n_normal, accuracy)


def _meta_states(
    sampler: MetaSampler,
    part: Part,
    train_scores: npt.NDArray[np.float32],
    held_out_scores: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Return the error histograms on training and validation rows, shape (n_part, 2 * bins).

    By the setting, only rows of the class that is the majority of the client's training rows count.
    """
    majority = part.train.n_attack > part.train.n_normal

    def histograms(rows: Rows, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        errors = rows.rows.with_values(rows.errors(scores))
        if sampler.state_of == "majority":
            keep = (rows.is_attack == 1) == majority[rows.rows.clients]
            errors = Ragged.from_sizes(errors.values[keep], count_per_client(rows.rows, keep))
        return error_histograms(errors.values, errors.offsets, bins=sampler.bins)

    return np.hstack([histograms(part.train, train_scores), histograms(part.validation, held_out_scores)])
