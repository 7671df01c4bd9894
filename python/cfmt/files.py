"""Writing without halves: a file is either the old one or the whole new one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cfmt.errors import RunDirectoryError

__all__ = [
    "append_line",
    "atomic_file",
    "read_json_lines",
    "read_text",
    "read_toml_text",
    "sha256_of",
    "write_atomic",
]

_MOST_TEXT = 1 << 24  # bytes of a text that a person writes


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Have errors name the file to be written: a full disk names none, a temporary file a random one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of ``path`` when the block ends: write, fsync, rename.

    Parameters
    ----------
    path : Path
        File to write or replace.

    Yields
    ------
    file
        Open for writing bytes.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is then untouched, as it is after any other error. The
        error names ``path``.
    """
    with _naming(path):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file by way of a temporary one beside it; see :func:`atomic_file`.

    Parameters
    ----------
    path : Path
        File to write or replace.
    content : bytes or str
        Whole content; text is encoded as UTF-8.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is then untouched.
    """
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def append_line(path: Path, line: str) -> None:
    """Append one line in a single write, flushed to the disk.

    Parameters
    ----------
    path : Path
        File to append to; made if there is none.
    line : str
        The line, without its end.

    Raises
    ------
    OSError
        If the file cannot be written; the error names it.
    """
    with _naming(path), path.open("ab") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_text(path: Path) -> str:
    """Read a text that a person may have written: in UTF-8, with or without a byte order mark, and not huge.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no text in UTF-8, or larger than 16 MiB; the message says what to do and names no file.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_TEXT + 1)
    if len(content) > _MOST_TEXT:
        raise ValueError(f"is larger than {_MOST_TEXT:,} bytes; is it the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is no text in UTF-8, by line {line}; save it as UTF-8") from error


def read_toml_text(text: str) -> dict[str, Any]:
    """Parse TOML of which nothing is known.

    Parameters
    ----------
    text : str
        The whole text.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ValueError
        If it is no TOML; the message says what to do and names no file.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("is not TOML: it is nested too deeply; mend it") from error
    except ValueError as error:  # a number of thousands of digits is one, too
        raise ValueError(f"is not TOML: {error}; mend it") from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line, which may have been cut off while it was written.

    Parameters
    ----------
    path : Path
        The file; may be missing.

    Returns
    -------
    list of dict of str to object
        Without a last line that does not end.

    Raises
    ------
    RunDirectoryError
        If a line before the last is damaged.
    """
    if not path.exists():
        return []
    *lines, _torn = path.read_bytes().split(b"\n")
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(json.loads(line))
        except (RecursionError, ValueError) as error:
            fault = f"{path}, line {number}: is damaged ({error}); remove the line"
            raise RunDirectoryError(fault) from error
    return entries


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
