"""Rows of delimited text: CSV, and what follows the headers of ARFF and of Zeek's logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.data.readers.cells import cells_of, frame_of, parse_at_once, trimmed
from cfmt.data.readers.layout import Chunk, Layout
from cfmt.data.readers.text import Block, Text
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Shape", "read_rows"]


@dataclass(frozen=True)
class Shape:
    """How the rows of a delimited text are to be read.

    Parameters
    ----------
    layout : Layout
        Names and separator.
    quote : str, default=""
        What may stand around a cell.
    escape : str or None, default=None
        What may stand before a quote inside a cell.
    begin : int, default=1
        Line of the first row; what stands above is the header.
    comment : str, default=""
        Lines that begin with it are no rows.
    unset : tuple of str, default=()
        Words for "no value".
    header : tuple of str, default=()
        Cells of the header, which is no row where it stands again.
    trailing : bool, default=False
        Whether each row ends in a separator with nothing behind it.
    """

    layout: Layout
    quote: str = ""
    escape: str | None = None
    begin: int = 1
    comment: str = ""
    unset: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    trailing: bool = False

    @property
    def width(self) -> int:
        """Cells of a row, the empty last one among them."""
        return len(self.layout.columns) + self.trailing


def read_rows(text: Text, shape: Shape, rows_at_once: int) -> Iterator[Chunk]:
    """Read rows block by block.

    Parameters
    ----------
    text : Text
        At its beginning.
    shape : Shape
        How its rows are laid out.
    rows_at_once : int
        Lines of a block.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a line is not as it should be: the message names it.
    """
    first, blank = 0, 0
    for block in text.blocks(rows_at_once):
        body = _body(block, shape)
        if not body.content:
            continue
        if blank and body.content.strip(b" \t\n"):
            raise DataError(f"{text.path}: line {blank}: is blank; remove it")
        frame, lines, blank = _parsed(body, shape, text.path, blank)
        if len(lines):
            frame = frame[:, : len(shape.layout.columns)]
            frame.columns = list(shape.layout.columns)
            yield Chunk(text.path, first, lines, frame)
            first += len(lines)
    if first == 0:
        raise DataError(f"{text.path}: has a header and no row; give a file with flows")


def _body(block: Block, shape: Shape) -> Block:
    """Cut the header off a block."""
    if block.first >= shape.begin:
        return block
    lines = block.content.split(b"\n", shape.begin - block.first)
    rest = lines[-1] if len(lines) > shape.begin - block.first else b""
    return Block(shape.begin, rest)


def _parsed(
    block: Block, shape: Shape, path: str, blank: int
) -> tuple[pl.DataFrame, npt.NDArray[np.int64], int]:
    """Parse a block at once, or else line by line; also return the first of the blank lines at its end."""
    separator = shape.layout.separator
    frame = None
    if not shape.comment and shape.escape is None:
        frame = parse_at_once(block.content, separator, shape.quote, shape.width)
    if frame is None:
        return _line_by_line(block, shape, path, blank)
    if shape.trailing and frame[str(shape.width - 1)].null_count() < frame.height:
        return _line_by_line(block, shape, path, blank)
    lines = np.arange(block.first, block.first + frame.height, dtype=np.int64)
    if shape.header:
        again = np.ones(frame.height, np.bool_)
        for column, cell in enumerate(shape.header[: shape.width]):
            if not again.any():
                break
            again &= (frame[str(column)].fill_null("") == cell).to_numpy()
        if again.any():
            frame, lines = frame.filter(~again), lines[~again]
    return trimmed(frame, unset=shape.unset) if shape.unset else frame, lines, 0


def _line_by_line(
    block: Block, shape: Shape, path: str, blank: int
) -> tuple[pl.DataFrame, npt.NDArray[np.int64], int]:
    """Parse lines one by one, and name the first that is not as it should be."""
    rows, lines = [], []
    for number, line in block.lines():
        if not line.strip(" \t"):
            blank = blank or number
            continue
        if shape.comment and line.startswith(shape.comment):
            continue
        if blank:
            raise DataError(f"{path}: line {blank}: is blank; remove it")
        try:
            cells = cells_of(line, shape.layout.separator, shape.quote, shape.escape)
        except ValueError as error:
            raise DataError(f"{path}: line {number}: {error}") from error
        if tuple(cells) == shape.header and shape.header:
            continue
        if len(cells) != shape.width or (shape.trailing and cells[-1]):
            what = "the header" if shape.layout.header else f"line {shape.begin}"
            raise DataError(
                f"{path}: line {number}: has {len(cells)} cells, but {what} has {shape.width}; "
                "mend it, or remove it"
            )
        rows.append(cells)
        lines.append(number)
    return frame_of(rows, shape.width, shape.unset), np.array(lines, np.int64), blank
