"""Files that a fuzz, or an enemy, came up with: each a fault of its kind once."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from pathlib import Path

import pytest

from cfmt.data.basic import as_basic
from cfmt.data.columns import Columns, needed_of
from cfmt.data.flow_stream import flow_chunk
from cfmt.data.readers import detect, read_chunks
from cfmt.data.readers.detection import read_text
from cfmt.data.readers.text import Text
from cfmt.errors import DataError
from support.detectors import invoke
from support.exported_flows import some_flows, write_flows
from support.flow_files import fault, lines_of, rows_of, written

MARK = "\ufeff"


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("a,b\n" + "1" * 250_000 + "x,2\n", 2),  # a number that is none, at its very end
        ("a,b\n" + "\t" * 250_000 + ",2\n", None),  # blanks that could be around quotes
        ("a,b\n" + "\xe9" * 250_000 + ",2\n", 2),
        ("a,b\n" + "'" * 250_000 + ",2\n", None),
    ],
)
def test_a_long_cell_takes_no_long_time(tmp_path: Path, content: str, columns: int | None) -> None:
    started = time.process_time()
    path = written(tmp_path, content.encode("latin-1"))
    assert columns is None or len(detect(path).columns) == columns
    with contextlib.suppress(DataError):
        rows_of(path)
    assert time.process_time() - started < 5  # seconds; each took minutes


def test_names_and_cells_are_told_in_few_words(tmp_path: Path) -> None:
    columns = Columns(("bytes",), {})
    path = written(tmp_path, ",".join(f"column {n}" for n in range(9_000)) + "\n" + "1," * 8_999 + "1\n")
    (chunk,) = read_chunks(path)
    with pytest.raises(DataError, match=r"lacks the column bytes; it has .* and 8,988 more; give a table"):
        flow_chunk(columns, chunk)
    path = written(tmp_path, "bytes,uid\n1,2\n" + "x" * 100_000 + ",3\n")
    (chunk,) = read_chunks(path)
    assert str(flow_chunk(columns, chunk).fault).endswith(
        "line 3: column bytes must be a number, got '" + "x" * 60 + "...'"
    )


def test_what_a_terminal_would_obey_is_written_out(tmp_path: Path) -> None:
    (chunk,) = read_chunks(written(tmp_path, '{"\\u001b[2J": 1, "a\\nb": 2}\n'))
    with pytest.raises(DataError) as caught:
        flow_chunk(Columns(("bytes",), {}), chunk)
    assert r"it has \x1b[2J, a\nb; give" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a":' * 33 + "1" + "}" * 33 + "\n", "line 1: nests objects deeper than 32"),
        ('{"a":' * 900 + "1" + "}" * 900 + "\n", "line 1: nests objects deeper than 32"),
        ('{"a": 1}\n{"' + "x" * 1001 + '": 1}\n', "line 2: has a key of more than 1,000 letters; shorten it"),
        ('{"' + "x" * 600 + '": {"' + "y" * 600 + '": 1}}\n', "line 1: has a key of more than 1,000 letters"),
    ],
)
def test_json_that_is_no_flow(tmp_path: Path, content: str, words: str) -> None:
    assert fault(written(tmp_path, content)).startswith(words)


def test_lists_of_json_may_be_deep(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, '{"a": ' + "[" * 100 + "]" * 100 + "}\n")) == [("[" * 100 + "]" * 100,)]


def test_byte_order_marks_within_a_file(tmp_path: Path) -> None:
    """As files have that were put together, each with its mark and its header."""
    part = MARK + "uid,bytes\nC1,5\nC2,6\n"
    path = written(tmp_path, part + part)
    assert rows_of(path) == [("C1", "5"), ("C2", "6")] * 2
    assert lines_of(path) == [2, 3, 5, 6]
    assert rows_of(written(tmp_path, MARK * 3 + "C1,5\nC2,6\n")) == [("C1", "5"), ("C2", "6")]
    assert rows_of(written(tmp_path, f"C1,5\nC{MARK}2,6\n"))[1] == (f"C{MARK}2", "6")


@pytest.mark.parametrize("needed", [True, False])
@pytest.mark.parametrize("space", ["", " "])
def test_a_tab_in_quotes_stays_where_tabs_separate(tmp_path: Path, needed: bool, space: str) -> None:
    columns = Columns(("bytes",), {}, kept=("uid",))
    path = written(tmp_path, f'uid\tbytes\nC1{space}\t5\n"C2\t"\t6\n')
    (chunk,) = read_chunks(path, needed=needed_of(columns) if needed else None)
    assert list(flow_chunk(columns, chunk).passed["uid"]) == ["C1", "C2\t"]


def test_an_attribute_of_arff_needs_a_type(tmp_path: Path) -> None:
    words = "line 1: declares no attribute with a name and a type"
    assert fault(written(tmp_path, "@attribute bytes\n@data\n1\n")).startswith(words)
    assert detect(written(tmp_path, "@attribute 'a b'{x,y}\n@data\nx\n")).columns == ("a b",)


def test_a_cell_beyond_what_the_csv_module_takes_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"x" ,1\n"' + "y" * 200_000 + '""",1\n')
    assert fault(path) == "line 3: holds a cell of more than 131,072 letters; shorten it"


