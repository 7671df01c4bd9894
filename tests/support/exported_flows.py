"""One flow, as each exporter writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

BITS = {"S": 0x02, "F": 0x01, "R": 0x04, "A": 0x10, "P": 0x08}
NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1}
START = datetime(2026, 6, 1, 12, tzinfo=UTC)
ETHERNET = 14


@dataclass(frozen=True)
class Flow:
    """What happened, whoever saw it: milliseconds, bytes from the IP header on, packets, TCP flags."""

    proto: str
    port: int
    ms: int
    bytes_out: int
    bytes_in: int
    pkts_out: int
    pkts_in: int
    flags_out: str
    flags_in: str

    @property
    def is_single(self) -> bool:
        """Whether it has one packet only."""
        return self.pkts_out + self.pkts_in == 1


def bits(flags: str) -> int:
    """Return flags as the number of a TCP header."""
    return sum(BITS[flag] for flag in flags)


def zeek(flow: Flow) -> dict[str, object]:
    """Write a line of conn.log; capital letters are of who began."""
    history = flow.flags_out.replace("P", "D") + flow.flags_in.replace("P", "D").lower()
    return {
        "ts": f"{START.timestamp():.6f}",
        "uid": "C1",
        "id.orig_h": "192.0.2.1",
        "id.orig_p": "50000",
        "id.resp_h": "192.0.2.2",
        "id.resp_p": str(flow.port),
        "proto": flow.proto,
        "service": "-",
        "duration": "-" if flow.is_single else f"{flow.ms / 1000:.6f}",
        "orig_bytes": "0",
        "resp_bytes": "0",
        "conn_state": "OTH",
        "history": (history or "^") if flow.proto == "tcp" else "Dd",
        "orig_pkts": str(flow.pkts_out),
        "orig_ip_bytes": str(flow.bytes_out),
        "resp_pkts": str(flow.pkts_in),
        "resp_ip_bytes": str(flow.bytes_in),
    }


def suricata(flow: Flow) -> dict[str, object]:
    """Write a flow event of eve.json, with dots for what lies inside."""
    start, end = START, START + timedelta(milliseconds=0 if flow.is_single else flow.ms)
    event: dict[str, object] = {
        "timestamp": f"{end:%Y-%m-%dT%H:%M:%S.%f%z}",
        "event_type": "flow",
        "src_ip": "192.0.2.1",
        "src_port": 50000,
        "dest_ip": "192.0.2.2",
        "dest_port": flow.port,
        "proto": flow.proto.upper(),
        "flow.start": f"{start:%Y-%m-%dT%H:%M:%S.%f%z}",
        "flow.end": f"{end:%Y-%m-%dT%H:%M:%S.%f%z}",
        "flow.pkts_toserver": flow.pkts_out,
        "flow.pkts_toclient": flow.pkts_in,
        "flow.bytes_toserver": flow.bytes_out + ETHERNET * flow.pkts_out,
        "flow.bytes_toclient": flow.bytes_in + ETHERNET * flow.pkts_in,
    }
    if flow.proto == "tcp":
        event |= {
            "tcp.tcp_flags_ts": f"{bits(flow.flags_out):02x}",
            "tcp.tcp_flags_tc": f"{bits(flow.flags_in):02x}",
        }
    return event


def netflow(flow: Flow) -> dict[str, object]:
    """Write a row of NF-v2."""
    return {
        "IPV4_SRC_ADDR": "192.0.2.1",
        "L4_SRC_PORT": "50000",
        "IPV4_DST_ADDR": "192.0.2.2",
        "L4_DST_PORT": str(flow.port),
        "PROTOCOL": str(NUMBERS[flow.proto]),
        "L7_PROTO": "7.0",
        "IN_BYTES": str(flow.bytes_out),
        "OUT_BYTES": str(flow.bytes_in),
        "IN_PKTS": str(flow.pkts_out),
        "OUT_PKTS": str(flow.pkts_in),
        "TCP_FLAGS": str(bits(flow.flags_out) | bits(flow.flags_in)),
        "CLIENT_TCP_FLAGS": str(bits(flow.flags_out)),
        "SERVER_TCP_FLAGS": str(bits(flow.flags_in)),
        "FLOW_DURATION_MILLISECONDS": "0" if flow.is_single else str(flow.ms),
    }


def nfstream(flow: Flow) -> dict[str, object]:
    """Write a row of NFStream with its statistics."""
    row: dict[str, object] = {
        "src_ip": "192.0.2.1",
        "src_port": 50000,
        "dst_ip": "192.0.2.2",
        "dst_port": flow.port,
        "protocol": NUMBERS[flow.proto],
        "bidirectional_packets": flow.pkts_out + flow.pkts_in,
        "bidirectional_duration_ms": 0 if flow.is_single else flow.ms,
        "src2dst_packets": flow.pkts_out,
        "dst2src_packets": flow.pkts_in,
        "src2dst_bytes": flow.bytes_out + ETHERNET * flow.pkts_out,
        "dst2src_bytes": flow.bytes_in + ETHERNET * flow.pkts_in,
    }
    for way, flags in (("src2dst", flow.flags_out), ("dst2src", flow.flags_in)):
        row |= {f"{way}_{word}_packets": int(word[0].upper() in flags) for word in ("syn", "fin", "rst")}
    return row


def argus(flow: Flow) -> dict[str, object]:
    """Write a line of binetflow with the packets of the source."""
    n_out, n_in = flow.bytes_out + ETHERNET * flow.pkts_out, flow.bytes_in + ETHERNET * flow.pkts_in
    return {
        "StartTime": "2026/06/01 12:00:00.000000",
        "Dur": "0.000000" if flow.is_single else f"{flow.ms / 1000:.6f}",
        "Proto": flow.proto,
        "SrcAddr": "192.0.2.1",
        "Sport": "50000",
        "Dir": "->",
        "DstAddr": "192.0.2.2",
        "Dport": str(flow.port) if flow.proto != "icmp" else "0x0000",
        "State": f"{flow.flags_out}_{flow.flags_in}" if flow.proto == "tcp" else "CON",
        "TotPkts": str(flow.pkts_out + flow.pkts_in),
        "TotBytes": str(n_out + n_in),
        "SrcBytes": str(n_out),
        "SrcPkts": str(flow.pkts_out),
    }


WRITERS = {
    "zeek": zeek, "suricata": suricata, "nf-v2": netflow, "nfstream": nfstream, "argus": argus
}  # fmt: skip


def write_flows(path: Path, name: str, some: list[Flow], labels: list[str] | None = None) -> Path:
    """Write flows as an exporter does."""
    rows = [WRITERS[name](flow) for flow in some]
    if labels:
        rows = [row | {"kind": label} for row, label in zip(rows, labels, strict=True)]
    if name == "suricata":
        lines = [json.dumps(nested(row)) for row in rows]
    elif name == "zeek":
        lines = ["#separator \\x09", "#fields\t" + "\t".join(rows[0])]
        lines += ["\t".join(map(str, row.values())) for row in rows]
    else:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def nested(row: dict[str, object]) -> dict[str, object]:
    """Put what has a dot in its name inside."""
    event: dict[str, object] = {}
    for name, value in row.items():
        outer, _, inner = name.partition(".")
        if inner:
            event.setdefault(outer, {})[inner] = value  # type: ignore[index]  # an object of objects
        else:
            event[name] = value
    return event


def some_flows(n: int) -> tuple[list[Flow], list[str]]:
    """Make floods among ordinary flows."""
    made, labels = [], []
    for i in range(n):
        if i % 3:
            made.append(Flow("tcp", 443, 100 + i, 600 + 7 * i, 900 + 5 * i, 6, 5, "AFS", "AFS"))
        else:
            made.append(Flow("tcp", 80, i, 40, 0, 1, 0, "S", ""))
        labels.append("ok" if i % 3 else "flood")
    return made, labels
