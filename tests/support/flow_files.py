"""Small files of flows, and what reading them gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfmt.data.readers import read_chunks
from cfmt.errors import DataError

HEADER = "proto,bytes,state"
CSV = HEADER + "\ntcp,10,SF\nudp,20,S0\nicmp,3.5,-\n"
ROWS = [("tcp", "10", "SF"), ("udp", "20", "S0"), ("icmp", "3.5", "-")]

CONN = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration"]
CONN += ["conn_state"]


def zeek(rows: list[list[str]], fields: list[str] = CONN) -> str:
    """A log of Zeek."""
    head = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
    ]
    lines = [*head, "\t".join(["#fields", *fields]), "\t".join(["#types", *(["string"] * len(fields))])]
    return "\n".join([*lines, *("\t".join(row) for row in rows), "#close\t2026-01-01-00-00-00", ""])


def written(folder: Path, content: str | bytes, name: str = "flows") -> Path:
    """A file with that content, whose name says nothing."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Any, **options: Any) -> list[tuple[Any, ...]]:
    """All rows of a file."""
    return [row for chunk in read_chunks(path, **options) for row in chunk.frame.rows()]


def lines_of(path: Any, **options: Any) -> list[int]:
    """The line of each row."""
    return [line for chunk in read_chunks(path, **options) for line in chunk.lines.tolist()]


def fault(path: Any, read: Callable[..., Any] = rows_of, **options: Any) -> str:
    """The words of the error that reading a file ends in, without the file's name."""
    with pytest.raises(DataError) as caught:
        read(path, **options)
    words = str(caught.value)
    assert words.startswith(f"{path}: ")
    assert "\n" not in words
    return words.removeprefix(f"{path}: ")
