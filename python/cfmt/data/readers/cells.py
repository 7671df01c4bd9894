"""Lines of cells, parsed at once by polars where they are sound, and one by one where they are not."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BLANKS", "cells_of", "frame_of", "is_number", "parse_at_once", "trimmed"]

BLANKS = " \t"  # what is removed around cells
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_QUOTED_BLANKS = {quote: re.compile(rf"{quote}[ \t]+(?=[,;|\t]|$)") for quote in "\"'"}


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, NaN and infinity among them."""
    return _NUMBER.fullmatch(cell) is not None


def cells_of(line: str, separator: str, quote: str = "", escape: str | None = None) -> list[str]:
    """Split a line into cells, without blanks and quotes around them.

    Parameters
    ----------
    line : str
        Without its end.
    separator : str
        One character.
    quote : str, default=""
        What may stand around a cell; two of them inside stand for one.
    escape : str, optional
        What may stand before a quote inside.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If a quote opens and does not close, or something stands behind a closing one.
    """
    blanks = BLANKS.replace(separator, "")
    if not quote or quote not in line:
        return [cell.strip(blanks) for cell in line.split(separator)]
    try:
        cells = _quoted(line, separator, quote, escape)
    except csv.Error:
        try:  # blanks between a closing quote and the separator
            cells = _quoted(_QUOTED_BLANKS[quote].sub(quote, line), separator, quote, escape)
        except csv.Error as error:
            if "field limit" in str(error):
                most = f"{csv.field_size_limit():,}"
                raise ValueError(f"holds a cell of more than {most} letters; shorten it") from error
            raise ValueError(
                f"holds a cell with a quote ({quote}) that does not close before the cell or the line ends; "
                "write each row on one line, and mend its quotes"
            ) from error
    return [cell.strip(blanks) for cell in cells]


def _quoted(line: str, separator: str, quote: str, escape: str | None) -> list[str]:
    """Split a line with quotes; ``csv.Error`` where they are faulty."""
    reader = csv.reader(
        [line], delimiter=separator, quotechar=quote, escapechar=escape, skipinitialspace=True, strict=True
    )
    return next(reader)


def parse_at_once(
    content: bytes, separator: str, quote: str, width: int, unset: Sequence[str] = ()
) -> pl.DataFrame | None:
    """Parse lines of cells; None unless every line has exactly ``width`` well-formed cells and none is blank.

    Parameters
    ----------
    content : bytes
        Lines in UTF-8, each ended by a line feed.
    separator, quote : str
        One character each; the quote may be empty.
    width : int
        Cells of a line.
    unset : sequence of str, default=()
        Words for "no value".

    Returns
    -------
    polars.DataFrame or None
        All strings, named "0", "1", ...; empty cells are null.
    """
    import polars as pl

    n_lines = content.count(b"\n")
    if content.startswith(b"\n") or b"\n\n" in content:
        return None
    has_quotes = bool(quote) and quote.encode() in content
    if has_quotes:
        n_separators = _separators_outside(content, separator, quote)
    else:
        n_separators = content.count(separator.encode())
    if n_separators != n_lines * (width - 1):  # with polars' refusal of longer lines: no shorter ones either
        return None
    try:
        frame = pl.read_csv(
            content,
            has_header=False,
            separator=separator,
            quote_char=quote if has_quotes else None,
            schema={str(column): pl.String for column in range(width)},
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    return trimmed(frame, content, separator, unset) if frame.height == n_lines else None


def _separators_outside(content: bytes, separator: str, quote: str) -> int:
    """Count the separators outside quotes; -1 where a quote does not stand at the edge of a cell."""
    letters = np.frombuffer(content, np.uint8)
    is_quote = letters == ord(quote)
    at = np.flatnonzero(is_quote)
    edges = np.array([ord(separator), ord("\n"), ord(quote)], np.uint8)
    opening, closing = at[::2], at[1::2]
    if len(opening) != len(closing):
        return -1
    before = np.concatenate([[ord("\n")], letters[:-1]]).astype(np.uint8)[opening]
    sound = np.isin(before, edges).all() and np.isin(letters[closing + 1], edges).all()
    inside = np.cumsum(is_quote) % 2 == 1
    if not sound or (inside & (letters == ord("\n"))).any():
        return -1
    # A quote that opens right behind one that closes is a doubled one, unless the cell began with it.
    return int(((letters == ord(separator)) & ~inside).sum())


def trimmed(
    frame: pl.DataFrame, content: bytes | None = None, separator: str = "", unset: Sequence[str] = ()
) -> pl.DataFrame:
    """Remove blanks around cells, and make null of the empty ones.

    Parameters
    ----------
    frame : polars.DataFrame
        All strings.
    content : bytes, optional
        What it was parsed from, to see quickly that there is nothing to remove.
    separator : str, default=""
        That of the content; a tab is then no blank.
    unset : sequence of str, default=()
        Words for "no value", such as ``-`` in Zeek's logs.

    Returns
    -------
    polars.DataFrame
    """
    import polars as pl

    columns, blanks = pl.all(), BLANKS.replace(separator, "") if separator else BLANKS
    if content is None or any(blank.encode() in content for blank in blanks):
        columns = columns.str.strip_chars(blanks)
    is_empty = columns == ""
    for word in unset:
        is_empty |= columns == word
    return frame.select(pl.when(is_empty).then(None).otherwise(columns).name.keep())


def frame_of(rows: Sequence[Sequence[str]], width: int, unset: Sequence[str] = ()) -> pl.DataFrame:
    """Make a frame of cells that were split one by one.

    Parameters
    ----------
    rows : sequence of sequences of str
        Each of ``width`` cells, as :func:`cells_of` returns them.
    width : int
        Number of columns.
    unset : sequence of str, default=()
        Words for "no value".

    Returns
    -------
    polars.DataFrame
        All strings, named "0", "1", ...; empty cells are null.
    """
    import polars as pl

    columns = list(zip(*rows, strict=True)) or [()] * width
    frame = pl.DataFrame(
        [pl.Series(str(number), cells, dtype=pl.String) for number, cells in enumerate(columns)]
    )
    return trimmed(frame, b"", unset=unset)
