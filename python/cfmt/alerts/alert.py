"""Alerts of scored rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cfmt.alerts.allow import AllowList
from cfmt.alerts.flow import Flow, flow_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from cfmt.data.flow_stream import FlowChunk
    from cfmt.detector import Reason, Scored

__all__ = ["Alert", "Group", "alerts_of", "without_allowed"]


class Group(NamedTuple):
    """What an alert says of the others that it stands for.

    Parameters
    ----------
    by : tuple of str
        What its flows have in common.
    n_flows : int
        Number of alerted flows.
    first, last : datetime
        Times of the earliest and of the latest of them.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Group
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> Group(("src",), 3, noon, noon).n_flows
    3
    """

    by: tuple[str, ...]
    n_flows: int
    first: datetime
    last: datetime


class Alert(NamedTuple):
    """A flow whose score reached the threshold.

    Parameters
    ----------
    row : int
        Its row in its file, from 0.
    score : float
        Attack probability.
    threshold : float
        From which score on flows alert.
    flow : Flow
        Between whom it was.
    passed : dict of str to str
        Columns that are no features.
    seen : datetime
        When it was scored, in UTC.
    reasons : tuple of Reason, default=()
        What raised its score most.
    group : Group or None
        Where it stands for several flows; it is then the one with the highest score.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Alert, Flow
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> Alert(7, 0.9, 0.5, Flow(), {"uid": "C1"}, seen).time == seen
    True
    """

    row: int
    score: float
    threshold: float
    flow: Flow
    passed: dict[str, str]
    seen: datetime
    reasons: tuple[Reason, ...] = ()
    group: Group | None = None

    @property
    def time(self) -> datetime:
        """When the flow began; where that is not known, when it was scored."""
        return self.flow.time or self.seen


def without_allowed(
    chunk: FlowChunk, alerts: npt.NDArray[np.bool_], allow: AllowList
) -> npt.NDArray[np.bool_]:
    """Take back the alerts of flows that are allowed.

    Parameters
    ----------
    chunk : FlowChunk
        The flows.
    alerts : ndarray of shape (n_rows,), bool
        Which of them reach the threshold.
    allow : AllowList

    Returns
    -------
    ndarray of shape (n_rows,), bool

    Raises
    ------
    ConfigError
        If a rule asks for what no column tells.

    Examples
    --------
    >>> import numpy as np
    >>> from cfmt.alerts import AllowList, without_allowed
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> table, _ = load_synthetic(2, 0, seed=0)
    >>> without_allowed(FlowChunk(table, np.arange(2), {}), np.array([True, False]), AllowList())
    array([ True, False])
    """
    allow.check(chunk.roles)
    left = alerts.copy()
    for row in np.flatnonzero(alerts).tolist() if allow.rules else ():
        left[row] = not allow.allows(flow_of(chunk.cells(row)))
    return left


def alerts_of(
    chunk: FlowChunk,
    scored: Scored,
    threshold: float,
    seen: datetime,
    reasons: list[list[Reason]] | None = None,
) -> list[Alert]:
    """Make an alert of each alerted flow.

    Parameters
    ----------
    chunk : FlowChunk
        The flows.
    scored : Scored
        What the detector says of them.
    threshold : float
        The detector's.
    seen : datetime
        Now.
    reasons : list of list of Reason, optional
        Of each row of the chunk.

    Returns
    -------
    list of Alert

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import numpy as np
    >>> from cfmt.alerts import alerts_of
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Scored
    >>> table, _ = load_synthetic(2, 0, seed=0)
    >>> scored = Scored(np.array([0.2, 0.9], np.float32), np.array([False, True]), 0)
    >>> chunk = FlowChunk(table, np.arange(2), {"uid": ["C1", "C2"]})
    >>> [(a.row, a.passed) for a in alerts_of(chunk, scored, 0.5, datetime.now(UTC))]
    [(1, {'uid': 'C2'})]
    """
    return [
        Alert(
            row=int(chunk.rows[at]),
            score=float(f"{scored.scores[at]:.9g}"),
            threshold=threshold,
            flow=flow_of(chunk.cells(at)),
            passed={name: cells[at] for name, cells in chunk.passed.items()},
            seen=seen,
            reasons=tuple(reasons[at]) if reasons else (),
        )
        for at in np.flatnonzero(scored.alerts).tolist()
    ]
