"""Delimited text: CSV and its relatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.data.readers.cells import frame_of, is_number, parse_at_once
from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of, rows_of_chunk
from cfmt.data.readers.needed_cells import NeededCells, SoundRows
from cfmt.data.readers.sniffing import Shape, shape_of
from cfmt.data.readers.text import Block, Text
from cfmt.errors import DataError, listed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Rows", "csv_layout", "read_csv"]


def csv_layout(text: Text) -> tuple[Layout, Shape]:
    """Tell the layout of a delimited text, which stays unread.

    Parameters
    ----------
    text : Text
        At its beginning.

    Returns
    -------
    layout : Layout
    shape : Shape
        What reading it needs to know.

    Raises
    ------
    DataError
        If it is empty or no table.
    """
    shape = shape_of(text.head(), text.path)
    exporter = exporter_of(shape.columns) if shape.header else ""
    layout = Layout("csv", shape.columns, bool(shape.header), shape.separator, text.encoding, exporter)
    return layout, shape


def read_csv(
    text: Text, names: tuple[str, ...] | None, rows_at_once: int, needed: Needed | None = None
) -> Iterator[Chunk]:
    """Read a delimited text.

    Parameters
    ----------
    text : Text
        At its beginning.
    names : tuple of str or None
        Names of the columns, where the text has no header.
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
    layout, shape = csv_layout(text)
    columns = layout.columns
    if names is not None and not layout.header:
        if len(names) != len(columns):
            raise DataError(
                f"{text.path}: line 1: has {len(columns)} columns, but {len(names)} names are given; "
                "give a name for each"
            )
        columns = names
    rows = Rows(text, shape, columns, needed)
    for block in text.blocks(rows_of_chunk(rows_at_once, shape.width)):
        read = rows.read(block)
        if len(read.lines):
            yield Chunk(text.path, rows.n_rows - len(read.lines), *read)
    if rows.n_rows == 0:
        raise DataError(f"{text.path}: line 1: is a header, and no rows follow; give a file with flows")


class ReadRows(NamedTuple):
    """Rows of a block as :class:`Chunk` has them."""

    lines: npt.NDArray[np.int64]
    frame: pl.DataFrame
    sound: SoundRows | None = None


