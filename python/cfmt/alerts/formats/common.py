"""What several formats say alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cfmt.alerts.alert import Alert

__all__ = ["NAME", "alert_id", "iso", "level", "said", "what_else"]

NAME = "Flow scored as attack"  # of the rule, the same for all alerts: tools group by it


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known, and objects that say nothing."""
    return {key: value for key, value in values.items() if value is not None and value not in ({}, [])}


def iso(time: datetime) -> str:
    """Write a time in ISO 8601, in UTC, with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def level(alert: Alert) -> int:
    """Return 2 for a high score (0.9 and more), 1 for one of 0.5 and more, else 0."""
    return (alert.score >= 0.5) + (alert.score >= 0.9)


def alert_id(alert: Alert) -> str:
    """Return an id that the same alert gets again when it is scored again."""
    known = [alert.row, *map(str, alert.flow), alert.passed]
    return sha256(json.dumps(known).encode()).hexdigest()[:32]


def what_else(alert: Alert) -> dict[str, Any]:
    """Return what is known of an alert and has no place in other tools' formats."""
    group = alert.group
    return said(
        {
            "row": alert.row,
            "score": alert.score,
            "threshold": alert.threshold,
            "flows": group.n_flows if group else None,
            "aggregated_by": list(group.by) if group else None,
            "reasons": [
                {"column": why.column, "value": str(why.value), "part": float(f"{why.part:.6g}")}
                for why in alert.reasons
            ],
            "columns": alert.passed,
        }
    )
