"""Data sets of the University of New South Wales, and the NetFlow that others made of them."""

from cfmt.data.registry.entry import DataSet, PublishedFile

__all__ = ["BOT_IOT", "NF_V2", "NF_V3", "TON_IOT", "UNSW_NB15", "UNSW_NB15_RAW"]

_ACADEMIC = "Free for academic research; no redistribution"
_UNSW = (
    "N. Moustafa, J. Slay, 'UNSW-NB15: a comprehensive data set for network intrusion detection "
    "systems', MilCIS 2015"
)
_TTL = "sttl and dttl give the label away (Sarhan et al., 2021)"

UNSW_NB15 = DataSet(
    name="unsw-nb15",
    title="UNSW-NB15, the authors' partition: 42 features, 9 attack categories",
    files=(
        PublishedFile(
            "UNSW_NB15_training-set.csv",
            "bec7dd5ec88dc2a0ccc7a07879d338395ed7421750f675fd0339e07dfe0648fa",
            175_341,
            "train",
            header=True,
        ),
        PublishedFile(
            "UNSW_NB15_testing-set.csv",
            "734fe6642edf758f7c94d7d9149426b49d202fe8e7bf0bef47392489c3c0a559",
            82_332,
            "test",
            header=True,
        ),
    ),
    terms=_ACADEMIC,
    citation=_UNSW,
    split="official: the training set has 175,341 rows, the testing set 82,332; mirrors swap their names",
    flaws=(_TTL, "mirrors swap the names of its two files"),
    signatures=(("dur", "spkts", "dpkts", "sttl", "rate", "attack_cat", "label"),),
    label="label",
    normal=("0",),
    attack_type="attack_cat",
)

UNSW_NB15_RAW = DataSet(
    name="unsw-nb15-raw",
    title="UNSW-NB15 as captured: UNSW-NB15_1.csv to _4.csv, 49 columns without a header",
    terms=_ACADEMIC,
    citation=_UNSW,
    split="none; the files are in the order of time",
    flaws=(
        _TTL,
        "most packets were seen at both sides of a router and count twice, and the ground truth repeats rows",
    ),
    signatures=(("srcip", "dstip", "dur", "sttl", "smeansz", "attack_cat", "label"),),
    unnamed=(
        "srcip",
        "sport",
        "dstip",
        "dsport",
        "proto",
        "state",
        "dur",
        "sbytes",
        "dbytes",
        "sttl",
        "dttl",
        "sloss",
        "dloss",
        "service",
        "Sload",
        "Dload",
        "Spkts",
        "Dpkts",
        "swin",
        "dwin",
        "stcpb",
        "dtcpb",
        "smeansz",
        "dmeansz",
        "trans_depth",
        "res_bdy_len",
        "Sjit",
        "Djit",
        "Stime",
        "Ltime",
        "Sintpkt",
        "Dintpkt",
        "tcprtt",
        "synack",
        "ackdat",
        "is_sm_ips_ports",
        "ct_state_ttl",
        "ct_flw_http_mthd",
        "is_ftp_login",
        "ct_ftp_cmd",
        "ct_srv_src",
        "ct_srv_dst",
        "ct_dst_ltm",
        "ct_src_ltm",
        "ct_src_dport_ltm",
        "ct_dst_sport_ltm",
        "ct_dst_src_ltm",
        "attack_cat",
        "Label",
    ),
    label="label",
    normal=("0",),
    attack_type="attack_cat",
)

TON_IOT = DataSet(
    name="ton-iot",
    title="TON_IoT, the network part: 44 columns, addresses among them",
    files=(
        PublishedFile(
            "train_test_network.csv",
            "26ddc513552de36de6428b2e578efaed2b57504c716dfba847cc0109a64e1974",
            211_043,
            "train-test",
            header=True,
        ),
    ),
    terms=_ACADEMIC,
    citation="N. Moustafa, 'A new distributed architecture for evaluating AI-based security systems "
    "at the edge: "
    "Network TON_IoT datasets', Sustainable Cities and Society 72, 2021",
    split="none",
    flaws=("addresses and ports identify the attackers; they are no features here",),
    signatures=(("src_ip", "conn_state", "missed_bytes", "src_ip_bytes", "label", "type"),),
    label="label",
    normal=("0",),
    attack_type="type",
    families=(("dos", r"^d?dos"), ("web", r"^(injection|xss)$"), ("recon", r"^scanning$")),
)

BOT_IOT = DataSet(
    name="bot-iot",
    title="Bot-IoT: all features, or the ten best of the 5 % edition",
    terms=_ACADEMIC,
    citation="N. Koroniotis, N. Moustafa, E. Sitnikova, B. Turnbull, 'Towards the development of "
    "realistic botnet "
    "dataset in the Internet of Things', Future Generation Computer Systems 100, 2019",
    split="the 5 % edition has training and testing files; the whole one has none",
    flaws=("there is almost no normal traffic in it: 477 rows of the 5 % edition",),
    signatures=(
        ("pk_seqid", "stime", "attack", "category"),
        ("pk_seqid", "n_in_conn_p_srcip", "attack", "category"),
    ),
    label="attack",
    normal=("0",),
    attack_type="category",
)

_UQ = (
    "M. Sarhan, S. Layeghy, M. Portmann, 'Towards a standard feature set for network intrusion "
    "detection system datasets', Mobile Networks and Applications 27, 2022"
)
_NF_FAMILIES = (
    ("dos", r"^d?dos"),
    ("recon", r"^(reconnaissance|scanning|analysis)$"),
    ("web", r"^(injection|xss)$"),
    ("malware", r"^(bot|backdoor|shellcode|worms|ransomware|infilt\w+)$"),
    ("brute-force", r"^(brute_force|password)$"),
)

NF_V3 = DataSet(
    name="nf-v3",
    title="NetFlow v3 of UNSW-NB15, ToN-IoT, BoT-IoT, CSE-CIC-IDS2018, and NF-UQ-NIDS-v3 of them "
    "all: 53 features",
    terms="Research (The University of Queensland)",
    citation="M. Luay and others, 'Temporal Analysis of NetFlow Datasets for Network Intrusion "
    "Detection Systems', 2025",
    split="none; NF-UQ-NIDS names the origin of each row in Dataset, a client each by --clients-by Dataset",
    flaws=("rates can be infinite, and some rows stand twice",),
    signatures=(("ipv4_src_addr", "in_bytes", "out_bytes", "flow_start_milliseconds", "label", "attack"),),
    label="label",
    normal=("0",),
    attack_type="attack",
    families=_NF_FAMILIES,
)

NF_V2 = DataSet(
    name="nf-v2",
    title="NetFlow v2 of the same, and NF-UQ-NIDS-v2: 43 features",
    terms="CC BY-NC-SA (The University of Queensland)",
    citation=_UQ,
    split="none; NF-UQ-NIDS names the origin of each row in Dataset, a client each by --clients-by Dataset",
    flaws=("its traffic is unlike that of real networks (Layeghy et al., 2021)",),
    signatures=(("ipv4_src_addr", "in_bytes", "out_bytes", "l7_proto", "label", "attack"),),
    label="label",
    normal=("0",),
    attack_type="attack",
    families=_NF_FAMILIES,
)
