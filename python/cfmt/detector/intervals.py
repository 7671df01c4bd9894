"""How sure a false-positive rate is: the interval of Clopper and Pearson, and the rows that a rate takes.

The interval needs no shape of the scores, only that the flows are like those to come and say independent
things; flows in bursts say less than their number. It also holds where the same rows chose the threshold, as
the tests see: the rate beyond the k-th highest of n scores follows the two beta distributions of its ends.

References
----------
C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
Binomial", Biometrika 26(4), 1934.
"""

from __future__ import annotations

import math

__all__ = ["CONFIDENCE", "fpr_interval", "rows_needed"]

CONFIDENCE = 0.95
_HALVINGS = 200  # of an interval, at most: until its ends are neighbours
_NEGLIGIBLE = 1e-18  # of a sum that is at least its first term


def fpr_interval(n_alerts: int, n_rows: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for the share behind a count.

    Parameters
    ----------
    n_alerts : int
        Rows that alerted.
    n_rows : int
        Rows in all, at least 1.
    confidence : float, default=0.95
        In (0, 1).

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If the counts do not fit each other, or the confidence is out of range.

    Examples
    --------
    >>> from cfmt.detector import fpr_interval
    >>> low, high = fpr_interval(10, 1000)
    >>> round(low, 5), round(high, 5)
    (0.00481, 0.01831)
    """
    if not 0 <= n_alerts <= n_rows or n_rows < 1:
        raise ValueError(f"n_alerts must lie in 0..n_rows and n_rows above 0, got {n_alerts} and {n_rows}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    tail = (1 - confidence) / 2
    return _lower(n_alerts, n_rows, tail), 1 - _lower(n_rows - n_alerts, n_rows, tail)


def rows_needed(fpr: float, *, confidence: float = CONFIDENCE) -> int:
    """Return how many benign rows it takes to tell a false-positive rate: about 3 / rate for 95 %.

    With fewer, not even a threshold that none of them reaches shows that the rate is so low (one-sided: it
    would hold back all of them with a probability above 1 - confidence at that rate).

    Parameters
    ----------
    fpr : float
        The rate, in (0, 1).
    confidence : float, default=0.95
        In (0, 1).

    Returns
    -------
    int

    Examples
    --------
    >>> from cfmt.detector import rows_needed
    >>> rows_needed(0.01), rows_needed(0.0004)
    (299, 7488)
    """
    return math.ceil(math.log(1 - confidence) / math.log1p(-fpr))


def _lower(count: int, n: int, tail: float) -> float:
    """Return the share at which so many or more of n come up with probability ``tail``, by bisection."""
    if count == 0:
        return 0.0
    low, high = 0.0, count / n  # at count / n, so many or more are about as likely as not
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (low, middle) if _upper_tail(count, n, middle) > tail else (middle, high)
    return (low + high) / 2


def _upper_tail(count: int, n: int, share: float) -> float:
    """Return the probability of ``count`` or more among n, for a share above 0 and below ``count / n``.

    Terms fall from the first on, each by a larger factor, so that their sum ends soon.
    """
    log_ways = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    first = math.exp(log_ways + count * math.log(share) + (n - count) * math.log1p(-share))
    odds, term, total = share / (1 - share), 1.0, 1.0
    for k in range(count, n):
        term *= odds * (n - k) / (k + 1)
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return first * total
