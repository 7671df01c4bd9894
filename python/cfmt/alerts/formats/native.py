"""``jsonl``: all that is known of an alert, under the names that this package uses."""

from __future__ import annotations

from typing import Any

from cfmt.alerts.alert import Alert
from cfmt.alerts.formats.common import alert_id, iso, said

__all__ = ["to_native"]


def to_native(alert: Alert) -> dict[str, Any]:
    """Make an object of an alert.

    Parameters
    ----------
    alert : Alert

    Returns
    -------
    dict of str to object
        What is not known is left out.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Alert, Flow, to_native
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> made = to_native(Alert(7, 0.9, 0.5, Flow(src="192.0.2.1"), {"uid": "C1"}, seen))
    >>> made["flow"], made["columns"], made["time"]
    ({'src': '192.0.2.1'}, {'uid': 'C1'}, '2026-01-01T00:00:00.000Z')
    """
    flow = {name: value for name, value in alert.flow._asdict().items() if name != "time"}
    group = alert.group
    return said(
        {
            "id": alert_id(alert),
            "time": iso(alert.time),
            "seen": iso(alert.seen),
            "row": alert.row,
            "score": alert.score,
            "threshold": alert.threshold,
            "flow": said(flow),
            "reasons": [why._asdict() for why in alert.reasons],
            "group": group
            and {
                "by": list(group.by),
                "flows": group.n_flows,
                "first": iso(group.first),
                "last": iso(group.last),
            },
            "columns": alert.passed,
        }
    )
