"""What a detector is worth at each client: the figures that a mean over all rows hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.metrics import confusion, f1, false_positive_rate, recall, roc_auc
from cfmt.ragged import Ragged

__all__ = ["ClientFigures", "client_figures", "worst_tenth"]

_HIGH_IS_BAD = "fpr"
_FIGURES = ("recall", "fpr", "roc_auc", "f1")


@dataclass(frozen=True)
class ClientFigures:
    """How a detector does on the rows of one client.

    Parameters
    ----------
    name : str
        Name of the client.
    n_rows, n_attacks : int
        Its rows, and the attacks among them.
    recall, fpr, roc_auc, f1 : float
        All but ``roc_auc`` at the detector's threshold. NaN where its rows lack a class that the figure
        needs: attacks for ``recall``, normal rows for ``fpr``, both for ``roc_auc`` and ``f1``.

    Examples
    --------
    >>> from cfmt.detector import ClientFigures
    >>> ClientFigures("site a", 10, 0, float("nan"), 0.1, float("nan"), float("nan")).fpr
    0.1
    """

    name: str
    n_rows: int
    n_attacks: int
    recall: float
    fpr: float
    roc_auc: float
    f1: float


def client_figures(
    scores: npt.NDArray[np.float32],
    is_attack: npt.NDArray[np.uint8],
    rows: Ragged[np.int64],
    names: Sequence[str],
    threshold: float,
) -> tuple[ClientFigures, ...]:
    """Evaluate scores client by client.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores of all rows.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    rows : Ragged of int64
        Rows of each client.
    names : sequence of str, of length n_clients
        Names of the clients.
    threshold : float
        Score from which a row is an alert.

    Returns
    -------
    tuple of ClientFigures

    Examples
    --------
    >>> from cfmt.detector import client_figures
    >>> from cfmt.ragged import Ragged
    >>> scores, is_attack = np.array([0.2, 0.9, 0.8], np.float32), np.array([0, 1, 0], np.uint8)
    >>> one, other = client_figures(scores, is_attack, Ragged.from_list([[0, 1], [2]]), ("a", "b"), 0.5)
    >>> one.recall, one.roc_auc, other.fpr, other.recall
    (1.0, 1.0, 1.0, nan)
    """
    found = []
    for client, name in enumerate(names):
        own = rows.of(client)
        labels = is_attack[own]
        n_attacks = int(labels.sum())
        counts = confusion(scores[own], labels, threshold)
        found.append(
            ClientFigures(
                name,
                len(own),
                n_attacks,
                recall=recall(counts) if n_attacks else float("nan"),
                fpr=false_positive_rate(counts) if n_attacks < len(own) else float("nan"),
                roc_auc=roc_auc(scores[own], labels),
                f1=f1(counts) if 0 < n_attacks < len(own) else float("nan"),
            )
        )
    return tuple(found)


def worst_tenth(clients: Sequence[ClientFigures]) -> dict[str, float]:
    """Average each figure over the tenth of the clients where it is worst, one client at least.

    Parameters
    ----------
    clients : sequence of ClientFigures
        Those without a figure do not count for it.

    Returns
    -------
    dict of str to float
        ``recall``, ``fpr``, ``roc_auc`` and ``f1``; NaN where no client has it.

    Examples
    --------
    >>> from cfmt.detector import ClientFigures, worst_tenth
    >>> clients = [ClientFigures(str(k), 9, 4, k / 10, k / 10, 1.0, 1.0) for k in range(10)]
    >>> worst_tenth(clients)
    {'recall': 0.0, 'fpr': 0.9, 'roc_auc': 1.0, 'f1': 1.0}
    """
    found = {}
    for figure in _FIGURES:
        values = np.sort(np.array([getattr(one, figure) for one in clients], np.float64))
        values = values[~np.isnan(values)]
        n_worst = -(-len(values) // 10)
        worst = values[len(values) - n_worst :] if figure == _HIGH_IS_BAD else values[:n_worst]
        found[figure] = float(worst.mean()) if n_worst else float("nan")
    return found
