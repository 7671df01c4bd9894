"""Data sets of the Canadian Institute for Cybersecurity."""

from cfmt.data.registry.entry import DataSet

__all__ = ["CICIOT2023", "CIC_IDS2017", "CIC_IMPROVED", "CSE_CIC_IDS2018"]

_FREE = "Free, with citation (Canadian Institute for Cybersecurity)"
_SHARAFALDIN = (
    "I. Sharafaldin, A. Lashkari, A. Ghorbani, 'Toward Generating a New Intrusion "
    "Detection Dataset', ICISSP 2018"
)
_FLAWS = (
    "CICFlowMeter ended flows wrongly and many labels are wrong (Engelen et al., WTMC 2021; Liu et "
    "al., CNS 2022; "
    "Lanvin et al., CRiSIS 2022); the corrected tables are to be preferred",
)
_FAMILIES = (
    ("dos", r"^(ddos|dos)\b|^d?dos_|heartbleed"),
    ("brute-force", r"brute_?force|patator"),
    ("web", r"web|xss|sql"),
    ("botnet", r"^bot"),
    ("recon", r"port_?scan"),
    ("infiltration", r"infilt"),
)

CIC_IDS2017 = DataSet(
    name="cic-ids2017",
    title="CIC-IDS2017 as published: 78 features of CICFlowMeter, a file for each day",
    terms=_FREE,
    citation=_SHARAFALDIN,
    split="none; people split by day",
    flaws=_FLAWS,
    signatures=(("flow_duration", "total_fwd_packets", "label"),),
    label="label",
    normal=("BENIGN",),
    families=_FAMILIES,
)

CSE_CIC_IDS2018 = DataSet(
    name="cse-cic-ids2018",
    title="CSE-CIC-IDS2018 as published: short names of CICFlowMeter's features, headers repeated "
    "among the rows",
    terms=_FREE,
    citation=_SHARAFALDIN,
    split="none; people split by day",
    flaws=_FLAWS,
    signatures=(("flow_duration", "tot_fwd_pkts", "label"),),
    label="label",
    normal=("Benign",),
    families=_FAMILIES,
)

CIC_IMPROVED = DataSet(
    name="cic-ids-improved",
    title="CIC-IDS2017 and CSE-CIC-IDS2018 corrected by Liu et al.: 91 columns",
    terms=_FREE,
    citation="L. Liu, G. Engelen, T. Lynar, D. Essam, W. Joosen, 'Error Prevalence in NIDS datasets: "
    "A Case Study on "
    "CIC-IDS-2017 and CSE-CIC-IDS-2018', IEEE CNS 2022",
    split="none; people split by day",
    flaws=("attempted attacks keep their own labels, and count as attacks here",),
    signatures=(("flow_id", "total_fwd_packet", "attempted_category", "label"),),
    label="label",
    normal=("BENIGN",),
    families=_FAMILIES,
)

CICIOT2023 = DataSet(
    name="ciciot2023",
    title="CICIoT2023: windows of packets of 105 devices, the first edition (46 features) and the "
    "merged one (39)",
    terms=_FREE,
    citation="E. C. P. Neto and others, 'CICIoT2023: A Real-Time Dataset and Benchmark for "
    "Large-Scale Attacks in IoT "
    "Environment', Sensors 23(13), 2023",
    split="none",
    flaws=("rows are windows of packets, not flows (Kostas et al., 2024), and nearly all are attacks",),
    signatures=(
        ("flow_duration", "header_length", "protocol_type", "label"),
        ("header_length", "protocol_type", "time_to_live", "tot_sum", "label"),
    ),
    label="label",
    normal=("BenignTraffic", "Benign"),
    families=(
        ("ddos", r"^ddos"),
        ("dos", r"^dos"),
        ("recon", r"^(recon|vulnerability)"),
        ("web", r"^(sql|xss|command|upload|backdoor|browser)"),
        ("spoofing", r"spoof|mitm"),
        ("brute-force", r"brute"),
        ("mirai", r"^mirai"),
    ),
)
