"""Where the bytes come from: files, patterns, standard input, gzip and zstd."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cfmt.data.flow_rows import read_rows
from cfmt.data.readers import detect, read_chunks
from cfmt.errors import DataError, MissingExtraError
from conftest import shared_folder
from support.flow_files import CSV, ROWS, fault, rows_of, written


def test_gzip(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, gzip.compress(CSV.encode()))) == ROWS
    cut = gzip.compress(os.urandom(5000).hex().encode())[:-200]
    assert "the gzip file is cut off at byte" in fault(written(tmp_path, cut))


def test_zstd(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="pip install zstandard")
    content = zstandard.compress(CSV.encode())
    assert rows_of(written(tmp_path, content)) == ROWS
    halves = zstandard.compress(CSV[:20].encode()) + zstandard.compress(CSV[20:].encode())
    assert rows_of(written(tmp_path, halves)) == ROWS
    assert "the zstd file is cut off at byte" in fault(written(tmp_path, content[:-3]))
    assert "the zstd file is damaged" in fault(written(tmp_path, content[:4] + b"\xff" * 40))
    bomb = zstandard.compress(b"1" * (1 << 28))
    assert "is longer than" in fault(written(tmp_path, bomb))


def test_zstd_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = written(tmp_path, b"\x28\xb5\x2f\xfd" + bytes(20))
    with pytest.raises(MissingExtraError, match="pip install zstandard"):
        rows_of(path)


def test_several_files_and_patterns(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        written(tmp_path, CSV, name)
    assert [Path(c.path).name for c in read_chunks(str(tmp_path / "*.csv"))] == ["a.csv", "b.csv"]
    both = list(read_chunks([tmp_path / "c.txt", str(tmp_path / "a*")]))
    assert [(Path(c.path).name, c.first) for c in both] == [("c.txt", 0), ("a.csv", 0)]
    with pytest.raises(DataError, match="is one of 2 files"):
        detect(tmp_path / "*.csv")


def test_what_is_no_file(tmp_path: Path) -> None:
    assert fault(tmp_path) == "is a folder; give its files: it holds nothing"
    written(tmp_path, CSV, "a.csv")
    (tmp_path / "deep").mkdir()
    assert fault(tmp_path) == "is a folder; give its files: it holds a.csv, deep/"
    assert fault(tmp_path / "*.log") == "no file has a name like that; give the path of a file with flows"
    assert fault(tmp_path / "none") == "no such file; give the path of a file with flows"
    with pytest.raises(DataError, match="no file is given"):
        rows_of([])
    with pytest.raises(DataError, match="holds a NUL character"):
        rows_of("a\0b")


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize("content", [CSV.encode(), gzip.compress(CSV.encode())])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(content))
    assert detect("-").columns == detect("-").columns == ("proto", "bytes", "state")
    (chunk,) = read_chunks("-")
    assert (chunk.path, chunk.frame.rows()) == ("-", ROWS)
    assert fault("-") == "standard input was read already; give it once"


def test_standard_input_cannot_be_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(b"PAR1" + bytes(20)))
    assert fault("-") == "Parquet cannot be read from standard input; give the file"


_MEASURED = """
import re, sys
from pathlib import Path
from cfmt.data.readers import read_chunks
n = 0
try:
    for chunk in read_chunks(sys.argv[1]):
        n += chunk.frame.height
except ValueError as error:
    print(error)
print(n, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak of memory")
@pytest.mark.parametrize(
    ("line", "words"), [(b"1", "is longer than 1,048,576 bytes"), (b"tcp,10,SF\n", "13421696")]
)
def test_a_gzip_bomb_keeps_memory_flat(tmp_path: Path, line: bytes, words: str) -> None:
    path, piece = tmp_path / "bomb", line * ((1 << 20) // len(line))
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(128):  # MiB
            file.write(piece)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True
    )
    assert words in done.stdout
    assert int(done.stdout.split()[-1]) < 250_000  # kB, of which polars takes 60,000


def test_the_real_rt_iot2022_is_read_as_the_csv_module_reads_it() -> None:
    import csv

    path = shared_folder() / "data" / "rt-iot2022" / "RT_IOT2022.csv.gz"
    if not path.exists():
        pytest.skip(f"real RT-IoT2022 not found at {path}; set CFMT_SHARED to the folder that holds data")
    n = 0
    with gzip.open(path, "rt") as file:
        reader = csv.reader(file)
        header = next(reader)
        for chunk in read_chunks(path, rows_at_once=20_000):
            for row in chunk.frame.iter_rows():
                assert list(row) == [cell or None for cell in next(reader)]
            n += chunk.frame.height
        assert chunk.frame.columns == ["index", *header[1:]]
        assert next(reader, None) is None
    assert n == 123_117


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_bytes_are_hashed_as_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    content = CSV.encode() + b"tcp,1,SF\n" * 50_000
    path, hashes = written(tmp_path, pack(content)), dict[str, str]()
    chunks = read_chunks(path, rows_at_once=1000, hashes=hashes)
    next(chunks)
    assert not hashes
    assert sum(chunk.frame.height for chunk in chunks) == 50_003 - 999
    assert hashes == {str(path): hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr("cfmt.data.flow_rows._sha256", None)  # so that nothing is read a second time
    (source,) = read_rows(path, "auto").sources
    assert source.sha256 == hashes[str(path)]


def test_parquet_is_hashed_by_itself(tmp_path: Path) -> None:
    path, hashes = tmp_path / "flows", dict[str, str]()
    pl.DataFrame({"bytes": [1, 2]}).write_parquet(path)
    list(read_chunks(path, hashes=hashes))
    assert not hashes
    assert read_rows(path, "auto").sources[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
