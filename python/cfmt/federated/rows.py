"""Which rows clients lay out for training: as they are, or balanced by a sampler."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import Part, Rows
from cfmt.federated.methods import MetaSampler, Sampler
from cfmt.ragged import Ragged
from cfmt.sampling import meta_sample, oversample, undersample

__all__ = ["draw_rows", "drawn_sizes"]


def draw_rows(
    sampler: Sampler,
    part: Part,
    scores: npt.NDArray[np.float32],
    mu: npt.NDArray[np.float64],
) -> Ragged[np.int64]:
    """Lay out the rows that each client trains on.

    Parameters
    ----------
    sampler : {"none", "over", "under"} or MetaSampler
        How clients balance their rows.
    part : Part
        The clients with their rows.
    scores : ndarray of shape (n_models, n_rows), float32
        Scores of the table's rows by the models received, for a meta-sampler.
    mu : ndarray of shape (n_cohort,), float64
        Centres of the cohort's Gaussian weights, for a meta-sampler.

    Returns
    -------
    Ragged of int64
        Rows of the federation's table; one may stand there more than once.
    """
    rows, labels = part.train.rows, part.train.is_attack
    if isinstance(sampler, MetaSampler):
        drawn = meta_sample(
            part.train.errors(part.train.scores(scores, part.which)),
            labels,
            rows.offsets,
            mu[part.at],
            minority_mu=sampler.minority_mu,
            sigma=sampler.sigma,
            budget=sampler.budget,
            **part.key,
        )
    elif sampler == "over":
        drawn = oversample(labels, rows.offsets, **part.key)
    elif sampler == "under":
        drawn = undersample(labels, rows.offsets, **part.key)
    else:
        return rows
    return drawn.with_values(rows.values[drawn.values])


def drawn_sizes(sampler: Sampler, train: Rows) -> npt.NDArray[np.int64]:
    """Foretell how many rows :func:`draw_rows` lays out for each client, without drawing them.

    Parameters
    ----------
    sampler : {"none", "over", "under"} or MetaSampler
        How clients balance their rows.
    train : Rows
        Their training rows.

    Returns
    -------
    ndarray of shape (n_clients,), int64
    """
    attack, normal = train.n_attack, train.n_normal
    if sampler == "none":
        return attack + normal
    budget = sampler.budget if isinstance(sampler, MetaSampler) else sampler
    size = np.minimum(attack, normal) if budget == "under" else np.maximum(attack, normal)
    return np.where((attack > 0) & (normal > 0), 2 * size, attack + normal)
