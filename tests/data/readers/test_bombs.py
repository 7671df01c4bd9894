"""Small files that expand to gigabytes are read in bounded memory, or refused."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cfmt import _core
from cfmt.data.readers import read_chunks
from support.damage import zstd
from support.flow_files import fault

MIB = 1 << 20
LEFT = 400 * MIB  # beyond what Python and polars have taken; a block is 8 MiB
PIECE = 16 * MIB

CHILD = """
import re, resource, sys
from pathlib import Path
from cfmt.data.readers import read_chunks
from cfmt.errors import DataError

def held():
    return int(re.search(r"VmSize:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) << 10

list(read_chunks(sys.argv[2]))  # what is loaded and reserved once
resource.setrlimit(resource.RLIMIT_AS, (held() + int(sys.argv[3]), resource.RLIM_INFINITY))
n = 0
try:
    for chunk in read_chunks(sys.argv[1]):
        n += len(chunk.lines)
except DataError as error:
    print(error)
print(n)
"""

ROWS = {  # what is repeated, and what stands before
    "csv": (b"tcp,10,SF\n", b"proto,bytes,state\n"),
    "zeek": (b"tcp\t-\tSF\n", b"#separator \\x09\n#fields\tproto\tbytes\tstate\n"),
    "arff": (
        b"tcp,10,'S F'\n",
        b"@attribute proto string\n@attribute bytes real\n@attribute state string\n@data\n",
    ),
    "jsonl": (b'{"proto":"tcp","bytes":10}\n', b""),
    "eve": (b'{"timestamp":"x","event_type":"stats"}\n', b'{"timestamp":"x","event_type":"flow"}\n'),
}
LINES = {
    "one cell": (b"1", b"proto,bytes\n"),
    "commas": (b",", b"proto,bytes\n"),
    "tabs": (b"\t", b"#separator \\x09\n#fields\tproto\tbytes\n"),
    "quoted": (b'"x', b'proto,bytes\n"'),
    "blanks": (b" ", b"proto,bytes\n"),
    "a number of JSON": (b"1", b'{"bytes":'),
    "a text of JSON": (b"\\n", b'{"proto":"'),
    "a list of JSON": (b"[", b'{"bytes":'),
    "a row of ARFF": (b"1", b"@attribute proto string\n@data\n"),
    "an attribute of ARFF": (b"x", b"@attribute "),
    "UTF-16": (b"1\0", b"\xff\xfe"),
}
PACKS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd}

only_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system tells no memory in use"
)


def bomb(
    path: Path, piece: bytes, head: bytes, size: int, pack: Callable[[bytes], bytes] = gzip.compress
) -> Path:
    """Write a file that expands to about so many bytes; it is a thousandth of them itself."""
    packed = pack(piece * (PIECE // len(piece)))
    with path.open("wb") as file:
        file.write(pack(head) if head else b"")
        for _ in range(size // PIECE):
            file.write(packed)
    return path


def survives(path: Path, left: int = LEFT) -> list[str]:
    """Read a file in a child with little memory; return what it says."""
    sound = path.with_name("sound")
    sound.write_bytes(b"".join(reversed(ROWS["csv"])))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(sound), str(left)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@only_linux
@pytest.mark.parametrize(
    ("kind", "pack"), [("csv", "gzip"), ("csv", "zstd"), ("arff", "gzip"), ("eve", "zstd"), ("jsonl", "gzip")]
)
def test_rows_are_streamed(tmp_path: Path, kind: str, pack: str) -> None:
    piece, head = ROWS[kind]
    path = bomb(tmp_path / "bomb", piece, head, 64 * MIB, PACKS[pack])
    n_rows = 1 if kind == "eve" else 4 * (PIECE // len(piece))
    assert survives(path) == [str(n_rows)]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@only_linux
@pytest.mark.parametrize(
    ("kind", "pack"),
    [("csv", "gzip"), ("zeek", "zstd"), ("arff", "gzip"), ("eve", "zstd")],
)
def test_six_megabytes_that_expand_to_six_gibibytes(tmp_path: Path, kind: str, pack: str) -> None:
    piece, head = ROWS[kind]
    path = bomb(tmp_path / "bomb", piece, head, 6 << 30, PACKS[pack])
    assert path.stat().st_size < 40 * MIB
    assert survives(path) == [str(1 if kind == "eve" else 384 * (PIECE // len(piece)))]


@only_linux
@pytest.mark.parametrize(("kind", "pack"), [*((kind, "gzip") for kind in LINES), ("one cell", "zstd")])
def test_a_line_of_six_gibibytes_is_refused(tmp_path: Path, kind: str, pack: str) -> None:
    piece, head = LINES[kind]
    path = bomb(tmp_path / "bomb", piece, head, 6 << 30, PACKS[pack])
    words, n_rows = survives(path)
    told = ("is longer than 1,048,576 bytes", "line 1: is no JSON", "line 1: declares no attribute")
    assert any(one in words for one in told), words
    assert n_rows == "0"


def pages_of(frame: pl.DataFrame, path: Path, **options: Any) -> Path:
    """Write a file of Parquet without dictionaries' help: its pages are as large as they are told."""
    frame.write_parquet(path, statistics=False, **options)
    return path


def test_pages_are_measured_by_their_headers(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [f"{n:0200}" for n in range(5000)], "b": range(5000), "c": [{"d": 1}] * 5000})
    held = {}
    for codec in ("uncompressed", "zstd", "snappy", "gzip", "lz4", "brotli"):
        path = pages_of(
            frame, tmp_path / codec, compression=codec, row_group_size=2500, data_page_size=100_000
        )
        held[codec] = _core.most_held(np.memmap(path, np.uint8, "r"))
        assert sum(chunk.frame.height for chunk in read_chunks(path)) == 5000
    assert len({*held.values()}) == 1  # the same pages, however they are compressed
    assert held["zstd"] is not None
    n_bytes, _, column = held["zstd"]
    assert column == 0
    assert 100_000 < n_bytes < 500_000
    whole = pages_of(frame, tmp_path / "whole", row_group_size=5000, data_page_size=1 << 30)
    found = _core.most_held(np.memmap(whole, np.uint8, "r"))
    assert found is not None
    assert found[0] > 204 * 5000


@only_linux
def test_a_parquet_file_that_would_take_gigabytes_is_refused(tmp_path: Path) -> None:
    frame = pl.select(a=pl.concat_str(pl.lit("x" * 400), pl.int_range(0, 1_500_000).cast(pl.String)))
    frame = frame.with_columns(b=pl.col("a"))
    path = pages_of(frame, tmp_path / "bomb", row_group_size=1 << 22, data_page_size=1 << 31)
    size = path.stat().st_size
    del frame
    assert size < 20 * MIB
    words, n_rows = survives(path)
    assert "row group 1: expands to 1,2" in words
    assert words.endswith("most of all in column 1; write it anew with pages of a megabyte")
    assert n_rows == "0"


@only_linux
def test_long_texts_of_parquet_come_a_few_at_a_time(tmp_path: Path) -> None:
    long = pl.select(a=pl.repeat("x" * 1_000_000, 200))
    path = pages_of(long, tmp_path / "long")
    assert path.stat().st_size < MIB
    sizes = [chunk.frame.height for chunk in read_chunks(path)]
    assert sum(sizes) == 200
    assert max(sizes) == 67
    path = pages_of(pl.DataFrame({"a": ["x", "x" * (70 * MIB)]}), tmp_path / "longer")
    words = "row 2: holds 73,400,320 bytes of text, at most 1,048,576 are read; "
    assert fault(path) == words + "give a table with one flow a row"


def test_a_file_without_bytes_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(b"PAR1")
    assert "cannot be read as Parquet" in fault(path)
