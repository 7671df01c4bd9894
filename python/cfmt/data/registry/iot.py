"""Data sets of IoT testbeds."""

from cfmt.data.registry.entry import DataSet, PublishedFile

__all__ = ["EDGE_IIOTSET", "N_BAIOT", "RT_IOT2022"]

RT_IOT2022 = DataSet(
    name="rt-iot2022",
    title="RT-IoT2022: Zeek and Flowmeter flows of an IoT testbed, 83 features, 9 attack types",
    files=(
        PublishedFile(
            "RT_IOT2022.csv",
            "956956c09c1764584fa08acd0f6876475626bcedcd6a6b1f8c492c2e9a2089ea",
            123_117,
            "all",
            header=True,
        ),
    ),
    terms="CC BY 4.0 (UCI Machine Learning Repository)",
    citation="B. S. Sharmila, R. Nagapadma, 'Quantized autoencoder (QAE) intrusion detection system "
    "for anomaly "
    "detection in resource-constrained IoT devices using RT-IoT2022 dataset', Cybersecurity 6, 2023",
    split="none",
    flaws=("rows stand grouped by type, nine in ten are attacks, and three in four are of one type",),
    signatures=(("id_orig_p", "id_resp_p", "fwd_pkts_tot", "attack_type"),),
    label="attack_type",
    normal=("MQTT_Publish", "Thing_Speak", "Wipro_bulb"),
    families=(
        ("dos", r"^d?dos"),
        ("recon", r"^nmap"),
        ("brute-force", r"brute"),
        ("spoofing", r"^arp"),
    ),
)

EDGE_IIOTSET = DataSet(
    name="edge-iiotset",
    title="Edge-IIoTset: fields of packets of an industrial IoT testbed, 14 attack types",
    terms="Free for academic research",
    citation="M. A. Ferrag, O. Friha, D. Hamouda, L. Maglaras, H. Janicke, 'Edge-IIoTset: A New "
    "Comprehensive Realistic "
    "Cyber Security Dataset of IoT and IIoT Applications', IEEE Access 10, 2022",
    split="none; its DNN and ML editions are two selections of the same rows",
    flaws=("rows are packets, many of them twice; hosts and payloads give the label away",),
    signatures=(("frame_time", "attack_label", "attack_type"),),
    label="attack_label",
    normal=("0",),
    attack_type="attack_type",
    families=(
        ("dos", r"^ddos"),
        ("recon", r"scan|fingerprint"),
        ("spoofing", r"mitm"),
        ("web", r"sql|xss|upload"),
        ("malware", r"backdoor|ransomware|password"),
    ),
)

N_BAIOT = DataSet(
    name="n-baiot",
    title="N-BaIoT: 115 damped-window statistics of nine devices, a file for each kind of traffic",
    terms="CC BY 4.0 (UCI Machine Learning Repository)",
    citation="Y. Meidan and others, 'N-BaIoT: Network-based Detection of IoT Botnet Attacks Using "
    "Deep Autoencoders', "
    "IEEE Pervasive Computing 17(3), 2018",
    split="none; each device has its own files, a client each by --clients-by file",
    flaws=(
        "the names of the files are the labels",
        "its statistics separate botnets almost without an error",
    ),
    signatures=(("mi_dir_l5_weight", "hh_l5_magnitude"),),
    label="traffic",
    normal=("benign",),
    label_of_file=r"(benign|gafgyt|mirai)(?:_traffic|_attacks)?(?:[./]?(ack|combo|junk|scan|syn|tcp|udpplain|udp))?",
    families=(("gafgyt", r"^gafgyt"), ("mirai", r"^mirai")),
)
