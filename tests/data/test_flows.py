"""Flows for scoring: what is no flow is named by file and line, whatever is wrong with the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cfmt.data import load_synthetic, read_flows, to_nsl_kdd_text
from cfmt.errors import DataError

TEXT = to_nsl_kdd_text(load_synthetic(30, 0, seed=1)[0])


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_flows(path, rows_at_once=10))
    return str(caught.value)


def test_a_gzip_file_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "flows.txt.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-30])
    size = path.stat().st_size
    assert fault(path) == f"{path}: the gzip file is cut off at byte {size}; fetch it again"


def test_a_gzip_file_that_is_damaged(tmp_path: Path) -> None:
    path, content = tmp_path / "flows.txt.gz", bytearray(gzip.compress(TEXT.encode()))
    content[-6] ^= 0xFF  # its checksum
    path.write_bytes(content)
    assert "the gzip file is damaged" in fault(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in fault(tmp_path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "line 13: is blank; remove it"),
        ("1,2", "line 13: has 2 columns, but line 1 has 43"),
        (TEXT.splitlines()[0].replace(",", ",-1,", 1).rsplit(",", 1)[0], "line 13: column"),
    ],
)
def test_a_faulty_line_of_a_later_chunk(tmp_path: Path, line: str, words: str) -> None:
    path, lines = tmp_path / "flows.txt", TEXT.splitlines()
    path.write_text("\n".join([*lines[:12], line, *lines[12:]]))
    assert words in fault(path)
