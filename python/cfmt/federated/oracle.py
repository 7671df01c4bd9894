"""What no server may know: the true mix of attack families at each client. For ablations alone.

No client tells it, and nothing that a client computes is made from it: the round asks for it in the place of
the auxiliary vectors, and only for a method whose clusters are those of the oracle. What such clusters gain
over ordinary ones is a bound on what better auxiliary vectors could bring.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.federated.federation import Federation
from cfmt.partition import class_counts

__all__ = ["family_mix"]


def family_mix(federation: Federation, clients: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the shares of the attack families among each client's training rows.

    Parameters
    ----------
    federation : Federation
        Knows the family of every row, as a real federation does not.
    clients : ndarray of shape (n_cohort,), int64
        Whose rows to look at.

    Returns
    -------
    ndarray of shape (n_cohort, n_families), float64
        Normal traffic is the first family; the shares of a client add up to 1, or are 0 for one without rows.
    """
    rows = federation.train.take(clients)
    own = rows.with_values(np.arange(len(rows.values)))
    counts = class_counts(own, federation.family[rows.values], len(federation.families))
    shares: npt.NDArray[np.float64] = counts / np.maximum(rows.sizes, 1)[:, np.newaxis]
    return shares
