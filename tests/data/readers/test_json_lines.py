"""Suricata's eve.json, and other JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cfmt.data.readers import detect, read_chunks
from support.flow_files import fault, lines_of, rows_of, written

FLOW = {
    "timestamp": "2026-01-01T00:00:00.0+0000",
    "flow_id": 7,
    "event_type": "flow",
    "proto": "TCP",
    "flow": {"pkts_toserver": 4, "bytes_toserver": 200, "alerted": False},
    "tcp": {"tcp_flags": "1b"},
}


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_eve_gives_its_flows_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        lines({**FLOW, "event_type": "alert", "alert": {}}, FLOW, {**FLOW, "event_type": "dns"}, FLOW),
    )
    layout = detect(path)
    assert (layout.format, layout.exporter) == ("eve", "suricata")
    assert layout.columns[4:] == (
        "flow.pkts_toserver",
        "flow.bytes_toserver",
        "flow.alerted",
        "tcp.tcp_flags",
    )
    (chunk,) = read_chunks(path)
    assert chunk.lines.tolist() == [2, 4]
    assert chunk.frame["flow.pkts_toserver"].to_list() == [4, 4]
    assert chunk.frame["flow.alerted"].dtype == pl.Boolean
    assert chunk.frame["flow_id"].dtype == pl.Int64


def test_eve_without_flows(tmp_path: Path) -> None:
    path = written(tmp_path, lines({**FLOW, "event_type": "alert"}, {**FLOW, "event_type": "alert"}))
    assert fault(path).startswith("holds no event of type flow (2 alert); add flow to the types of eve-log")


def test_other_json_lines(tmp_path: Path) -> None:
    path = written(tmp_path, lines({"a": 1, "b": [1, "x"], "c": {"d": {"e": None}}}, {"a": 2.5}) + "\n")
    layout = detect(path)
    assert (layout.format, layout.columns, layout.exporter) == ("jsonl", ("a", "b", "c.d.e"), "")
    assert rows_of(path) == [(1.0, '[1, "x"]', None), (2.5, None, None)]


def test_eve_read_as_other_json_keeps_all_events(tmp_path: Path) -> None:
    path = written(tmp_path, lines(FLOW, {**FLOW, "event_type": "alert"}))
    assert lines_of(path, format="jsonl") == [1, 2]
    assert detect(path, format="jsonl").format == "jsonl"


def test_late_keys_come_behind_and_types_widen(tmp_path: Path) -> None:
    path = written(
        tmp_path, lines(*[{"a": n} for n in range(40_000)], {"a": 0.5, "late": "x"}, {"b": 1}, {"a": "y"})
    )
    chunks = list(read_chunks(path, rows_at_once=40_000))
    assert detect(path).columns == ("a",)
    assert chunks[0].frame.schema == {"a": pl.Int64}
    assert chunks[1].frame.rows() == [("0.5", "x", None), (None, None, 1), ("y", None, None)]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1 << 70, float(1 << 70)),
        (10**400, float("inf")),
        ("\ud800x", "?x"),
        (True, True),
        ("", ""),
        (-5, -5),
    ],
)
def test_odd_values(tmp_path: Path, value: Any, read: Any) -> None:
    path = written(tmp_path, lines({"a": value}))
    assert rows_of(path) == [(read,)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n{"a": }\n', "line 2: is no JSON (Expecting value); remove it or mend it"),
        ('{"a": 1}\n[1]\n', "line 2: is no JSON object; write one flow a line: {...}"),
        ('{\n  "a": 1\n}\n', "line 1: is no JSON ("),
        (
            '{"a": 1}\n{"a": ' + "[" * 100_000 + "\n",
            "line 2: is no JSON (a number or a nesting that is too large)",
        ),
        ('{"a": ' + "9" * 5000 + "}\n", "line 1: is no JSON (a number or a nesting that is too large)"),
        (lines(*[{f"k{n}": 1} for n in range(1001)]), "has more than 1,000 different keys"),
        ('{"a": 1}\n{"a', "line 2: is no JSON ("),
    ],
)
def test_faults(tmp_path: Path, content: str, words: str) -> None:
    assert fault(written(tmp_path, content)).startswith(words)


def test_odd_keys_have_names(tmp_path: Path) -> None:
    path = written(tmp_path, lines({"": 1, " a ": 2, "\ud800": 3}))
    assert detect(path).columns == ("unnamed", "a", "?")
    assert rows_of(path) == [(1, 2, 3)]
