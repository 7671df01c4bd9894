"""ARFF and Parquet."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from cfmt.data.readers import detect, read_chunks
from support.flow_files import fault, lines_of, rows_of, written

ARFF = """% made by hand
@relation 'flows'

@attribute 'protocol type' {'tcp', 'udp'}
@ATTRIBUTE bytes REAL
@attribute "class" {normal, anomaly}
@data
'tcp',10,normal
% between
udp, ?, anomaly

"t'c p",'3',normal
"""


@pytest.mark.parametrize("rows_at_once", [1, 3, 100])
def test_arff(tmp_path: Path, rows_at_once: int) -> None:
    path = written(tmp_path, ARFF.replace('"t\'c p"', "'t\\'c p'"))
    layout = detect(path)
    assert (layout.format, layout.columns, layout.header) == (
        "arff",
        ("protocol type", "bytes", "class"),
        True,
    )
    expected = [("tcp", "10", "normal"), ("udp", None, "anomaly"), ("t'c p", "3", "normal")]
    assert rows_of(path, rows_at_once=rows_at_once) == expected
    assert lines_of(path, rows_at_once=rows_at_once) == [8, 10, 12]


def test_arff_without_attributes(tmp_path: Path) -> None:
    path = written(tmp_path, "@relation x\r\n@data\r\n1,a\r\n2,b\r\n")
    assert detect(path).columns == ("column_1", "column_2")
    assert rows_of(path, names=("n", "w")) == [("1", "a"), ("2", "b")]
    assert "has 2 columns, but 1 names are given" in fault(path, names=("n",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ARFF.replace("10,", ""), "line 8: has 2 cells, but 3 attributes are declared; remove it or mend it"),
        (ARFF.replace("@data", "@dta"), "line 7: declares nothing, and no @data came before it"),
        ("@relation x\n@attribute a real\n", "has no line @data, so no rows; fetch it again"),
        (
            "@relation x\n@attribute a\n@data\n1\n",
            "line 2: declares no attribute with a name and a type; mend it",
        ),
        ("@relation x\n@attribute a real\n@data\n", "line 3: no rows follow @data; give a file with flows"),
        (
            "@relation x\n@attribute a real\n@data\n'x\n",
            "line 4: holds a cell with a quote (') that does not close",
        ),
        ("@relation x\n@attribute a real\n@data\n{0 1}\n", "line 4: is a sparse row"),
    ],
)
def test_faults_of_arff(tmp_path: Path, content: str, words: str) -> None:
    assert fault(written(tmp_path, content)).startswith(words)


FRAME = pl.DataFrame(
    {
        " proto ": ["tcp", None, "udp"],
        "bytes": [1, 2, None],
        "rate": [0.5, float("inf"), None],
        "ok": [True, False, None],
        "flow": [{"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": None}}, None],
        "list": [[1, 2], [], None],
        "kind": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
        "when": [datetime(2026, 1, 1), None, None],
    }
)


@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 100])
def test_parquet(tmp_path: Path, rows_at_once: int) -> None:
    path = tmp_path / "flows[1].csv"  # names tell nothing, and are no patterns where they exist
    FRAME.write_parquet(path)
    columns = ("proto", "bytes", "rate", "ok", "flow.a", "flow.b.c", "list", "kind", "when")
    layout = detect(path)
    assert (layout.format, layout.columns) == ("parquet", columns)
    when = datetime(2026, 1, 1)
    assert rows_of(path, rows_at_once=rows_at_once) == [
        ("tcp", 1, 0.5, True, 1, "x", "[1, 2]", "a", when),
        (None, 2, float("inf"), False, 2, None, "[]", "b", None),
        ("udp", None, None, None, None, None, None, "a", None),
    ]
    assert lines_of(path, rows_at_once=rows_at_once) == [1, 2, 3]
    assert [tuple(c.frame.columns) for c in read_chunks(path)] == [columns]


def test_faults_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "flows"
    FRAME.head(0).write_parquet(path)
    assert fault(path) == "has no rows; give a file with flows"
    FRAME.write_parquet(path)
    content = path.read_bytes()
    assert "cannot be read as Parquet (" in fault(written(tmp_path, content[:-20]))
    assert "cannot be read as Parquet (" in fault(written(tmp_path, content[:-20]), read=detect)
    assert "is Parquet inside of another compression" in fault(written(tmp_path, gzip.compress(content)))
    assert "is parquet, not csv; give --format parquet" in fault(written(tmp_path, content), format="csv")
