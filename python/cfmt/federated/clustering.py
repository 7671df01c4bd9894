"""Dynamic clusters: which client belongs to which cluster in a round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.clustering import choose_k, kmeans, match_clusters, nearest, standardise
from cfmt.federated.cohort import Cohort
from cfmt.federated.methods import Clustering
from cfmt.federated.state import Clusters
from cfmt.streams import generator

__all__ = ["recluster"]


def recluster(
    clustering: Clustering | None,
    clusters: Clusters,
    cohort: Cohort,
    vectors: npt.NDArray[np.float64],
) -> tuple[Clusters, npt.NDArray[np.int64]]:
    """Put every client of the cohort into exactly one cluster.

    New clusters take over the slot of the old centroid that they match at least cost, so that a
    cluster keeps its model and its policy while its members drift.

    Parameters
    ----------
    clustering : Clustering or None
        None is one cluster for all.
    clusters : Clusters
        Clusters of the round before.
    cohort : Cohort
        Clients that take part.
    vectors : ndarray of shape (n_cohort, n_features), float64
        What they are clustered by; not looked at without clustering.

    Returns
    -------
    clusters : Clusters
        With new centroids and membership; the models are untouched.
    labels : ndarray of shape (n_cohort,), int64
        The slot of each client of the cohort.
    """
    centroids = clusters.centroids if len(clusters.centroids) else np.empty((0, vectors.shape[1]))
    if clustering is None:
        labels = np.zeros(len(cohort.clients), np.int64)
    elif len(centroids) and (cohort.round - 1) % clustering.every:
        _, mean, scale = standardise(vectors)
        labels = nearest((vectors - mean) / scale, (centroids - mean) / scale)
    else:
        labels, centroids = _cluster(clustering, centroids, vectors, cohort)
    if clustering is not None and clustering.assignment == "random":
        labels = generator(cohort.seed, "clustering", round=cohort.round, item=1).permutation(labels)
    membership = clusters.membership.copy()
    membership[cohort.clients] = labels
    return replace(clusters, centroids=centroids, membership=membership), labels


def _cluster(
    clustering: Clustering,
    previous: npt.NDArray[np.float64],
    vectors: npt.NDArray[np.float64],
    cohort: Cohort,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Cluster afresh and give each cluster its old slot; returns labels and the slots' centroids."""
    points, mean, scale = standardise(vectors)
    if clustering.k is None:
        found = choose_k(points, k_max=clustering.k_max, seed=cohort.seed, round=cohort.round)
    else:
        found = kmeans(points, clustering.k, seed=cohort.seed, round=cohort.round)
    slots = match_clusters(found.centroids, (previous - mean) / scale)
    fresh = max(0, slots.max() + 1 - len(previous))
    centroids = np.vstack([previous, np.empty((fresh, previous.shape[1]))])
    centroids[slots] = found.centroids * scale + mean
    return slots[found.labels], centroids
