"""``eve``: records of Suricata's ``eve.json`` with ``event_type`` ``alert``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cfmt.alerts.alert import Alert
from cfmt.alerts.formats.common import NAME, level, said

__all__ = ["to_eve"]

_GID, _SID, _REV = 1, 9_100_001, 1  # a number that published rule sets leave free
_NAMES = {"ipv6-icmp": "IPv6-ICMP"}


def to_eve(alert: Alert) -> dict[str, Any]:
    """Make an EVE record of an alert.

    Parameters
    ----------
    alert : Alert

    Returns
    -------
    dict of str to object
        What EVE has no field for stands in ``alert.metadata.tag``, each as ``name=value``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.alerts import Alert, Flow, to_eve
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> made = to_eve(Alert(7, 0.9, 0.5, Flow(src="192.0.2.1", proto="tcp"), {}, seen))
    >>> made["timestamp"], made["src_ip"], made["proto"], made["alert"]["severity"]
    ('2026-01-01T00:00:00.000000+0000', '192.0.2.1', 'TCP', 1)
    """
    flow = alert.flow
    return said(
        {
            "timestamp": _time(alert.time),
            "flow_id": int(flow.uid) if flow.uid and flow.uid.isascii() and flow.uid.isdigit() else None,
            "event_type": "alert",
            "src_ip": flow.src,
            "src_port": flow.src_port,
            "dest_ip": flow.dst,
            "dest_port": flow.dst_port,
            "proto": _NAMES.get(flow.proto, flow.proto.upper()) if flow.proto else None,
            "app_proto": flow.service,
            "alert": {
                "action": "allowed",  # a detector of flows stops none
                "gid": _GID,
                "signature_id": _SID,
                "rev": _REV,
                "signature": f"CFMT {NAME}",
                "category": "Potentially Bad Traffic",
                "severity": 3 - level(alert),
                "metadata": {"tag": _tags(alert)},
            },
        }
    )


def _time(time: datetime) -> str:
    """Write a time as EVE does."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f%z")


def _tags(alert: Alert) -> list[str]:
    """Write out what EVE has no field for."""
    tags = [f"score={alert.score}", f"threshold={alert.threshold}", f"row={alert.row}"]
    if alert.group:
        tags += [
            f"flows={alert.group.n_flows}",
            f"first={_time(alert.group.first)}",
            f"last={_time(alert.group.last)}",
        ]
    tags += [f"reason={why.column}={why.value} {why.part:+.3g}" for why in alert.reasons]
    return tags + [f"{name}={cell}" for name, cell in alert.passed.items()]
