"""``ocsf``: Detection Findings (class 2004) of the Open Cybersecurity Schema Framework, 1.4."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cfmt.alerts.alert import Alert
from cfmt.alerts.formats.common import NAME, alert_id, level, said, what_else

__all__ = ["to_ocsf"]

_VERSION = "1.4.0"
_CATEGORY, _CLASS, _CREATE = 2, 2004, 1
_SEVERITIES = ((2, "Low"), (3, "Medium"), (4, "High"))
_UNKNOWN_DIRECTION, _NEW, _LEARNING = 0, 1, 4


def to_ocsf(alert: Alert) -> dict[str, Any]:
    """Make a Detection Finding of an alert.

    Parameters
    ----------
    alert : Alert

    Returns
    -------
    dict of str to object
        What OCSF has no attribute for stands in ``unmapped``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Alert, Flow, to_ocsf
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> made = to_ocsf(Alert(7, 0.9, 0.5, Flow(src="192.0.2.1"), {}, seen))
    >>> made["class_uid"], made["time"], made["severity"], made["evidences"]
    (2004, 1767225600000, 'High', [{'src_endpoint': {'ip': '192.0.2.1'}}])
    """
    group, evidence = alert.group, _evidence(alert)
    severity_id, severity = _SEVERITIES[level(alert)]
    first, last = (group.first, group.last) if group else (alert.time, alert.time)
    return said(
        {
            "activity_id": _CREATE,
            "activity_name": "Create",
            "category_uid": _CATEGORY,
            "category_name": "Findings",
            "class_uid": _CLASS,
            "class_name": "Detection Finding",
            "type_uid": _CLASS * 100 + _CREATE,
            "type_name": "Detection Finding: Create",
            "time": _time(alert.seen),
            "start_time": _time(first),
            "end_time": _time(last),
            "count": group.n_flows if group else 1,
            "severity_id": severity_id,
            "severity": severity,
            "status_id": _NEW,
            "status": "New",
            "is_alert": True,
            "confidence_score": round(100 * alert.score),
            "message": f"{NAME}: probability {alert.score:.3g}",
            "metadata": {
                "version": _VERSION,
                "product": {"name": "cfmt", "vendor_name": "cfmt"},
                "log_name": "cfmt.alert",
            },
            "finding_info": {
                "uid": alert_id(alert),
                "title": NAME,
                "created_time": _time(alert.seen),
                "first_seen_time": _time(first),
                "last_seen_time": _time(last),
                "analytic": {"uid": "cfmt", "name": "cfmt", "type_id": _LEARNING, "type": "Learning (ML/DL)"},
            },
            "evidences": [evidence] if evidence else [],
            "unmapped": what_else(alert),
        }
    )


def _evidence(alert: Alert) -> dict[str, Any]:
    """Say between whom the flow was; empty where nothing is known."""
    flow = alert.flow
    connection = said({"protocol_name": flow.proto, "uid": flow.uid})
    return said(
        {
            "src_endpoint": _endpoint(flow.src, flow.src_port),
            "dst_endpoint": _endpoint(flow.dst, flow.dst_port, flow.service),
            "connection_info": {"direction_id": _UNKNOWN_DIRECTION, **connection} if connection else None,
        }
    )


def _endpoint(ip: str | None, port: int | None, service: str | None = None) -> dict[str, Any]:
    """Describe one end of a flow; OCSF knows none by its port alone."""
    return said({"ip": ip, "port": port, "svc_name": service}) if ip or service else {}


def _time(time: datetime) -> int:
    """Return the milliseconds since 1970."""
    return round(time.timestamp() * 1000)
