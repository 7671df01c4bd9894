"""Why a row is an alert, in the words of its table."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.data import Table
from cfmt.detector.detector import Detector

__all__ = ["Reason", "alert_reasons"]


class Reason(NamedTuple):
    """A column that raised a row's score.

    Parameters
    ----------
    column : str
        Its name.
    value : float or str
        What stands there.
    part : float
        By how much it raised the log-odds, against the baseline of :meth:`Detector.explain`.

    Examples
    --------
    >>> from cfmt.detector import Reason
    >>> Reason("flag", "S0", 1.5).part
    1.5
    """

    column: str
    value: float | str
    part: float


def alert_reasons(
    detector: Detector, table: Table, alerts: npt.NDArray[np.bool_], k: int
) -> list[list[Reason]]:
    """Name the columns that raised the score of each alert most.

    Parameters
    ----------
    detector : Detector
        Explains them.
    table : Table
        Raw rows.
    alerts : ndarray of shape (n_rows,), bool
        Which of them are alerts.
    k : int
        The most columns for each; those that did not raise the score are left out.

    Returns
    -------
    list of list of Reason
        For each row, empty where it is no alert; the foremost column first.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, alert_reasons
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(200, 20, seed=0)
    >>> preprocessor = fit_preprocessor(train, scaling="quantile")
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> reasons = alert_reasons(detector, test, detector.score(test).alerts, k=2)
    >>> len(reasons), max(map(len, reasons))
    (20, 2)
    """
    found: list[list[Reason]] = [[] for _ in range(table.n_rows)]
    rows = np.flatnonzero(alerts)
    explained = detector.explain(table.take(rows))
    for row, columns, parts in zip(rows.tolist(), explained.top(k).tolist(), explained.parts, strict=True):
        raised = [column for column in columns if parts[column] > 0]
        names = [(explained.columns[column], float(parts[column])) for column in raised]
        found[row] = [Reason(name, _cell(table, row, name), part) for name, part in names]
    return found


def _cell(table: Table, row: int, name: str) -> float | str:
    """Return what stands in a row's column."""
    schema = table.schema
    if name in schema.numeric:
        value = float(table.numeric[row, schema.numeric.index(name)])
        return int(value) if value.is_integer() else value
    column = schema.categorical.index(name)
    return table.vocabularies[column][int(table.categorical[row, column])]
