"""Clustering of clients by small auxiliary vectors, with identities that last from round to round.

An array of another dtype is a ``TypeError`` that says what makes it right.
"""

from __future__ import annotations

from typing import NamedTuple

from cfmt import _core
from cfmt.typing import FloatArray, IntArray

__all__ = [
    "KMeans",
    "Standardised",
    "auxiliary_vectors",
    "choose_k",
    "kmeans",
    "match_clusters",
    "nearest",
    "silhouette",
    "standardise",
]


class KMeans(NamedTuple):
    """A clustering.

    Parameters
    ----------
    labels : ndarray of shape (n_points,), int64
        The cluster of each point: its nearest centroid, the first of equally near ones.
    centroids : ndarray of shape (k, n_features), float64
        Centres of the clusters, none of which is empty.
    inertia : float
        Sum of squared distances of the points to their centroids.
    n_iter : int
        Iterations of the restart that won.

    Examples
    --------
    >>> from cfmt.clustering import kmeans
    >>> found = kmeans(np.array([[0.0], [1.0], [10.0]]), 2, seed=0)
    >>> found.centroids[found.labels].ravel()
    array([ 0.5,  0.5, 10. ])
    """

    labels: IntArray
    centroids: FloatArray
    inertia: float
    n_iter: int


class Standardised(NamedTuple):
    """Points with columns of mean 0 and variance 1, and what made them so.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        The points; 0 in a column of one value.
    mean : ndarray of shape (n_features,), float64
        What was subtracted from each column.
    scale : ndarray of shape (n_features,), float64
        What each column was divided by; 1 for a column of one value.

    Examples
    --------
    >>> from cfmt.clustering import standardise
    >>> found = standardise(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> found.points, found.mean, found.scale
    (array([[-1.,  0.],
           [ 1.,  0.]]), array([2., 5.]), array([1., 1.]))
    """

    points: FloatArray
    mean: FloatArray
    scale: FloatArray


def auxiliary_vectors(n_attack: IntArray, n_normal: IntArray, accuracy: FloatArray) -> FloatArray:
    r"""Describe every client by its imbalance and the accuracy of the model that it received.

    Parameters
    ----------
    n_attack : ndarray of shape (n_clients,), int64
        Attack rows of each client.
    n_normal : ndarray of shape (n_clients,), int64
        Normal rows of each client.
    accuracy : ndarray of shape (n_clients,), float64
        Accuracy of the received model on each client's validation rows.

    Returns
    -------
    ndarray of shape (n_clients, 2), float64
        :math:`\log_{10} \frac{n_{attack} + 1}{n_{normal} + 1}` and the accuracy.

    Raises
    ------
    ValueError
        If a count is negative, an accuracy is NaN or outside [0, 1], or lengths differ.

    Examples
    --------
    >>> from cfmt.clustering import auxiliary_vectors
    >>> auxiliary_vectors(np.array([9, 0]), np.array([0, 99]), np.array([0.5, 1.0]))
    array([[ 1. ,  0.5],
           [-2. ,  1. ]])
    """
    return _core.auxiliary_vectors(n_attack, n_normal, accuracy)


