"""CSV and its relatives, as they lie in people's folders."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfmt.data.readers import detect, read_chunks
from cfmt.data.readers.cells import cells_of, frame_of, parse_at_once
from cfmt.errors import DataError
from support.flow_files import CSV, HEADER, ROWS, fault, lines_of, rows_of, written

NAMES = ("proto", "bytes", "state")
VARIANTS: dict[str, str | bytes] = {
    "plain": CSV,
    "semicolons": CSV.replace(",", ";"),
    "tabs": CSV.replace(",", "\t"),
    "bars": CSV.replace(",", "|"),
    "carriage returns": CSV.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + CSV,
    "utf-16": CSV.encode("utf-16"),
    "utf-16, big end first": b"\xfe\xff" + CSV.encode("utf-16-be"),
    "no last line feed": CSV.removesuffix("\n"),
    "blank lines at the end": CSV + "\n \n\n",
    "blanks after commas": CSV.replace(",", ", "),
    "blanks around cells": CSV.replace(",", " ,\t"),
    "double quotes": CSV.replace("tcp", '"tcp"').replace("SF", '"SF"'),
    "all in quotes": "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in CSV.splitlines()),
    "single quotes": CSV.replace("tcp", "'tcp'").replace("SF", "'SF'"),
    "blanks around quotes": CSV.replace("tcp", ' "tcp" ').replace("SF", ' "SF" '),
    "header again": CSV.replace("udp", HEADER + "\nudp"),
    "header twice again": CSV.replace("icmp", HEADER + "\n" + HEADER + "\nicmp"),
    "commas at the ends": CSV.replace("\n", ",\n"),
    "commas at the rows' ends": HEADER + CSV.removeprefix(HEADER).replace("\n", ",\n")[1:],
    "a comma at the header's end": CSV.replace("state", "state,"),
}


@pytest.mark.parametrize("content", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("rows_at_once", [1, 2, 1000])
def test_variants_give_the_same_rows(tmp_path: Path, content: str | bytes, rows_at_once: int) -> None:
    path = written(tmp_path, content)
    layout = detect(path)
    assert (layout.format, layout.columns, layout.header) == ("csv", NAMES, True)
    chunks = list(read_chunks(path, rows_at_once=rows_at_once))
    assert [row for chunk in chunks for row in chunk.frame.rows()] == ROWS
    firsts = [sum(chunk.frame.height for chunk in chunks[:n]) for n in range(len(chunks))]
    assert [chunk.first for chunk in chunks] == firsts
    assert all(tuple(chunk.frame.columns) == NAMES and chunk.path == str(path) for chunk in chunks)


def test_rows_know_their_lines(tmp_path: Path) -> None:
    assert lines_of(written(tmp_path, CSV)) == [2, 3, 4]
    assert lines_of(written(tmp_path, VARIANTS["header again"]), rows_at_once=2) == [2, 4, 5]


def test_without_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, CSV.removeprefix(HEADER + "\n"))
    layout = detect(path)
    assert (layout.columns, layout.header) == (("column_1", "column_2", "column_3"), False)
    assert rows_of(path) == ROWS
    assert next(read_chunks(path, names=NAMES)).frame.columns == list(NAMES)
    assert lines_of(path) == [1, 2, 3]
    assert "has 3 columns, but 2 names are given" in fault(path, names=("a", "b"))


def test_a_header_wins_over_names(tmp_path: Path) -> None:
    assert tuple(next(read_chunks(written(tmp_path, CSV), names=("a", "b", "c"))).frame.columns) == NAMES


def test_commas_at_the_ends_of_a_text_without_header(tmp_path: Path) -> None:
    path = written(tmp_path, "tcp,10,\nudp,20,\n")
    assert rows_of(path) == [("tcp", "10"), ("udp", "20")]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (",a,b\n0,x,1\n1,y,2\n", ("index", "a", "b")),
        ("a,b\n0,x,1\n1,y,2\n", ("index", "a", "b")),
        ("Unnamed: 0,a,b\n0,x,1\n", ("index", "a", "b")),
        ("a,a,b,a\n1,2,3,4\n", ("a", "a_2", "b", "a_3")),
        ("a,a_2,a\n1,2,3\n", ("a", "a_2", "a_3")),
        ("a,,b\n1,2,3\n", ("a", "column_2", "b")),
        ("0,1,2,3\n7,tcp,8,x\n", ("0", "1", "2", "3")),
        (",0,1,2,3\n0,7,tcp,8,x\n", ("index", "0", "1", "2", "3")),
        (" Flow Duration, Label\n1,BENIGN\n", ("Flow Duration", "Label")),
    ],
)
def test_names_of_columns(tmp_path: Path, content: str, columns: tuple[str, ...]) -> None:
    path = written(tmp_path, content)
    assert detect(path).columns == columns
    assert len(rows_of(path)[0]) == len(columns)
    assert lines_of(path)[0] == 2


def test_empty_cells_are_null(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, 'a,b,c\n1,,"x"\n2," ",""\n')) == [("1", None, "x"), ("2", None, None)]


def test_a_byte_that_is_no_utf_8_is_of_windows(tmp_path: Path) -> None:
    content = "Flow Duration,Label\n" + "1,BENIGN é\n" * 40_000 + "2,Web Attack \x96 XSS\n"
    path = written(tmp_path, content.replace("\x96", "\udc96").encode("utf-8", "surrogateescape"))
    rows = rows_of(path, rows_at_once=3)
    assert rows[0] == ("1", "BENIGN é")
    assert rows[-1] == ("2", "Web Attack \N{EN DASH} XSS")
    assert detect(path).encoding == "utf-8"  # the head is
    early = written(tmp_path, b"a,Label\n1,Web Attack \x96 XSS\n")
    assert detect(early).encoding == "cp1252"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty; give a file with one flow a line"),
        ("\n \n", "is empty; give a file with one flow a line"),
        ("\ufeff", "is empty; give a file with one flow a line"),
        (HEADER + "\n", "line 1: is a header, and no rows follow; give a file with flows"),
        (CSV.replace("20,", "20\n"), "line 3: has 2 cells, but line 1 has 3; remove it or mend it"),
        (CSV.replace("20", "20,1"), "line 3: has 4 cells, but line 1 has 3; remove it or mend it"),
        (CSV.replace("udp", "\nudp"), "line 3: is blank; remove it"),
        ("\n" + CSV, "line 1: is blank; remove it"),
        (
            CSV + "tcp,1",
            "line 5: has 2 cells, but line 1 has 3; remove it or mend it, or fetch the file again",
        ),
        (
            CSV.replace("udp", "u\0dp"),
            "line 3: holds a NUL byte, so it is no text; give a text file in UTF-8",
        ),
        (CSV.replace("udp", "u\rdp"), "line 3: holds a carriage return that ends no line"),
        (CSV.replace("\n", "\r"), "line 1: holds a carriage return that ends no line"),
        (CSV.replace("udp", '"u\ndp"'), 'line 3: holds a cell with a quote (") that does not close'),
        (CSV.replace("udp", '"u"dp'), 'line 3: holds a cell with a quote (") that does not close'),
        (CSV.encode("utf-16") + b"\x00", "line 5: is damaged UTF-16"),
        (CSV.encode("utf-16-le"), "line 1: holds a NUL byte"),
        (
            "1,2,a\n" * 20 + "n,m,k\n1,2,b\n",
            "line 21: is a header (n, m, k, ...), but the file begins without",
        ),
        ("tcp,1,\n" * 200 + "tcp,1,x\n", "line 201: has 3 cells, but only 2 columns"),
        ("a" * (1 << 21), "line 1: is longer than 1,048,576 bytes; give a text with one flow a line"),
        (CSV + "1," * (1 << 20), "line 5: is longer than 1,048,576 bytes"),
        ("1," * 20_000, "line 1: has 20,001 cells, at most 10,000 are read; is it a table of flows?"),
        (b"PK\x03\x04" + bytes(60), "is a zip archive; unpack it: unzip FILE"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer, not the data"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "is a capture of packets; make flows of it first"),
        ("\n<!DOCTYPE html>\n", "is a web page, not the data; fetch the file itself"),
        (b"\xfd7zXZ\x00abc", "is compressed with xz; decompress it: unxz FILE"),
    ],
)
@pytest.mark.parametrize("rows_at_once", [1, 1000])
def test_faults_name_the_line(tmp_path: Path, content: str | bytes, words: str, rows_at_once: int) -> None:
    path = written(tmp_path, content)
    assert fault(path, rows_at_once=rows_at_once).startswith(words)


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, CSV)
    with pytest.raises(DataError, match="rows_at_once must be at least 1, got 0"):
        rows_of(path, rows_at_once=0)
    with pytest.raises(DataError, match=r"format must be one of auto, csv, .*, got 'xml'"):
        detect(path, format="xml")
    assert fault(path, format="zeek") == "is csv, not zeek; give --format csv, or auto"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=8)
CELLS = st.one_of(
    WORDS, st.integers(-(10**9), 10**9).map(str), st.floats(allow_nan=False).map(repr), st.just(""),
    st.tuples(WORDS, WORDS).map(" ".join), st.sampled_from([",", ";", "|", '"', 'a"b', '""', "'", "a,b;c"]),
).filter(lambda cell: not (cell[:1] == cell[-1:] == "'" and len(cell) > 1))  # fmt: skip


@given(
    rows=st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1)),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    rows_at_once=st.integers(1, 9),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_what_csv_writes_is_read_back(
    tmp_path: Path, rows: list[list[str]], separator: str, quoting: int, rows_at_once: int
) -> None:
    # The names tell separator and header; an integer in each row tells words from names.
    rows = [[*row, str(number)] for number, row in enumerate(rows)]
    header = [f"name_{number}" for number in range(len(rows[0]))]
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n").writerows([header, *rows])  # type: ignore[arg-type]
    path = written(tmp_path, text.getvalue())
    layout = detect(path)
    assert (layout.separator, layout.columns, layout.header) == (separator, tuple(header), True)
    assert rows_of(path, rows_at_once=rows_at_once) == [tuple(cell or None for cell in row) for row in rows]


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1),
    separator=st.sampled_from(",;\t|"),
    quote=st.sampled_from("\"'"),
    all_quoted=st.booleans(),
)
@settings(deadline=None)
def test_at_once_is_as_one_by_one(
    rows: list[list[str]], separator: str, quote: str, all_quoted: bool
) -> None:
    text = io.StringIO()
    options: dict[str, Any] = {"delimiter": separator, "quotechar": quote, "lineterminator": "\n"}
    csv.writer(text, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL, **options).writerows(rows)
    content = text.getvalue()
    at_once = parse_at_once(content.encode(), separator, quote, 3)
    one_by_one = frame_of([cells_of(line, separator, quote) for line in content.splitlines()], 3)
    assert at_once is not None
    assert at_once.rows() == one_by_one.rows()


@given(content=st.text('ab,"\n \t1', max_size=30))
@settings(deadline=None, max_examples=500)
def test_at_once_never_reads_otherwise_than_one_by_one(content: str) -> None:
    content += "\n"
    found = parse_at_once(content.encode(), ",", '"', 2)
    if found is not None:
        rows = [cells_of(line, ",", '"') for line in content.removesuffix("\n").split("\n")]
        assert found.rows() == frame_of(rows, 2).rows()
