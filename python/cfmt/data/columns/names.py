"""What the name of a column says of it: addresses, times and ids are no features; ports become buckets."""

from __future__ import annotations

import re

__all__ = ["PORT_BUCKETS", "normalised", "port_bucket", "reason_by_name"]

_ADDRESS = re.compile(
    r"(src|dst|source|destination|s|d|src_host|dst_host|orig|resp|client|server)_?(ip|addr|address|mac|host_?name)"
    r"|ip|mac|ipv[46]_(src|dst)_addr|id_(orig|resp)_h|ip_(src|dst)(_host)?|(src|dst)_(mac|oui)"
    r"|arp_(src|dst)_proto_ipv4|tunnel_parents|user_?name|host_?name|hostname"
)
_TIME = re.compile(
    r"ts|time|timestamp|date|datetime|stime|ltime|start_?time|end_?time|last_?time|frame_time|write_ts"
    r"|flow_(start|end)(_milliseconds|_ms)?|(first|last)_(seen|switched)"
    r"|(bidirectional|src2dst|dst2src)_(first|last)_seen_ms|icmp_transmit_timestamp"
)
_ID = re.compile(
    r"|index|unnamed_\d+|id|uid|uuid|row|row_id|record|no|num|seq|pk_?seq_?id|expiration_id|flow_?id|session_id"
    r"|community_id|fuids?|conn_uids?|file|file_?name|source_file|dataset|split"
)
_TEXT = re.compile(
    r"payload|tcp_payload|info|query|dns_query|dns_qry_name|http_(uri|referer|referrer|file_data|user_agent)"
    r"|http_request_(uri_query|full_uri)|uri|url|user_agent|ssl_(subject|issuer)|weird_(name|addl)|mqtt_(msg|topic)"
    r"|tcp_options|requested_server_name|client_fingerprint|server_fingerprint|content_type"
)
_LABEL = re.compile(
    r"label|labels|class|attack|attack_?cat(egory)?|attack_?type|attack_?name|category|sub_?category|target"
    r"|detailed_?label|attempted_category|traffic_type|traffic_subtype|is_?attack|anomaly|difficulty|type"
)
_SERVER_PORT = re.compile(
    r"(dst|dest|destination|id_resp|l4_dst|server|tcp_dst|udp_dst|d|resp)_?(port|p)|dport|dsport|port|(tcp|udp)_dstport"
)
_CLIENT_PORT = re.compile(
    r"(src|source|id_orig|l4_src|client|tcp_src|udp_src|s|orig)_?(port|p)|(tcp|udp)_(srcport|port)|sport"
)

PORT_BUCKETS = {
    20: "ftp", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 67: "dhcp", 68: "dhcp", 69: "tftp",
    80: "http", 88: "kerberos", 102: "s7", 110: "pop3", 111: "rpc", 123: "ntp", 135: "rpc", 137: "smb",
    138: "smb", 139: "smb", 143: "imap", 161: "snmp", 162: "snmp", 179: "bgp", 389: "ldap", 443: "https",
    445: "smb", 465: "smtp", 502: "modbus", 514: "syslog", 554: "rtsp", 587: "smtp", 636: "ldap", 853: "dns",
    993: "imap", 995: "pop3", 1080: "proxy", 1433: "mssql", 1521: "oracle", 1883: "mqtt", 1900: "ssdp",
    2049: "nfs", 3128: "proxy", 3306: "mysql", 3389: "rdp", 5060: "sip", 5353: "mdns", 5355: "llmnr",
    5432: "postgres", 5683: "coap", 5900: "vnc", 6379: "redis", 8000: "http", 8080: "http", 8443: "https",
    8883: "mqtt", 9200: "elastic", 20000: "dnp3", 27017: "mongodb", 44818: "enip", 47808: "bacnet",
}  # fmt: skip
"""Well-known ports by the service that they stand for (IANA, shortened)."""


def normalised(name: str) -> str:
    """Lower a column's name, with one underscore for each run of other characters than letters and digits.

    Examples
    --------
    >>> from cfmt.data.columns import normalised
    >>> [normalised(name) for name in (" Flow Bytes/s", "id.orig_h", "SrcAddr")]
    ['flow_bytes_s', 'id_orig_h', 'src_addr']
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def reason_by_name(name: str) -> str:
    """Say why a column is no feature as it stands, told by its name.

    Parameters
    ----------
    name : str
        As in the table.

    Returns
    -------
    str
        ``"address"``, ``"time"``, ``"id"``, ``"text"``, ``"label"``, ``"client port"``, ``"server port"`` (a
        feature as a service bucket), or ``""`` where the name says nothing.

    Examples
    --------
    >>> from cfmt.data.columns import reason_by_name
    >>> [reason_by_name(name) for name in ("Src IP", "id.resp_p", "Flow Duration", "attack_cat")]
    ['address', 'server port', '', 'label']
    """
    plain = normalised(name)
    kinds = (
        ("client port", _CLIENT_PORT),
        ("server port", _SERVER_PORT),
        ("address", _ADDRESS),
        ("time", _TIME),
        ("id", _ID),
        ("text", _TEXT),
        ("label", _LABEL),
    )
    return next((kind for kind, pattern in kinds if pattern.fullmatch(plain)), "")


def port_bucket(port: float) -> str:
    """Return the service that a port stands for; ports without one by their range.

    Parameters
    ----------
    port : float
        Number of the port; NaN where there is none.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.data.columns import port_bucket
    >>> [port_bucket(port) for port in (443, 1000, 8081, 60000, float("nan"))]
    ['https', 'system', 'registered', 'dynamic', 'none']
    """
    if not 0 < port < 1 << 16:
        return "none"
    known = PORT_BUCKETS.get(int(port))
    return known or ("system" if port < 1024 else "registered" if port < 49152 else "dynamic")
