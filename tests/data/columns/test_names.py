"""Names of columns that exporters write: none of them lets an address, a time or a label be a feature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.data.columns import PORT_BUCKETS, normalised, port_bucket, reason_by_name

NO_FEATURES = {
    "address": "Src IP|Dst IP|src_ip|dst_ip|saddr|daddr|IPV4_SRC_ADDR|IPV4_DST_ADDR"
    "|id.orig_h|id.resp_h|srcip|dstip"
    "|SrcAddr|DstAddr|Source IP|Destination IP|ip.src_host|src_mac|dst_mac|Source Address",
    "time": "ts|timestamp|Timestamp|StartTime|stime|ltime|Stime|FLOW_START_MILLISECONDS|frame.time"
    "|bidirectional_first_seen_ms|src2dst_last_seen_ms|flow.start|_write_ts",
    "id": "id|uid|Flow ID|flow_id|index|pkSeqID|Unnamed: 0|community_id|No.",
    "text": "http.file_data|tcp.payload|http_uri|dns.qry.name|user_agent|mqtt.msg",
    "label": "Label|label|class|attack_cat|Attack_type|type|category|subcategory"
    "|Attempted Category|detailedlabel",
    "client port": "sport|Sport|src_port|Src Port|L4_SRC_PORT|id.orig_p|Source Port|tcp.srcport",
    "server port": "dport|Dport|dst_port|Dst Port|L4_DST_PORT|id.resp_p|Destination Port|dest_port|dsport",
}
FEATURES = (
    "Flow Duration|dur|duration|proto|service|state|conn_state|sbytes|dbytes|orig_bytes|resp_ip_bytes"
    "|IN_BYTES|OUT_PKTS|TCP_FLAGS|Fwd Packet Length Mean|Flow Bytes/s|Init_Win_bytes_forward"
    "|bidirectional_packets|sttl|rate|TotPkts|SrcBytes|dst_host_count|num_root|is_host_login"
    "|ct_src_dport_ltm|ct_dst_src_ltm|MIN_TTL|Idle Mean|fwd_iat.min|flow.age|history|is_sm_ips_ports"
    "|Tot Fwd Pkts|src2dst_bytes|missed_bytes|tcp.flags|mqtt.len|stcpb|trans_depth|Protocol|PROTOCOL"
)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, n) for kind, names in NO_FEATURES.items() for n in names.split("|")]
)
def test_a_name_says_what_a_column_is(kind: str, name: str) -> None:
    assert reason_by_name(name) == kind
    assert reason_by_name(f" {name} ") == kind


@pytest.mark.parametrize("name", FEATURES.split("|"))
def test_a_feature_stays_one(name: str) -> None:
    assert reason_by_name(name) == ""


@given(st.text())
def test_any_text_is_a_name(name: str) -> None:
    plain = normalised(name)
    assert plain == normalised(plain)
    assert reason_by_name(name) == reason_by_name(plain) or any(c.isupper() for c in name)


def test_ports_become_buckets() -> None:
    assert port_bucket(22) == "ssh"
    assert [port_bucket(port) for port in (1, 1023, 1024, 49151, 49152, 65535)] == (
        ["system", "system", "registered", "registered", "dynamic", "dynamic"]
    )
    assert {port_bucket(port) for port in (0, -1, 65536, 1e9, np.nan, np.inf)} == {"none"}
    assert set(PORT_BUCKETS.values()).isdisjoint({"system", "registered", "dynamic", "none"})
