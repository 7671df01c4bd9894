"""Zeek's logs, as text and as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfmt.data.readers import detect, read_chunks
from conftest import shared_folder
from support.flow_files import CONN, fault, lines_of, rows_of, written, zeek

ROW = ["1.5", "C1", "192.0.2.1", "1024", "192.0.2.2", "80", "tcp", "-", "(empty)", "SF"]
READ = ("1.5", "C1", "192.0.2.1", "1024", "192.0.2.2", "80", "tcp", None, None, "SF")


@pytest.fixture(scope="module")
def zeek_folder() -> Path:
    folder = shared_folder() / "data" / "zeek"
    if not folder.exists():
        pytest.skip(
            f"real Zeek logs not found in {folder}; set CFMT_SHARED to the folder that holds data/zeek"
        )
    return folder


def test_a_log(tmp_path: Path) -> None:
    path = written(tmp_path, zeek([ROW, ROW]))
    layout = detect(path)
    assert (layout.format, layout.columns, layout.header) == ("zeek", tuple(CONN), True)
    assert (layout.separator, layout.exporter) == ("\t", "zeek")
    assert rows_of(path) == [READ, READ]
    assert lines_of(path) == [8, 9]


@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 100])
def test_fields_may_come_again(tmp_path: Path, rows_at_once: int) -> None:
    path = written(tmp_path, zeek([ROW]) + zeek([ROW, ROW]))
    assert rows_of(path, rows_at_once=rows_at_once) == [READ] * 3
    assert lines_of(path, rows_at_once=rows_at_once) == [8, 17, 18]
    assert [c.first for c in read_chunks(path, rows_at_once=100)] == [0, 1]


def test_other_fields_keep_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, zeek([ROW]) + zeek([["x", "C2"]], ["more", "uid"]))
    first, second = read_chunks(path)
    assert first.frame.columns == CONN
    assert second.frame.columns == [*CONN, "more"]
    assert second.frame.select("uid", "more", "proto").rows() == [("C2", "x", None)]


def test_other_marks_and_separator(tmp_path: Path) -> None:
    head = "#separator \\x2c\n#unset_field,NA\n#empty_field,EMPTY\n"
    text = head + "#fields,uid,id.orig_h,a\nC1,NA,EMPTY\nC2,-,x\n"
    path = written(tmp_path, text)
    assert detect(path).separator == ","
    assert rows_of(path) == [("C1", None, None), ("C2", "-", "x")]


def test_labels_glued_with_blanks(tmp_path: Path) -> None:
    fields = ["uid", "id.orig_h", "tunnel_parents   label   detailed-label"]
    path = written(tmp_path, zeek([["C1", "192.0.2.1", "(empty)   Malicious   Scan"]], fields))
    assert detect(path).columns == ("uid", "id.orig_h", "tunnel_parents", "label", "detailed-label")
    assert rows_of(path) == [("C1", "192.0.2.1", None, "Malicious", "Scan")]


def test_a_log_without_rows_has_no_chunks(tmp_path: Path) -> None:
    assert list(read_chunks(written(tmp_path, zeek([])))) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zeek([ROW, ROW[:-1]]), "line 9: has 9 cells, but #fields in line 6 names 10; remove it or mend it"),
        (zeek([ROW]).replace("#fields", "#felds"), "has no line #fields before its rows"),
        (zeek([ROW]).replace("\\x09", "none"), "line 1: names no separator of one character; mend it: \\x09"),
        (zeek([ROW], []), "line 6: #fields names no columns; fetch the log again"),
        (zeek([ROW]).removesuffix("#close\t2026-01-01-00-00-00\n") + "1.5\tC", "line 9: has 2 cells"),
    ],
)
def test_faults(tmp_path: Path, content: str, words: str) -> None:
    assert fault(written(tmp_path, content)).startswith(words)


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"ts": 1.5, "uid": "C1", "id.orig_h": "192.0.2.1", "orig_pkts": 3, "local_orig": True},
        {"ts": 2, "uid": "C2", "id.orig_h": "192.0.2.1", "service": "dns", "orig_pkts": 4},
    ]
    path = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    layout = detect(path)
    assert (layout.format, layout.exporter) == ("zeek-json", "zeek")
    assert layout.columns == ("ts", "uid", "id.orig_h", "orig_pkts", "local_orig", "service")
    first, second = rows_of(path)
    assert first == (1.5, "C1", "192.0.2.1", 3, True, None)
    assert second == (2.0, "C2", "192.0.2.1", 4, None, "dns")


def test_the_real_log(zeek_folder: Path) -> None:
    path = zeek_folder / "conn.log"
    fields = next(line for line in path.read_text().splitlines() if line.startswith("#fields"))
    lines = [(n, line) for n, line in enumerate(path.read_text().splitlines(), 1) if not line.startswith("#")]
    expected = [tuple(None if c in "-(empty)" else c for c in line.split("\t")) for _, line in lines]
    for rows_at_once in (7, 1000):
        assert rows_of(path, rows_at_once=rows_at_once) == expected
        assert lines_of(path, rows_at_once=rows_at_once) == [n for n, _ in lines]
    assert detect(path).columns == tuple(fields.split("\t")[1:])
    assert len(expected) == 360


def test_the_real_log_with_odd_dates(zeek_folder: Path) -> None:
    assert len(rows_of(zeek_folder / "conn_date_issue.log")) == 3


def test_the_real_json_log(zeek_folder: Path) -> None:
    path = zeek_folder / "json-conn.log"
    read = [row for chunk in read_chunks(path, rows_at_once=7) for row in chunk.frame.to_dicts()]
    for line, row in zip(path.read_text().splitlines(), read, strict=True):
        assert json.loads(line) == {key: value for key, value in row.items() if value is not None}
