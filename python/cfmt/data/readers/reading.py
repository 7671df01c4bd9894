"""Formats told apart by content, and rows read by the reader of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from cfmt.data.readers.delimited import csv_shape
from cfmt.data.readers.headed import arff_shape, zeek_shape
from cfmt.data.readers.json_lines import json_format, json_layout, read_json
from cfmt.data.readers.layout import FORMATS, Chunk, Layout
from cfmt.data.readers.opening import named_files, stream
from cfmt.data.readers.parquet import MAGIC, parquet_layout, read_parquet
from cfmt.data.readers.rows import Shape, read_rows
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

__all__ = ["detect", "read_chunks"]

_JSON = ("zeek-json", "eve", "jsonl")


def detect(path: Path | str, *, format: str = "auto") -> Layout:
    r"""Tell how a file is laid out, by its content.

    Parameters
    ----------
    path : Path or str
        The file, or ``-`` for standard input, which can be read from its beginning afterwards.
    format : str, default="auto"
        One of ``FORMATS``, where it is not to be told.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If the file is missing, damaged or empty, or no table of flows.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.readers import detect
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.txt")
    ...     _ = path.write_text("proto; bytes\ntcp; 10\n")
    ...     layout = detect(path)
    >>> layout.format, layout.separator, layout.columns
    ('csv', ';', ('proto', 'bytes'))
    """
    _check_format(format)
    (name,) = named_files(path)
    with stream(name, keep=True) as file:
        if format == "parquet" or (format == "auto" and _starts(file, MAGIC)):
            return parquet_layout(name)
        found = _shape(Text(file, name), format, None)
        return found if isinstance(found, Layout) else found.layout


def read_chunks(
    paths: Path | str | Sequence[Path | str],
    *,
    format: str = "auto",
    names: tuple[str, ...] | None = None,
    rows_at_once: int = 1 << 16,
) -> Iterator[Chunk]:
    r"""Read flow tables some rows at a time, in bounded memory whatever their size.

    Parameters
    ----------
    paths : Path, str or a sequence of them
        Files, glob patterns, or ``-`` for standard input; plain, or compressed with gzip or zstd.
    format : str, default="auto"
        One of ``FORMATS``, where it is not to be told by content.
    names : tuple of str, optional
        Names of the columns of a CSV file without header.
    rows_at_once : int, default=65536
        Rows of a chunk at most.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a file is missing, damaged or empty, or a line is not as it should be: the message names it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.readers import read_chunks
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("proto,bytes\ntcp,10\nudp,-\n")
    ...     (chunk,) = read_chunks(path)
    >>> chunk.frame.columns, chunk.lines.tolist()
    (['proto', 'bytes'], [2, 3])
    """
    _check_format(format)
    for name in named_files(paths):
        yield from _file_chunks(name, format, names, rows_at_once)


def _file_chunks(name: str, format: str, names: tuple[str, ...] | None, rows_at_once: int) -> Iterator[Chunk]:
    """Read one file."""
    with stream(name) as file:
        if format == "parquet" or (format == "auto" and _starts(file, MAGIC)):
            yield from read_parquet(name, rows_at_once)
            return
        text = Text(file, name)
        found = _shape(text, format, names)
        if isinstance(found, Layout):
            yield from read_json(text, found, rows_at_once)
        else:
            yield from read_rows(text, found, rows_at_once)


def _check_format(format: str) -> None:
    """Refuse a format that no reader has."""
    if format not in ("auto", *FORMATS):
        raise DataError(f"format must be one of auto, {', '.join(FORMATS)}, got {format!r}")


def _starts(file: BinaryIO, magic: bytes) -> bool:
    """Whether a stream begins with some bytes; none are consumed."""
    ahead: Any = file  # a BufferedReader or a GzipFile
    return bytes(ahead.peek(len(magic))).startswith(magic)


def _shape(text: Text, format: str, names: tuple[str, ...] | None) -> Layout | Shape:
    """Tell the layout of a text: that of rows of cells, or that of JSON."""
    told = _told(text) if format == "auto" else format
    if told in _JSON:
        return json_layout(text, told)
    match told:
        case "zeek":
            return zeek_shape(text)
        case "arff":
            return arff_shape(text)
    return csv_shape(text, names)


def _told(text: Text) -> str:
    """Tell the format of a text by its first lines."""
    lines = [line.strip() for _, line in text.head().lines()]
    first = next((line for line in lines if line), "")
    if first.startswith(("#separator", "#fields", "#set_separator")):
        return "zeek"
    if first.startswith(("%", "@")) and any(line.lower().startswith("@data") for line in lines):
        return "arff"
    if first.startswith("["):
        raise DataError(f"{text.path}: is a JSON array; write one object a line, such as with jq -c '.[]'")
    return json_format(text) if first.startswith("{") else "csv"