def standardise(points: FloatArray) -> Standardised:
    """Give every column mean 0 and variance 1.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        Finite points, at least one.

    Returns
    -------
    Standardised
        A column of one value becomes 0, exactly.

    Raises
    ------
    ValueError
        If there is no point, or a coordinate is not finite or beyond 1e100.

    Examples
    --------
    >>> from cfmt.clustering import standardise
    >>> standardise(np.array([[0.0, 7.0], [10.0, 7.0]])).points
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    return Standardised(*_core.standardise(points))


def kmeans(
    points: FloatArray,
    k: int,
    *,
    n_init: int = 10,
    max_iter: int = 300,
    tol: float = 1e-4,
    seed: int,
    round: int = 0,
) -> KMeans:
    """Cluster points around ``k`` centroids.

    Greedy k-means++ seeding as scikit-learn has it, Lloyd's iterations, the restart of the least inertia. An
    emptied cluster moves to the point farthest from all centroids. The result is the same for any number of
    threads.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        Finite points, at least one. Squared distances that underflow count as 0.
    k : int
        Number of clusters; lowered to the number of distinct points where these are fewer.
    n_init : int, default=10
        Restarts from different seeds.
    max_iter : int, default=300
        Most iterations of a restart.
    tol : float, default=1e-4
        A restart ends when the squared movement of all centroids is at most this share of the mean variance
        of the columns.
    seed : int
        Seed of the whole run.
    round : int, default=0
        Round of training; every round has random numbers of its own.

    Returns
    -------
    KMeans

    Raises
    ------
    ValueError
        If there is no point, a coordinate is not finite or beyond 1e100, or a number is out of range.

    References
    ----------
    Arthur, Vassilvitskii: k-means++: the advantages of careful seeding, SODA 2007.
    Lloyd: Least squares quantization in PCM, IEEE Transactions on Information Theory 28(2), 1982.
    Kanungo et al.: An efficient k-means clustering algorithm: analysis and implementation, IEEE Transactions
    on Pattern Analysis and Machine Intelligence 24(7), 2002 (the assignment of whole cells of a kd-tree).

    Examples
    --------
    >>> from cfmt.clustering import kmeans
    >>> kmeans(np.array([[0.0], [1.0], [10.0]]), 2, seed=0).inertia
    0.5
    """
    fit = _core.kmeans_fit(points, k, n_init=n_init, max_iter=max_iter, tol=tol, seed=seed, round=round)
    return KMeans(*fit)


def choose_k(
    points: FloatArray,
    *,
    k_max: int,
    n_init: int = 10,
    max_iter: int = 300,
    tol: float = 1e-4,
    max_points: int = 2000,
    seed: int,
    round: int = 0,
) -> KMeans:
    """Cluster points with the number of clusters in ``2..k_max`` that has the best silhouette.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        Finite points, at least one.
    k_max : int
        Most clusters to try.
    n_init, max_iter, tol, seed, round
        As for :func:`kmeans`.
    max_points : int, default=2000
        Points in the sample by which silhouettes are compared.

    Returns
    -------
    KMeans
        With the least of equally good numbers; one cluster where fewer than two points are distinct, or
        ``k_max`` is 1.

    Raises
    ------
    ValueError
        If there is no point, a coordinate is not finite or beyond 1e100, or a number is out of range.

    References
    ----------
    Rousseeuw: Silhouettes: a graphical aid to the interpretation and validation of cluster analysis, Journal
    of Computational and Applied Mathematics 20, 1987.

    Examples
    --------
    >>> from cfmt.clustering import choose_k
    >>> points = np.array([[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]])
    >>> len(choose_k(points, k_max=5, seed=0).centroids)
    3
    """
    fit = _core.kmeans_choose_k(
        points,
        k_max,
        n_init=n_init,
        max_iter=max_iter,
        tol=tol,
        max_points=max_points,
        seed=seed,
        round=round,
    )
    return KMeans(*fit)


def silhouette(
    points: FloatArray, labels: IntArray, *, max_points: int = 2000, seed: int, round: int = 0
) -> float:
    """Measure how much nearer points are to their own cluster than to the next one.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        Finite points.
    labels : ndarray of shape (n_points,), int64
        The cluster of each point, any numbers, at least two different ones.
    max_points : int, default=2000
        Points drawn at random without replacement, where there are more; distances are taken within the
        sample.
    seed : int
        Seed of the whole run.
    round : int, default=0
        Round of training.

    Returns
    -------
    float
        Mean silhouette of the sample in [-1, 1]. The only point of a cluster counts 0; so does a sample that
        holds one cluster only.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, a coordinate is not finite, or lengths differ.

    References
    ----------
    Rousseeuw: Silhouettes: a graphical aid to the interpretation and validation of cluster analysis, Journal
    of Computational and Applied Mathematics 20, 1987.

    Examples
    --------
    >>> from cfmt.clustering import silhouette
    >>> points = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> round(silhouette(points, np.array([0, 0, 1, 1]), seed=0), 2)
    0.98
    >>> round(silhouette(points, np.array([0, 1, 0, 1]), seed=0), 2)
    -0.49
    """
    return _core.silhouette(points, labels, max_points=max_points, seed=seed, round=round)


def match_clusters(centroids: FloatArray, previous: FloatArray) -> IntArray:
    """Find which previous cluster each cluster continues, at the least sum of squared distances.

    Parameters
    ----------
    centroids : ndarray of shape (k, n_features), float64
        Centroids of this round.
    previous : ndarray of shape (m, n_features), float64
        Centroids of the round before, on the same scale; ``m`` may be 0.

    Returns
    -------
    ndarray of shape (k,), int64
        Identity of each cluster: a row of ``previous``, each at most once. Clusters without a partner get the
        fresh identities ``m``, ``m + 1``, ... in their order.

    Raises
    ------
    ValueError
        If a coordinate is not finite, or the numbers of features differ.

    References
    ----------
    Kuhn: The Hungarian method for the assignment problem, Naval Research Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from cfmt.clustering import match_clusters
    >>> match_clusters(np.array([[5.1], [0.2], [9.0]]), np.array([[0.0], [5.0]]))
    array([1, 0, 2])
    """
    return _core.match_clusters(centroids, previous)


def nearest(points: FloatArray, centroids: FloatArray) -> IntArray:
    """Find the nearest centroid of every point.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features), float64
        Finite points.
    centroids : ndarray of shape (k, n_features), float64
        Finite centroids, at least one.

    Returns
    -------
    ndarray of shape (n_points,), int64
        The first of equally near centroids.

    Raises
    ------
    ValueError
        If there is no centroid, a coordinate is not finite, or the numbers of features differ.

    Examples
    --------
    >>> from cfmt.clustering import nearest
    >>> nearest(np.array([[0.2], [4.0], [2.5]]), np.array([[0.0], [5.0]]))
    array([0, 1, 0])
    """
    return _core.nearest(points, centroids)
