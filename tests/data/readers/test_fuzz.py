"""Damaged files: each is read, or ends in one ``DataError`` of one line. ``CFMT_FUZZ`` sets how many."""

from __future__ import annotations

import io
import json
import os
import random
from pathlib import Path

import polars as pl
import pytest

from cfmt.data.readers import detect, read_chunks
from cfmt.errors import DataError
from support.flow_files import CSV, zeek

N_FILES = int(os.environ.get("CFMT_FUZZ", 2_000))

ROW = ["1.5", "C1", "192.0.2.1", "1024", "192.0.2.2", "80", "tcp", "-", "(empty)", "SF"]
EVE = {"timestamp": "x", "event_type": "flow", "proto": "TCP", "flow": {"pkts_toserver": 4, "l": [1, {}]}}
ARFF = "@relation x\n@attribute 'a b' {x,y}\n@attribute n real\n@data\n% no\n'x',1\ny,?\nx,3\n"


def parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": [{"d": 1}, None, {"d": 3}]}).write_parquet(file)
    return file.getvalue()


FILES = {
    "csv": (CSV * 3).encode(),
    "quoted": b'"a","b"\n"x ""y""",1\n\'z\',2\n,3\n',
    "utf-16": CSV.encode("utf-16"),
    "cp1252": (CSV + "Web Attack \x96 XSS,1,2\n").encode("latin-1"),
    "arff": ARFF.encode(),
    "zeek": (zeek([ROW] * 2) + zeek([ROW])).encode(),
    "zeek-json": (json.dumps({"ts": 1.5, "id.orig_h": "x", "é": None, "p": True}) + "\n").encode() * 3,
    "eve": (json.dumps(EVE) + "\n").encode() * 3,
    "parquet": parquet(),
}
PIECES = [bytes([byte]) for byte in b"\n\r\0,;\"'\t#@{}[\\\xff\xe9-"]
PIECES += [
    b"#fields\t",
    b"#separator ",
    b"@data\n",
    b"\\ud800",
    b"1e999",
    b"nan",
    b"\x1f\x8b",
    b"PAR1",
    b"\xef\xbb\xbf",
]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Change a few places of a file."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        at, kind = draw.randrange(len(found) + 1), draw.randrange(6)
        if kind == 0:
            del found[at:]
        elif kind == 1:
            del found[at : at + draw.randint(1, 20)]
        elif kind == 2:
            found[at:at] = draw.choice(PIECES) * draw.randint(1, 3)
        elif kind == 3 and at < len(found):
            found[at] ^= 1 << draw.randrange(8)
        elif kind == 4:
            found[at:at] = found[draw.randrange(len(found) + 1) :][: draw.randint(1, 60)]
        else:
            found[at:at] = draw.randbytes(draw.randint(1, 8))
    return bytes(found)


def outcome(path: Path, rows_at_once: int) -> list[tuple[object, ...]] | str:
    """Rows with their lines, or the words of the error."""
    try:
        layout = detect(path)
        found: list[tuple[object, ...]] = []
        for chunk in read_chunks(path, rows_at_once=rows_at_once):
            assert len(chunk.lines) == chunk.frame.height > 0
            assert chunk.first == len(found)
            assert tuple(chunk.frame.columns[: len(layout.columns)]) == layout.columns
            found += zip(chunk.lines.tolist(), *chunk.frame.select(layout.columns), strict=True)
    except DataError as error:
        words = str(error)
        assert words.startswith(f"{path}: ")
        return words
    return found


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_read_or_told(tmp_path: Path, kind: str) -> None:
    draw, path, n_read = random.Random(kind), tmp_path / "flows", 0
    n_files = N_FILES if kind != "parquet" else max(1, N_FILES // 10)  # polars tells each panic on stderr
    for _ in range(n_files):
        content = damaged(FILES[kind], draw)
        path.write_bytes(content)
        found = outcome(path, 1000)
        n_read += not isinstance(found, str)
        if draw.random() < 0.1 and kind not in (
            "eve",
            "zeek-json",
            "parquet",
        ):  # types widen from chunk to chunk
            again = outcome(path, 2)  # of several faults, another may be found first
            assert isinstance(again, str) if isinstance(found, str) else again == found, content
    assert 0 < n_read < n_files or n_files < 100
