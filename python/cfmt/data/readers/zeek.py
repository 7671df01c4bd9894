"""Zeek's tab-separated logs: columns by ``#fields``, which may come again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cfmt.data.readers.delimited import Rows
from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of, rows_of_chunk, unique_names
from cfmt.data.readers.sniffing import MOST_COLUMNS, Shape
from cfmt.data.readers.text import Block, Text
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_zeek", "zeek_layout"]

_GLUED = "   "  # labelled logs of Stratosphere glue their labels to the last cell with three blanks


@dataclass(frozen=True)
class _Header:
    """What the lines that begin with # have said so far."""

    separator: str = "\t"
    empty: str = "(empty)"
    unset: str = "-"
    columns: tuple[str, ...] = ()
    glued: bool = False
    line: int = 0

    def told(self, number: int, line: str, path: str) -> _Header:
        """Hear one more line."""
        if line.startswith("#separator"):
            word = re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), line[11:])
            if len(word) != 1 or not word.isascii() or word == "\n":
                raise DataError(f"{path}: line {number}: names no separator of one character; mend it: \\x09")
            return replace(self, separator=word)
        key, *values = line.split(self.separator)
        if key == "#empty_field" and values:
            return replace(self, empty=values[0])
        if key == "#unset_field" and values:
            return replace(self, unset=values[0])
        return self._fields(number, values, path) if key == "#fields" else self

    def _fields(self, number: int, values: list[str], path: str) -> _Header:
        """Hear the names of the columns."""
        glued = bool(values) and _GLUED in values[-1].strip() and self.separator == "\t"
        if glued:
            values = [*values[:-1], *(name for name in values[-1].split(_GLUED) if name)]
        if not 0 < len(values) <= MOST_COLUMNS or not any(values):
            raise DataError(f"{path}: line {number}: #fields names no columns; fetch the log again")
        return replace(self, columns=unique_names(values), glued=glued, line=number)

    def shape(self) -> Shape:
        """Say how rows are made."""
        reference = f"#fields in line {self.line} names {len(self.columns)}"
        n = len(self.columns)
        return Shape(self.columns, self.separator, "", n, (), reference, (), unset=(self.unset, self.empty))


def zeek_layout(text: Text) -> Layout:
    """Tell the layout of a Zeek log, which stays unread.

    Parameters
    ----------
    text : Text
        At its beginning.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If no ``#fields`` comes before the first row.
    """
    header = _Header()
    for number, line in text.head().lines():
        if header.columns or not line.startswith("#"):
            break
        header = header.told(number, line, text.path)
    if not header.columns:
        raise DataError(
            f"{text.path}: has no line #fields before its rows, which names the columns; give the whole log"
        )
    exporter = exporter_of(header.columns)
    return Layout("zeek", header.columns, True, header.separator, text.encoding, exporter)


def read_zeek(text: Text, rows_at_once: int, needed: Needed | None = None) -> Iterator[Chunk]:
    """Read a Zeek log; one without rows has no chunks.

    Parameters
    ----------
    text : Text
        At its beginning.
    rows_at_once : int
        Rows of a chunk, at most.
    needed : Needed, optional
        Columns that are wanted; all if not given.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a line is not as it should be.
    """
    layout, header, first = zeek_layout(text), _Header(), 0
    rows = Rows(text, header.shape(), (), needed)
    found = needed.found_in(layout.columns) if needed else None
    wanted = tuple(name for name in layout.columns if found is None or name in found)
    for block in text.blocks(rows_of_chunk(rows_at_once, len(layout.columns))):
        for part in _parts(block):
            if part.content.startswith(b"#"):
                for number, line in part.lines():
                    before, header = header, header.told(number, line, text.path)
                    if header != before:
                        rows = rows.like(header.shape())
                continue
            read = rows.read(_unglued(part) if header.glued else part)
            if len(read.lines):
                frame = read.frame if read.sound else _aligned(read.frame, wanted)
                yield Chunk(text.path, first, read.lines, frame, read.sound)
                first += len(read.lines)


def _parts(block: Block) -> Iterator[Block]:
    """Split a block into runs of lines that begin with # and runs that do not."""
    content = block.content
    if not content.startswith(b"#") and b"\n#" not in content:
        yield block
        return
    letters = np.frombuffer(content, np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(letters[:-1] == ord("\n")) + 1])
    is_comment = letters[starts] == ord("#")
    turns = [0, *(np.flatnonzero(np.diff(is_comment)) + 1).tolist(), len(starts)]
    ends = [*starts.tolist(), len(content)]
    for start, stop in pairwise(turns):
        yield Block(block.first + start, content[ends[start] : ends[stop]])


def _unglued(block: Block) -> Block:
    """Put the separator between the labels of a labelled log."""
    return Block(block.first, block.content.replace(_GLUED.encode(), b"\t"))


def _aligned(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Bring the columns into the layout's order; those it does not know come behind."""
    import polars as pl

    if frame.columns == list(columns):
        return frame
    lacking = [pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns]
    more = [name for name in frame.columns if name not in columns]
    return frame.with_columns(lacking).select([*columns, *more])
