"""Columns and labels of NSL-KDD, in the order of its files.

References
----------
M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, "A Detailed Analysis of the KDD CUP 99 Data Set",
IEEE CISDA 2009.
"""

from __future__ import annotations

from cfmt.data.schema import Schema

__all__ = ["ATTACK_TYPES", "COLUMNS", "FAMILIES", "FAMILY_OF", "ONLY_IN_TEST", "ONLY_IN_TRAINING", "SCHEMA"]

_FEATURES = (
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
)
_CATEGORICAL = ("protocol_type", "service", "flag")
COLUMNS = (*_FEATURES, "attack_type", "difficulty")

# Heavy-tailed, by a rule on the training file alone: whole numbers with skewness > 1 and maximum > 5.
SCHEMA = Schema(
    numeric=tuple(name for name in _FEATURES if name not in _CATEGORICAL),
    categorical=_CATEGORICAL,
    log1p=(
        "duration",
        "src_bytes",
        "dst_bytes",
        "hot",
        "num_compromised",
        "num_root",
        "num_file_creations",
        "num_access_files",
        "count",
        "srv_count",
    ),
)

FAMILIES = ("normal", "dos", "probe", "r2l", "u2r")

# The families of the KDD Cup 1999 evaluation, by which httptunnel is u2r and worm is r2l.
_TYPES_IN_TRAINING = {
    "normal": ("normal",),
    "dos": ("back", "land", "neptune", "pod", "smurf", "teardrop"),
    "probe": ("ipsweep", "nmap", "portsweep", "satan"),
    "r2l": ("ftp_write", "guess_passwd", "imap", "multihop", "phf", "spy", "warezclient", "warezmaster"),
    "u2r": ("buffer_overflow", "loadmodule", "perl", "rootkit"),
}
_TYPES_ONLY_IN_TEST = {
    "dos": ("apache2", "mailbomb", "processtable", "udpstorm"),
    "probe": ("mscan", "saint"),
    "r2l": ("named", "sendmail", "snmpgetattack", "snmpguess", "worm", "xlock", "xsnoop"),
    "u2r": ("httptunnel", "ps", "sqlattack", "xterm"),
}

FAMILY_OF = {
    name: family
    for types in (_TYPES_IN_TRAINING, _TYPES_ONLY_IN_TEST)
    for family, names in types.items()
    for name in names
}
ATTACK_TYPES = tuple(FAMILY_OF)
ONLY_IN_TRAINING = frozenset({"spy", "warezclient"})
ONLY_IN_TEST = frozenset(name for names in _TYPES_ONLY_IN_TEST.values() for name in names)
