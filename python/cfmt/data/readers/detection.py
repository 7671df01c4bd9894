"""Which format a file has, told by its content and never by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cfmt.data.readers.arff import arff_layout, read_arff
from cfmt.data.readers.delimited import csv_layout, read_csv
from cfmt.data.readers.json_lines import json_format, json_layout, read_json_lines
from cfmt.data.readers.layout import FORMATS, Chunk, Layout, Needed
from cfmt.data.readers.opening import STDIN, Hashed, named_files, stream
from cfmt.data.readers.parquet import MAGIC, parquet_layout, read_parquet
from cfmt.data.readers.text import Text
from cfmt.data.readers.zeek import read_zeek, zeek_layout
from cfmt.errors import DataError

__all__ = ["detect", "read_chunks", "read_text"]

_ARFF = re.compile(r"@(relation|attribute|data)\b", re.IGNORECASE)
_ZEEK = ("#separator", "#fields", "#set_separator", "#path")


def detect(path: Path | str, *, format: str = "auto") -> Layout:
    r"""Tell how a file is laid out, by its first 256 KiB.

    Parameters
    ----------
    path : Path or str
        The file, or ``-`` for standard input, which can still be read afterwards.
    format : str, default="auto"
        One of ``FORMATS`` where it is known.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If it is missing, empty, damaged, or no table of flows.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.readers import detect
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.txt")
    ...     _ = path.write_text("proto;bytes\ntcp;10\nudp;20\n")
    ...     layout = detect(path)
    >>> layout.format, layout.separator, layout.columns, layout.header
    ('csv', ';', ('proto', 'bytes'), True)
    """
    _check_format(format)
    (name,) = _only(named_files(path))
    with _text(name, keep=True) as text:
        if text is None:
            _refuse_unless(format in ("auto", "parquet"), name, format, "parquet")
            return parquet_layout(name)
        found = _format_of(text, format)
        if found == "csv":
            return csv_layout(text)[0]
        if found == "arff":
            return arff_layout(text)[0]
        return zeek_layout(text) if found == "zeek" else json_layout(text, found)


def read_chunks(
    paths: Path | str | Sequence[Path | str],
    *,
    format: str = "auto",
    names: tuple[str, ...] | None = None,
    rows_at_once: int = 1 << 16,
    needed: Needed | None = None,
    hashes: dict[str, str] | None = None,
) -> Iterator[Chunk]:
    r"""Read files a chunk of rows at a time, in bounded memory.

    Parameters
    ----------
    paths : Path, str or a sequence of them
        Files, plain or compressed with gzip or zstd; glob patterns; or ``-`` for standard input.
    format : str, default="auto"
        One of ``FORMATS``, or ``auto`` to tell it by the content of each file.
    names : tuple of str, optional
        Names of the columns, for files without a header.
    rows_at_once : int, default=65536
        Rows of a chunk; fewer come where a file ends or lines are skipped.
    needed : Needed, optional
        Columns that are wanted, which is faster; all if not given, or if a file lacks one of them.
    hashes : dict of str to str, optional
        Gets the SHA-256 of the uncompressed bytes of each file that was read to its end, by its name; not
        of Parquet, of which not all bytes are read.

    Yields
    ------
    Chunk
        A log of Zeek without rows has none.

    Raises
    ------
    DataError
        If a file is missing, empty or damaged, or a line is not as it should be: the message then names the
        line, counted from 1.
    MissingExtraError
        If a file is compressed with zstd, and the package ``zstandard`` is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.readers import read_chunks
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.txt")
    ...     _ = path.write_text("tcp,10\nudp,20\nudp,30\n")
    ...     chunks = list(read_chunks(path, names=("proto", "bytes"), rows_at_once=2))
    >>> [(chunk.first, chunk.frame["bytes"].to_list()) for chunk in chunks]
    [(0, ['10', '20']), (2, ['30'])]
    """
    _check_format(format)
    if rows_at_once < 1:
        raise DataError(f"rows_at_once must be at least 1, got {rows_at_once}")
    for name in named_files(paths):
        with _text(name, hashes=hashes) as text:
            if text is None:
                _refuse_unless(format in ("auto", "parquet"), name, format, "parquet")
                yield from read_parquet(name, rows_at_once, needed)
                continue
            yield from read_text(text, format, names, rows_at_once, needed)


def read_text(
    text: Text,
    format: str = "auto",
    names: tuple[str, ...] | None = None,
    rows_at_once: int = 1 << 16,
    needed: Needed | None = None,
) -> Iterator[Chunk]:
    """Read a text a chunk of rows at a time.

    Parameters
    ----------
    text : Text
        At its beginning.
    format, names, rows_at_once, needed
        As for :func:`read_chunks`.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a line is not as it should be.
    """
    found = _format_of(text, format)
    if found == "csv":
        yield from read_csv(text, names, rows_at_once, needed)
    elif found == "arff":
        yield from read_arff(text, names, rows_at_once, needed)
    elif found == "zeek":
        yield from read_zeek(text, rows_at_once, needed)
    else:
        yield from read_json_lines(text, found, rows_at_once, needed)


def _check_format(format: str) -> None:
    """Refuse a format that is not known."""
    if format not in ("auto", *FORMATS):
        raise DataError(f"format must be one of auto, {', '.join(FORMATS)}, got {format!r}")


def _only(names: list[str]) -> list[str]:
    """Refuse more than one file."""
    if len(names) > 1:
        raise DataError(f"{names[0]}: is one of {len(names)} files that the pattern meets; give one of them")
    return names


def _refuse_unless(fits: bool, name: str, format: str, found: str) -> None:
    """Refuse a file that has another format than was asked for."""
    if not fits:
        raise DataError(f"{name}: is {found}, not {format}; give --format {found}, or auto")


@contextmanager
def _text(name: str, *, keep: bool = False, hashes: dict[str, str] | None = None) -> Iterator[Text | None]:
    """Open a file as text, and hash its bytes if that is asked for; None where it is Parquet."""
    with stream(name, keep=keep) as file:
        hashed = None if hashes is None else Hashed(file)
        text = Text(hashed or file, name)
        if not text.begins_with(MAGIC):
            yield text
            if hashes is not None and hashed is not None:
                hashes[name] = hashed.digest.hexdigest()
            return
    if name == STDIN:
        raise DataError(f"{name}: Parquet cannot be read from standard input; give the file")
    with Path(name).open("rb") as raw:
        if raw.read(len(MAGIC)) != MAGIC:
            raise DataError(f"{name}: is Parquet inside of another compression; decompress it first")
    yield None


def _format_of(text: Text, format: str) -> str:
    """Tell the format of a text, or check that it can be the one that is asked for."""
    line = next((line.strip() for _, line in text.head().lines() if line.strip()), "")
    if line.startswith(_ZEEK):
        found = "zeek"
    elif _is_arff(text):
        found = "arff"
    elif line.startswith("{"):
        found = json_format(text)
    else:
        found = "csv"
    if format == "auto" or found == format or not line:
        return "csv" if not line else found
    is_json = found in ("eve", "zeek-json", "jsonl") and format in ("eve", "zeek-json", "jsonl")
    _refuse_unless(is_json or (format == "csv" and found != "zeek"), text.path, format, found)
    return format


def _is_arff(text: Text) -> bool:
    """Tell whether the first line that is no comment declares something of ARFF."""
    for _, line in text.head().lines():
        content = line.strip()
        if content and not content.startswith("%"):
            return _ARFF.match(content) is not None
    return False
