"""What made the flows, told by the exact headers of the exporters."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfmt.data.readers import detect
from support.flow_files import written

NF_V3 = (
    "FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,"
    "L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,"
    "FLOW_DURATION_MILLISECONDS,DURATION_IN,DURATION_OUT,MIN_TTL,MAX_TTL,LONGEST_FLOW_PKT,SHORTEST_FLOW_PKT,"
    "MIN_IP_PKT_LEN,MAX_IP_PKT_LEN,SRC_TO_DST_SECOND_BYTES,DST_TO_SRC_SECOND_BYTES,RETRANSMITTED_IN_BYTES,"
    "RETRANSMITTED_IN_PKTS,RETRANSMITTED_OUT_BYTES,RETRANSMITTED_OUT_PKTS,SRC_TO_DST_AVG_THROUGHPUT,"
    "DST_TO_SRC_AVG_THROUGHPUT,NUM_PKTS_UP_TO_128_BYTES,NUM_PKTS_128_TO_256_BYTES,NUM_PKTS_256_TO_512_BYTES,"
    "NUM_PKTS_512_TO_1024_BYTES,NUM_PKTS_1024_TO_1514_BYTES,TCP_WIN_MAX_IN,TCP_WIN_MAX_OUT,ICMP_TYPE,"
    "ICMP_IPV4_TYPE,DNS_QUERY_ID,DNS_QUERY_TYPE,DNS_TTL_ANSWER,FTP_COMMAND_RET_CODE,SRC_TO_DST_IAT_MIN,"
    "SRC_TO_DST_IAT_MAX,SRC_TO_DST_IAT_AVG,SRC_TO_DST_IAT_STDDEV,DST_TO_SRC_IAT_MIN,DST_TO_SRC_IAT_MAX,"
    "DST_TO_SRC_IAT_AVG,DST_TO_SRC_IAT_STDDEV,Label,Attack"
)
NF_V2 = ",".join(name for name in NF_V3.split(",") if "MILLISECONDS" not in name and "_IAT_" not in name)
NF_V2 = NF_V2.replace("SERVER_TCP_FLAGS,", "SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,")
HEADERS = {
    "cicflowmeter": (
        "Destination Port, Flow Duration, Total Fwd Packets, Total Backward Packets,"
        "Total Length of Fwd Packets, Total Length of Bwd Packets, Fwd Packet Length Max,"
        "Flow Bytes/s, Flow Packets/s, Fwd Header Length, Fwd Header Length.1, Label",
        "Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,TotLen Fwd Pkts,TotLen Bwd Pkts,"
        "Flow Byts/s,Flow Pkts/s,Label",
        "id,Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Total Fwd Packet,"
        "Total Bwd packets,Flow Bytes/s,Total TCP Flow Time,Label,Attempted Category",
        "src_ip,dst_ip,src_port,dst_port,protocol,timestamp,flow_duration,flow_byts_s,flow_pkts_s,tot_fwd_pkts",
        "Flow Dur,Tot Fwd Pkts,Tot Bwd Pkts,Flow Byts/s",
    ),
    "nf-v2": (NF_V2, NF_V2 + ",Dataset"),
    "nf-v3": (NF_V3,),
    "nfstream": (
        "id,expiration_id,src_ip,src_port,dst_ip,dst_port,protocol,ip_version,bidirectional_first_seen_ms,"
        "bidirectional_duration_ms,bidirectional_packets,bidirectional_bytes,src2dst_packets,src2dst_bytes,"
        "dst2src_packets,dst2src_bytes,application_name",
    ),
    "argus": (
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label",
        "StartTime\tDur\tProto\tSrcAddr\tSport\tDir\tDstAddr\tDport\tState\tsTos\tdTos\tTotPkts\tTotBytes\tSrcBytes"
        "\tSrcPkts\tLabel",
    ),
    "": (
        "id,dur,proto,service,state,spkts,dpkts,sbytes,dbytes,rate,sttl,dttl,attack_cat,label",
        "src_ip,src_port,dst_ip,dst_port,proto,service,duration,src_bytes,dst_bytes,conn_state,label,type",
        ",id.orig_p,id.resp_p,proto,service,flow_duration,fwd_pkts_tot,bwd_pkts_tot,Attack_type",
        "MI_dir_L5_weight,MI_dir_L5_mean,H_L0.01_weight",
    ),
}


@pytest.mark.parametrize(
    ("exporter", "header"), [(name, header) for name in HEADERS for header in HEADERS[name]]
)
def test_exporters(tmp_path: Path, exporter: str, header: str) -> None:
    separator = "\t" if "\t" in header else ","
    n = header.count(separator) + 1
    layout = detect(written(tmp_path, header + "\n" + separator.join(map(str, range(n))) + "\n"))
    assert layout.exporter == exporter
    assert layout.header
    assert len(layout.columns) == n


def test_nf_headers_are_whole() -> None:
    assert len(NF_V3.split(",")) == 55
    assert len(NF_V2.split(",")) == 45
