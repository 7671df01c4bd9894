"""The archive of runs: the same files back, equal bytes for equal files, and nothing written elsewhere."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cfmt.errors import RunDirectoryError
from studies.archive import ARCHIVE, pack, unpack

FILES = {"iid.jsonl": "{}\n", "tuned/cfmt.jsonl": '{"trial": 0}\n'}


def fill(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_the_files_come_back(tmp_path: Path) -> None:
    fill(tmp_path)
    assert pack(tmp_path)
    assert not pack(tmp_path)  # nothing has changed
    (tmp_path / "iid.jsonl").unlink()
    (tmp_path / "tuned" / "cfmt.jsonl").write_text("newer\n")
    assert unpack(tmp_path) == [tmp_path / "iid.jsonl"]
    assert (tmp_path / "iid.jsonl").read_text() == "{}\n"
    assert (tmp_path / "tuned" / "cfmt.jsonl").read_text() == "newer\n"  # what is there wins
    assert pack(tmp_path)


def test_equal_files_are_an_equal_archive(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        fill(tmp_path / name)
        pack(tmp_path / name)
    assert (tmp_path / "a" / ARCHIVE).read_bytes() == (tmp_path / "b" / ARCHIVE).read_bytes()


def test_no_archive_is_no_files(tmp_path: Path) -> None:
    assert unpack(tmp_path) == []


@pytest.mark.parametrize("name", ["../evil.jsonl", "/evil.jsonl", "notes.txt", "tuned/../../x.jsonl"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    with tarfile.open(folder / ARCHIVE, "w:xz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"{}"))
    with pytest.raises(RunDirectoryError, match="which is no file of runs"):
        unpack(folder)
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(b"\xfd7zXZ\x00damaged")
    with pytest.raises(RunDirectoryError, match=r"runs\.tar\.xz: is damaged"):
        unpack(tmp_path)
