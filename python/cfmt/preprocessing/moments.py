"""Moments of features that merge exactly as the rows behind them would.

References
----------
T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
Variances", COMPSTAT 1982.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Moments"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean, squared deviations and extremes of each feature over some rows.

    Parameters
    ----------
    count : int
        Number of rows.
    mean : ndarray of shape (n_features,), float64
        0 where there are no rows.
    deviation : ndarray of shape (n_features,), float64
        Sum over the rows of the squared distance from the mean (Chan's M2).
    minimum, maximum : ndarray of shape (n_features,), float64
        Extremes; ``inf`` and ``-inf`` where there are no rows.

    Examples
    --------
    >>> from cfmt.preprocessing import Moments
    >>> one = Moments.of_clients(np.array([[1.0], [3.0]]), np.array([0, 2]))
    >>> both = one.merge(Moments.of_clients(np.array([[5.0]]), np.array([0, 1])))
    >>> both.count, both.mean, both.maximum
    (3, array([3.]), array([5.]))
    """

    count: int
    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]

    @classmethod
    def of_nothing(cls, n_features: int) -> Moments:
        """Return the moments of no rows, which change nothing when merged."""
        zeros = np.zeros(n_features)
        return cls(0, zeros, zeros, np.full(n_features, np.inf), np.full(n_features, -np.inf))

    @classmethod
    def of_clients(cls, values: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64]) -> Moments:
        """Take each client's moments and merge them.

        Parameters
        ----------
        values : ndarray of shape (n_values, n_features), float64
            Rows of all clients, client by client.
        offsets : ndarray of shape (n_clients + 1,), int64
            Where each client's rows start, and the end.

        Returns
        -------
        Moments
        """
        sizes = np.diff(offsets)
        starts, counts = offsets[:-1][sizes > 0], sizes[sizes > 0]
        if len(starts) == 0:
            return cls.of_nothing(values.shape[1])
        means = np.add.reduceat(values, starts) / counts[:, None]
        deviations = np.add.reduceat((values - np.repeat(means, counts, axis=0)) ** 2, starts)
        count = int(counts.sum())
        # einsum, not a BLAS product: its sums do not depend on the number of threads.
        mean = np.einsum("k,kf->f", counts, means) / count
        deviation = deviations.sum(axis=0) + np.einsum("k,kf->f", counts, (means - mean) ** 2)
        # Over a narrow array reduceat is four times as fast as min(axis=0).
        minimum, maximum = np.minimum.reduceat(values, [0])[0], np.maximum.reduceat(values, [0])[0]
        return cls(count, mean, deviation, minimum, maximum)

    def merge(self, other: Moments) -> Moments:
        """Return the moments of the rows of both."""
        count = self.count + other.count
        if count == 0:
            return self
        share = other.count / count
        step = other.mean - self.mean
        return Moments(
            count,
            self.mean + share * step,
            self.deviation + other.deviation + self.count * share * step**2,
            np.minimum(self.minimum, other.minimum),
            np.maximum(self.maximum, other.maximum),
        )

    @property
    def variance(self) -> npt.NDArray[np.float64]:
        """Population variance of each feature, shape (n_features,); 0 where there are no rows."""
        return self.deviation / max(self.count, 1)

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Whether each feature has one value only, shape (n_features,)."""
        return self.minimum >= self.maximum
