"""Between whom a flow was, when, and by what protocol: what alerts say of it in every format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import NamedTuple

__all__ = ["Flow", "flow_of"]

_MISSING = ("", "-", "?", "nan", "null", "none", "(empty)")
_TRANSPORT = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp"}
_EPOCH_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))  # below: seconds, then ms, us, ns


class Flow(NamedTuple):
    """What is known of a flow; None where its table does not say.

    Parameters
    ----------
    time : datetime or None
        When it began, in UTC.
    uid : str or None
        Its id at the exporter.
    src, dst : str or None
        Addresses of client and server.
    src_port, dst_port : int or None
    proto : str or None
        Name of the transport protocol, in small letters.
    service : str or None
        Application protocol, in small letters.

    Examples
    --------
    >>> from cfmt.alerts import Flow
    >>> Flow(src="192.0.2.1", dst_port=443).dst is None
    True
    """

    time: datetime | None = None
    uid: str | None = None
    src: str | None = None
    src_port: int | None = None
    dst: str | None = None
    dst_port: int | None = None
    proto: str | None = None
    service: str | None = None


def flow_of(cells: Mapping[str, str]) -> Flow:
    """Read what a row says of its flow.

    Parameters
    ----------
    cells : mapping of str to str
        Cells by role, as :func:`cfmt.data.columns.flow_roles` names them; a missing one may be empty.

    Returns
    -------
    Flow
        An address that is none, a port beyond 65,535 and a time of unknown form count as missing.

    Examples
    --------
    >>> from cfmt.alerts import flow_of
    >>> flow = flow_of({"time": "1379288667.5", "src": "192.0.2.1", "dst_port": "443", "proto": "6"})
    >>> flow.time.isoformat(), flow.src, flow.dst_port, flow.proto
    ('2013-09-15T23:44:27.500000+00:00', '192.0.2.1', 443, 'tcp')
    """
    said = {role: cell.strip() for role, cell in cells.items() if cell.strip().lower() not in _MISSING}
    return Flow(
        time=_time(said.get("time")),
        uid=said.get("uid"),
        src=_address(said.get("src")),
        src_port=_port(said.get("src_port")),
        dst=_address(said.get("dst")),
        dst_port=_port(said.get("dst_port")),
        proto=_protocol(said.get("proto")),
        service=said["service"].lower() if "service" in said else None,
    )


def _number(cell: str | None) -> float | None:
    """Read a finite number; None where there is none."""
    try:
        value = float(cell) if cell else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _time(cell: str | None) -> datetime | None:
    """Read a time: seconds, milliseconds or less since 1970, or ISO 8601; without a zone it counts as UTC."""
    number = _number(cell)
    if number is not None:
        unit = next((unit for limit, unit in _EPOCH_UNITS if 0 <= number < limit), None)
        return datetime.fromtimestamp(round(number / unit, 6), UTC) if unit else None
    try:
        found = datetime.fromisoformat(cell) if cell else None
        return found and (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _address(cell: str | None) -> str | None:
    """Read an IP address in its short form."""
    try:
        return str(ip_address(cell)) if cell else None
    except ValueError:
        return None


def _port(cell: str | None) -> int | None:
    """Read a port."""
    number = _number(cell)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 1 << 16 else None


def _protocol(cell: str | None) -> str | None:
    """Read a transport protocol, by its name or its number."""
    number = _number(cell)
    if number is None:
        return cell.lower() if cell else None
    return _TRANSPORT.get(int(number), str(int(number)))
