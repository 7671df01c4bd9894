"""Reading only what is needed gives what reading everything gives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfmt import _core
from cfmt.data.columns import Columns, needed_of, tabulate
from cfmt.data.flow_stream import flow_chunk
from cfmt.data.readers import Needed, read_chunks
from cfmt.data.readers.delimited import csv_layout
from cfmt.data.readers.needed_cells import NeededCells
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

NAMES = ("uid", "bytes", "proto", "rate", "note", "label")
COLUMNS = Columns(
    ("bytes", "rate"),
    {"proto": ("tcp", "udp")},
    kept=("uid",),
    missing=("rate",),
    log1p=("bytes",),
    label="label",
    normal=("ok",),
)
NEEDED = needed_of(COLUMNS)

numbers = st.one_of(
    st.integers(-(10**18), 10**18).map(str),
    st.floats().map(repr),
    st.decimals(-1000, 1000, places=6).map(str),
    st.sampled_from(
        [
            "0",
            "0.0",
            "",
            "-",
            "NaN",
            "Infinity",
            "-inf",
            "1e200",
            "many",
            " 7 ",
            '"8"',
            "bytes",
            "+1",
            "5.",
            ".5",
        ]
    ),
)
words = st.sampled_from(["tcp", "udp", "", "-", " tcp", '"tcp"', '"a,b"', 'a"b', "proto", "x", '"a""b"'])
rows = st.lists(
    st.tuples(words, numbers, words, numbers, words, st.sampled_from(["ok", "bad", ""])), max_size=12
)


def read(path: Path, needed: Needed | None) -> list[tuple[list[int], list[object]]] | str:
    """Read a file and make tables of it; or return the error."""
    found = []
    try:
        for chunk in read_chunks(path, needed=needed, rows_at_once=5):
            flows = flow_chunk(COLUMNS, chunk)
            told = (
                flows.table.numeric.tobytes(),
                flows.table.categorical.tobytes(),
                flows.rows.tolist(),
                flows.fault,
                {name: list(cells) for name, cells in flows.passed.items()},
            )
            found.append((chunk.lines.tolist(), list(told)))
    except DataError as error:
        return str(error)
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_tables_are_the_same_whatever_the_cells(tmp_path: Path, cells: list[tuple[str, ...]]) -> None:
    path = tmp_path / "flows.csv"
    sound = ["u1,5,tcp,1.5,,ok", "u2,6,udp,-,,bad"]  # the layout is told by them
    lines = [",".join(NAMES), *sound, *(",".join(row) for row in cells)]
    path.write_text("\n".join(lines) + "\n")
    assert read(path, NEEDED) == read(path, None)


def test_numbers_come_as_numbers_and_the_rest_stays_unread(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("uid,bytes,proto,rate,note\nC1,5,tcp,-,x\nC2,6.5, udp ,7,x\n")
    (chunk,) = read_chunks(path, needed=NEEDED)
    assert chunk.sound is not None
    assert chunk.sound.numeric.tolist() == [[5.0, 0.0, 1.0], [6.5, 7.0, 0.0]]
    found = {name: cells.column(name).to_list() for name, cells in chunk.sound.columns.items()}
    assert found == {"proto": ["tcp", "udp"], "uid": ["C1", "C2"]}
    assert chunk.sound.names == ("uid", "bytes", "proto", "rate", "note")


def test_a_file_that_lacks_a_column_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("uid,bytes,proto,note\nC1,5,tcp,x\n")
    (chunk,) = read_chunks(path, needed=NEEDED)
    with pytest.raises(DataError, match="lacks the column rate; it has uid, bytes, proto, note"):
        tabulate(chunk.frame, COLUMNS)


def test_parquet_reads_only_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "flows.parquet"
    frame = pl.DataFrame({" bytes": [1, 2], "proto": ["tcp", "udp"], "rate": [0.5, None], "note": ["x", "y"]})
    frame.write_parquet(path)
    (chunk,) = read_chunks(path, needed=NEEDED)
    assert chunk.frame.columns == ["bytes", "proto", "rate"]
    assert read_columns(path, None) == ["bytes", "proto", "rate", "note"]


def read_columns(path: Path, needed: Needed | None) -> list[str]:
    """Name the columns of a file's first chunk."""
    return next(read_chunks(path, needed=needed)).frame.columns


def test_a_header_that_cannot_be_told_from_numbers_forbids_the_quick_way(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("bytes,proto\n5,tcp\n")
    with path.open("rb") as file:
        _, shape = csv_layout(Text(file, str(path)))
    year = replace(shape, columns=("2024", "proto"), header=("2024", "proto"))
    assert NeededCells.of(year, year.columns, Needed(("2024",), ())) is None
    assert NeededCells.of(shape, shape.columns, Needed(("bytes",), ())) is not None
    assert NeededCells.of(shape, ("bytes", "proto"), Needed((), ("proto",))) is None
    both = Needed(("bytes",), (), passed=lambda names: {"bytes"})
    assert NeededCells.of(shape, ("bytes", "proto"), both) is None


def test_bad_arguments_of_the_kernels_are_named() -> None:
    kinds, one = np.array([1, 3], np.uint8), np.zeros(1, np.int64)
    parse = partial(
        _core.parse_lines, b"", kinds, one, np.zeros(1, np.bool_), -1 - one, width=1, quote=None, unset=()
    )
    assert parse(separator=",") is not None
    with pytest.raises(TypeError, match="separator must be an ASCII letter"):
        parse(separator="\u20ac")
    with pytest.raises(ValueError, match="separator"):
        parse(separator="1")
    bare = partial(parse.func, separator=",", **parse.keywords)
    for at, wrong, name in (
        (1, np.array([6], np.uint8), "kinds"),
        (2, one - 1, "places"),
        (2, one + 1, "places"),
        (3, np.zeros(2, np.bool_), "heavy"),
        (4, one + 1, "places"),
    ):
        with pytest.raises(ValueError, match=name):
            bare(*parse.args[:at], wrong, *parse.args[at + 1 :])
    for ends in ([1, 0], [3], [-1]):
        with pytest.raises(ValueError, match="ends"):
            _core.text_cells(b"ab", np.array(ends))
    heavy, flags = np.zeros(1, np.bool_), np.full(1, -1)
    with pytest.raises(ValueError, match="columns"):
        _core.lay_out_rows([np.zeros(2)], heavy, flags, n_rows=3, width=1)
    with pytest.raises(TypeError, match="columns must have dtype float64"):
        _core.lay_out_rows([np.zeros(2, np.float32)], heavy, flags, n_rows=2, width=1)
    with pytest.raises(ValueError, match="heavy"):
        _core.first_impossible(np.zeros((2, 2)), heavy)
