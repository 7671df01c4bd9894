"""Flow tables for tests: an exporter of our own, and generated rows under published headers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HEADERS = dict(
    line.split("|") for line in Path(__file__).with_name("flow_headers.txt").read_text().splitlines()
)
"""Headers of published tables by name, as files have them (CSE-CIC-IDS2018 and Edge-IIoTset shortened)."""

_NORMAL = {
    "rt-iot2022": ("MQTT_Publish", "Wipro_bulb"),
    "cic-ids-improved": ("BENIGN",),
    "cic-ids2017": ("BENIGN",),
    "cse-cic-ids2018": ("Benign",),
    "ciciot2023": ("BenignTraffic",),
}  # of tables whose label names the attack; those of the others are 0 and 1
_WORDS = {
    "proto": "tcp udp",
    "service": "http - dns",
    "state": "FIN CON",
    "conn_state": "SF S0",
    "flgs": "e eD",
}
_TYPE_COLUMNS = ("attack_cat", "type", "attack", "category", "subcategory", "attack_type")


def write_csv(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    """Write a table, its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def own_rows(n_rows: int, seed: int) -> tuple[list[str], list[list[str]]]:
    """Make flows of an exporter that nobody knows: attacks are short, large or of one protocol."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["ok", "ok", "ok", "flood", "scan"], n_rows)
    rows = []
    for row, kind in enumerate(kinds.tolist()):
        size = rng.exponential({"ok": 4000, "flood": 60, "scan": 500}[kind])
        proto = rng.choice(["tcp", "udp"], p=[0.9, 0.1] if kind == "flood" else [0.6, 0.4])
        spent = f"{rng.exponential(1):.6f}" if rng.random() > 0.1 else "-"
        rows.append([f"C{row}", f"192.0.2.{rng.integers(9)}", f"{size:.0f}", str(proto), spent, kind])
    return ["uid", "src", "bytes", "proto", "duration", "verdict"], rows


def known_rows(name: str, n_rows: int) -> tuple[list[str], list[list[str]]]:
    """Make rows under a published header: words and labels as people find them, and numbers."""
    rng = np.random.default_rng(len(name))
    header = HEADERS[name].split(",")
    plain = name.split("/")[0]
    rows = [[_cell(plain, column.strip(), row, rng) for column in header] for row in range(n_rows)]
    return header, rows


def _cell(name: str, column: str, row: int, rng: np.random.Generator) -> str:
    """Make the cell of a column; two rows of three are normal traffic."""
    attack, plain = row % 3 == 0, column.lower()
    kind = "DoS" if row % 2 else "Scan"
    if plain == "attempted category":
        return "-1"
    if name in _NORMAL and plain in ("label", "attack_type"):
        return kind if attack else _NORMAL[name][row % len(_NORMAL[name])]
    if plain in ("label", "attack_label") or (name == "bot-iot" and plain == "attack"):
        return str(int(attack))
    if plain in _TYPE_COLUMNS:
        return kind if attack else "Normal"
    if plain in _WORDS:
        return str(rng.choice(_WORDS[plain].split()))
    if (
        any(mark in plain for mark in ("addr", " ip", "_ip", "ip."))
        and "bytes" not in plain
        and "pkt" not in plain
    ):
        return f"192.0.2.{row % 7}" if "ports" not in plain else "0"
    if plain in ("timestamp", "frame.time"):
        return f"2018-02-14 08:31:{row % 60:02d}"
    if "port" in plain.split() or plain.endswith("port"):
        return str(rng.choice([80, 443, 53211]))
    return "Infinity" if plain == "flow bytes/s" and row == 5 else str(int(rng.integers(0, 2000)))