class Rows:
    """The rows of blocks of lines, and what must be known from block to block.

    Parameters
    ----------
    text : Text
        Where the blocks come from.
    shape : Shape
        How their lines are made.
    columns : tuple of str
        Names of the columns.
    needed : Needed, optional
        Columns that are wanted; all if not given.
    """

    def __init__(
        self, text: Text, shape: Shape, columns: tuple[str, ...], needed: Needed | None = None
    ) -> None:
        self.n_rows = 0
        self._text, self._shape, self._columns, self._needed = text, shape, columns, needed
        self._quickly = NeededCells.of(shape, columns, needed)
        self._blank = 0  # number of a blank line, after which nothing may come
        self._header = list(shape.header)
        self._header_seen = not shape.header

    def like(self, shape: Shape) -> Rows:
        """Go on with lines of another shape."""
        rows = Rows(self._text, shape, shape.columns, self._needed)
        rows.n_rows, rows._blank = self.n_rows, self._blank
        return rows

    def read(self, block: Block) -> ReadRows:
        """Parse a block: at once where all is sound, line by line where it is not.

        Parameters
        ----------
        block : Block
            The next one.

        Returns
        -------
        ReadRows

        Raises
        ------
        DataError
            If a line is not as it should be: the error names the first.
        """
        first, content = block
        skipped = 0
        if not self._header_seen:
            end = content.index(b"\n") + 1
            if content[:end].strip():
                self._header_seen, skipped = True, 1
                content = content[end:]
        found = None if self._blank or not content else self._at_once(content)
        if found is None:
            return self._one_by_one(Block(first + skipped, content))
        frame, sound = found
        n_rows = len(sound.numeric) if sound else frame.height
        self.n_rows += n_rows
        return ReadRows(np.arange(n_rows, dtype=np.int64) + (first + skipped), frame, sound)

    def _at_once(self, content: bytes) -> tuple[pl.DataFrame, SoundRows | None] | None:
        """Parse lines at once; None where one of them needs a look."""
        import polars as pl

        shape = self._shape
        if (shape.comment and shape.comment.encode() in content) or (shape.escape and b"\\" in content):
            return None
        sound = self._quickly.read(content) if self._quickly else None
        if sound is not None:
            return pl.DataFrame(), sound
        frame = parse_at_once(content, shape.separator, shape.quote, shape.width, shape.unset)
        if frame is None or self._has_header(frame) or self._overflows(frame):
            return None
        return self._named(frame), None

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Name the columns; more of them, behind, are dropped: they are empty."""
        kept = frame.select(frame.columns[: len(self._columns)])
        kept.columns = list(self._columns)
        return kept

    def _has_header(self, frame: pl.DataFrame) -> bool:
        """Tell whether there may be a header among rows."""
        import polars as pl

        column = str(self._shape.numeric[0] if self._shape.numeric else 0)
        if self._header:
            names = [name for name in self._header if name] if not self._shape.numeric else self._header
            return bool(frame[column].is_in(names).any())
        if not self._shape.numeric:
            return False
        return frame[column].cast(pl.Float64, strict=False).null_count() > frame[column].null_count()

    def _overflows(self, frame: pl.DataFrame) -> bool:
        """Tell whether the last column, which is dropped because it is empty, holds something."""
        n_columns = len(self._shape.columns)
        return n_columns < frame.width and frame[str(n_columns)].null_count() < frame.height

    def _one_by_one(self, block: Block) -> ReadRows:
        """Parse line by line, and name the first that is faulty."""
        rows: list[list[str]] = []
        lines: list[int] = []
        for number, line in block.lines():
            if not line.strip():
                may_be_blank = self._shape.comment or self._text.is_live
                self._blank = 0 if may_be_blank else self._blank or number
                continue
            if self._blank:
                raise self._fault(self._blank, "is blank; remove it")
            if self._shape.comment and line.lstrip().startswith(self._shape.comment):
                continue
            try:
                cells = self._cells(number, line)
            except DataError as error:
                self._text.leave_out(error)
                continue
            if cells is not None:
                rows.append(cells)
                lines.append(number)
        self.n_rows += len(rows)
        frame = frame_of(rows, self._shape.width, self._shape.unset)
        return ReadRows(np.array(lines, dtype=np.int64), self._named(frame))

    def _cells(self, number: int, line: str) -> list[str] | None:
        """Split a line; None where it is the header again."""
        shape = self._shape
        try:
            cells = shape.cells(line)
        except ValueError as error:
            raise self._fault(number, str(error)) from error
        if self._header and cells == self._header:
            return None
        if len(cells) != shape.width:
            words = f"has {len(cells)} cells, but {shape.reference}; remove it or mend it"
            if self._text.is_cut and number == self._text.last:
                words += ", or fetch the file again: it ends in that line, without a line feed"
            raise self._fault(number, words)
        if any(cells[len(shape.columns) :]):
            raise self._fault(
                number,
                f"has {shape.width} cells, but only {len(shape.columns)} columns; remove it or mend it",
            )
        if not self._header and _names_columns(cells, shape.numeric):
            raise self._fault(
                number,
                f"is a header ({listed(cells[:3])}, ...), but the file begins without one; remove it",
            )
        return cells

    def _fault(self, number: int, words: str) -> DataError:
        """Make the error for a line."""
        return DataError(f"{self._text.path}: line {number}: {words}")


def _names_columns(cells: list[str], numeric: tuple[int, ...]) -> bool:
    """Tell whether a row is a header: words, all different, where other rows have numbers."""
    words = {cell for cell in cells if any(map(str.isalpha, cell)) and not is_number(cell)}
    n_names = sum(cells[column] in words for column in numeric)
    return len(words) >= len(cells) - 1 and n_names >= max(2, len(numeric) - 1)