def test_a_port_that_is_no_number_is_no_port(tmp_path: Path) -> None:
    path = write_flows(tmp_path / "flows", "argus", some_flows(2)[0])
    path.write_text(path.read_text().replace(",80,", ",nan,"))
    (chunk,) = read_chunks(path)
    assert (
        as_basic(chunk.frame)["service"].to_list()[0]
        == as_basic(chunk.frame.with_columns(Dport=None))["service"][0]
    )


def test_what_people_read_holds_nothing_that_a_terminal_would_obey(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 3},{('ok', 'bad')[n % 2]}\n" for n in range(60))
    path = written(tmp_path, "size\x1b[31m,kind\u202e,verdict\n" + rows)
    code, out, err = invoke("data", "inspect", path, "--label", "verdict", "--normal", "ok")
    assert code == 0, err
    assert r"size\x1b[31m" in out
    assert not any("\x1b" in text or "\u202e" in text for text in (out, err))


def test_what_is_odd_about_data_is_told_in_one_line(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 7},{('ok', 'bad')[n % 2]}\n" for n in range(60))
    path = written(tmp_path, "size,rate,verdict\n,,\nmany\x1b[2J,1,ok\n" + rows, "flows.csv")
    with warnings.catch_warnings(action="default"):
        code, _, err = invoke("data", "inspect", path, "--label", "verdict", "--normal", "ok")
    assert code == 0, err
    assert err.splitlines()[:2] == [
        f"warning: {path}: line 2: holds no cell; 1 such rows of these are left out",
        r"warning: column size: holds numbers, but 'many\x1b[2J' in row 1 is none, and so for 1 of 61 rows; "
        "its cells count as words: mend those rows, or leave the column out of a schema",
    ]


def test_wide_files_are_read_in_shorter_chunks(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(1000)]
    keys = "{" + ",".join(f'"{name}":1' for name in names) + "}\n"
    jsonl = written(tmp_path, keys + '{"c0":1}\n' * 9_000, "wide.json")
    csv = written(tmp_path, ",".join(names) + "\n" + ("1" + ",1" * 999 + "\n") * 4_200, "wide.csv")
    for path, n_rows in ((jsonl, 9_001), (csv, 4_200)):
        sizes = [chunk.frame.height for chunk in read_chunks(path)]
        assert sum(sizes) == n_rows
        assert max(sizes) <= (1 << 22) // 1000


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n\0,3\n4,5\n", '{"a":1}\n{\0}\n{"a":2}\n', '{"a":1}\n{"a\n{"a":2}\n']
)
def test_a_faulty_line_at_the_beginning_of_a_stream_is_counted_once(content: str) -> None:
    text = Text(io.BytesIO(content.encode()), "-", live=True)
    assert [line for chunk in read_text(text) for line in chunk.lines] in ([2, 4], [1, 3])
    assert text.n_faulty == 1
