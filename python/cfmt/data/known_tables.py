"""Published flow tables, recognised by the names of their columns: their labels and their flaws."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cfmt.data.columns import normalised

__all__ = ["KNOWN_TABLES", "KnownTable", "known_table"]


@dataclass(frozen=True)
class KnownTable:
    """A published table.

    Parameters
    ----------
    name : str
        Short name.
    signature : tuple of str
        Columns that it has and others lack, as :func:`~cfmt.data.columns.normalised` writes them.
    label : str
        Its column that tells attack from normal traffic, normalised.
    normal : tuple of str
        Values of ``label`` that are normal traffic.
    attack_type : str
        Its column that names the attack, normalised; empty where the label does.
    flaws : str
        What a person should know before believing a figure on it, with its source.
    """

    name: str
    signature: tuple[str, ...]
    label: str
    normal: tuple[str, ...]
    attack_type: str = ""
    flaws: str = ""


_CIC_FLAWS = (
    "CICFlowMeter ended flows wrongly and many labels are wrong (Engelen et al., WTMC 2021; Liu et al., "
    "CNS 2022; Lanvin et al., CRiSIS 2022); the corrected tables are to be preferred"
)

KNOWN_TABLES = (
    KnownTable(
        "unsw-nb15",
        ("dur", "spkts", "dpkts", "sttl", "attack_cat", "label"),
        "label",
        ("0",),
        "attack_cat",
        "sttl and dttl give the label away, and mirrors swap the names of its two files",
    ),
    KnownTable(
        "ton-iot",
        ("src_ip", "conn_state", "missed_bytes", "src_ip_bytes", "label", "type"),
        "label",
        ("0",),
        "type",
        "addresses and ports identify the attackers; they are no features here",
    ),
    KnownTable(
        "rt-iot2022",
        ("id_orig_p", "id_resp_p", "fwd_pkts_tot", "attack_type"),
        "attack_type",
        ("MQTT_Publish", "Thing_Speak", "Wipro_bulb"),
        flaws="rows stand grouped by type, nine in ten are attacks, and three in four are of one type",
    ),
    KnownTable(
        "cic-ids-improved",
        ("flow_id", "total_fwd_packet", "attempted_category", "label"),
        "label",
        ("BENIGN",),
        flaws="attempted attacks keep their own labels, and count as attacks here",
    ),
    KnownTable(
        "cic-ids2017",
        ("flow_duration", "total_fwd_packets", "label"),
        "label",
        ("BENIGN",),
        flaws=_CIC_FLAWS,
    ),
    KnownTable(
        "cse-cic-ids2018",
        ("flow_duration", "tot_fwd_pkts", "label"),
        "label",
        ("Benign",),
        flaws=_CIC_FLAWS,
    ),
    KnownTable(
        "nf-v3",
        ("ipv4_src_addr", "in_bytes", "out_bytes", "flow_start_milliseconds", "label", "attack"),
        "label",
        ("0",),
        "attack",
        "rates can be infinite, and some rows stand twice",
    ),
    KnownTable(
        "nf-v2",
        ("ipv4_src_addr", "in_bytes", "out_bytes", "l7_proto", "label", "attack"),
        "label",
        ("0",),
        "attack",
        "its traffic is unlike that of real networks (Layeghy et al., 2021)",
    ),
    KnownTable(
        "ciciot2023",
        ("flow_duration", "header_length", "protocol_type", "label"),
        "label",
        ("BenignTraffic", "Benign"),
        flaws="rows are windows of packets, not flows (Kostas et al., 2024), and nearly all are attacks",
    ),
    KnownTable(
        "bot-iot",
        ("pk_seqid", "stime", "attack", "category"),
        "attack",
        ("0",),
        "category",
        "there is almost no normal traffic in it",
    ),
    KnownTable(
        "edge-iiotset",
        ("frame_time", "attack_label", "attack_type"),
        "attack_label",
        ("0",),
        "attack_type",
        "rows are packets, many of them twice; hosts and payloads give the label away",
    ),
)
"""The special ones before the general ones."""


def known_table(columns: Collection[str]) -> KnownTable | None:
    """Recognise a published table.

    Parameters
    ----------
    columns : collection of str
        Names of its columns.

    Returns
    -------
    KnownTable or None
        None where it is no one of :data:`KNOWN_TABLES`.

    Examples
    --------
    >>> from cfmt.data.known_tables import known_table
    >>> known_table([" Flow Duration", " Total Fwd Packets", " Label"]).name
    'cic-ids2017'
    """
    names = {normalised(name) for name in columns}
    return next((table for table in KNOWN_TABLES if names.issuperset(table.signature)), None)
