"""Which column holds a flow's source, destination, protocol, service, time and id, told by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from cfmt.data.columns.names import normalised

__all__ = ["ROLES", "flow_roles"]

_ENDS = {"src": "src|source|s|id_orig|orig|client", "dst": "dst|dest|destination|d|id_resp|resp|server"}


def _address(end: str) -> str:
    """Return the pattern of the names of an address."""
    return rf"({_ENDS[end]})_?(ip|addr|address|h|host)|ipv[46]_{end}_addr|ip_{end}(_host)?|{end}"


def _port(end: str) -> str:
    """Return the pattern of the names of a port."""
    short = "dsport|(tcp|udp)_dstport" if end == "dst" else "(tcp|udp)_srcport"
    return rf"({_ENDS[end]}|l4_{end}|(tcp|udp)_{end})_?(port|p)|{short}"


ROLES = {
    "time": re.compile(
        r"ts|time|timestamp|date|datetime|stime|start_?time|frame_time|flow_start(_milliseconds|_ms)?"
        r"|(bidirectional_)?first_seen(_ms)?|first_switched"
    ),
    "uid": re.compile(r"uid|uuid|flow_?id|session_id|community_id|id"),
    "src": re.compile(_address("src")),
    "src_port": re.compile(_port("src")),
    "dst": re.compile(_address("dst")),
    "dst_port": re.compile(_port("dst")),
    "proto": re.compile(r"proto|protocol|protocol_type|ip_proto"),
    "service": re.compile(r"service|app_?proto|application_name|application|l7_proto"),
}
"""What an alert needs of a flow, each with the names that columns of that use have."""


def flow_roles(names: Iterable[str]) -> Mapping[str, str]:
    """Find the columns that say between whom a flow was, when, and by what protocol.

    Parameters
    ----------
    names : iterable of str
        Columns of a table; where two have one role, the first counts.

    Returns
    -------
    mapping of str to str
        Column by role, one of ``ROLES``; a role without a column is left out.

    Examples
    --------
    >>> from cfmt.data.columns import flow_roles
    >>> flow_roles(["ts", "id.orig_h", "id.resp_h", "id.resp_p", "orig_bytes"])
    mappingproxy({'time': 'ts', 'src': 'id.orig_h', 'dst': 'id.resp_h', 'dst_port': 'id.resp_p'})
    """
    return _roles_of(tuple(names))


@lru_cache(maxsize=64)  # asked for each chunk
def _roles_of(names: tuple[str, ...]) -> Mapping[str, str]:
    """Find the column of each role."""
    plain = {name: normalised(name) for name in names}
    found = {}
    for role, pattern in ROLES.items():
        column = next((name for name, words in plain.items() if pattern.fullmatch(words)), None)
        if column is not None:
            found[role] = column
    return MappingProxyType(found)
