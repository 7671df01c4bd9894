"""``ecs``: documents of the Elastic Common Schema, 8.11."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from cfmt.alerts.alert import Alert
from cfmt.alerts.formats.common import NAME, alert_id, iso, level, said, what_else

__all__ = ["to_ecs"]

_VERSION = "8.11.0"
_SEVERITIES = (21, 47, 73)  # what Elastic's own rules call low, medium and high


def to_ecs(alert: Alert) -> dict[str, Any]:
    """Make an ECS document of an alert.

    Parameters
    ----------
    alert : Alert

    Returns
    -------
    dict of str to object
        What ECS has no field for stands under ``cfmt``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Alert, Flow, to_ecs
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> made = to_ecs(Alert(7, 0.9, 0.5, Flow(src="192.0.2.1"), {"uid": "C1"}, seen))
    >>> made["event"]["kind"], made["event"]["risk_score"], made["source"], made["cfmt"]["columns"]
    ('alert', 90.0, {'ip': '192.0.2.1'}, {'uid': 'C1'})
    """
    flow, group = alert.flow, alert.group
    addresses = [address for address in dict.fromkeys((flow.src, flow.dst)) if address]
    return said(
        {
            "@timestamp": iso(alert.time),
            "ecs": {"version": _VERSION},
            "message": f"{NAME}: probability {alert.score:.3g}",
            "event": said(
                {
                    "kind": "alert",
                    "category": ["network", "intrusion_detection"],
                    "type": ["info"],
                    "module": "cfmt",
                    "dataset": "cfmt.alert",
                    "id": alert_id(alert),
                    "created": iso(alert.seen),
                    "start": iso(group.first) if group else None,
                    "end": iso(group.last) if group else None,
                    "risk_score": round(100 * alert.score, 4),
                    "severity": _SEVERITIES[level(alert)],
                }
            ),
            "rule": {"name": NAME},
            "source": said({"ip": flow.src, "port": flow.src_port}),
            "destination": said({"ip": flow.dst, "port": flow.dst_port}),
            "network": said(
                {
                    "transport": flow.proto,
                    "protocol": flow.service,
                    "type": f"ipv{ip_address(addresses[0]).version}" if addresses else None,
                }
            ),
            "related": said({"ip": addresses}),
            "observer": {"vendor": "cfmt", "product": "cfmt", "type": "ids"},
            "cfmt": what_else(alert),
        }
    )
