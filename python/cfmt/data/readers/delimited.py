"""CSV as people keep it: any separator, quotes, a header or none, an index column, a comma at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cfmt.data.readers.cells import cells_of, is_number
from cfmt.data.readers.layout import Layout, exporter_of, unique_names
from cfmt.data.readers.rows import Shape
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

__all__ = ["csv_shape"]

_SEPARATORS = ",;\t|"
_LOOKED_AT = 200  # lines
_ALIKE = 0.8  # share of lines with as many cells as the most common number


def csv_shape(text: Text, names: tuple[str, ...] | None) -> Shape:
    """Tell how a CSV file is laid out.

    Parameters
    ----------
    text : Text
        At its beginning.
    names : tuple of str or None
        Names of the columns of a file without header.

    Returns
    -------
    Shape

    Raises
    ------
    DataError
        If it is empty, or the names do not fit it.
    """
    lines = _looked_at(text)
    quote = _quote(lines)
    separator = _separator(lines, quote)
    rows = [_cells(line, separator, quote, text.path, number) for number, line in enumerate(lines, start=1)]
    header = rows[0] if _is_header(rows) else []
    body = rows[1:] if header else rows
    width = Counter(map(len, body or rows)).most_common(1)[0][0]
    if not header and width > len(rows[0]) and len(body) > 1:
        width = len(rows[0])  # the first row counts: what differs from it is named
    trailing = width > 1 and all(not row[-1] for row in body if len(row) == width)
    trailing = trailing and (not header or len(header) < width or not header[-1])
    columns = _names(header, width - trailing, names, text.path)
    layout = Layout("csv", columns, bool(header), separator, text.encoding, exporter_of(columns))
    return Shape(
        layout,
        quote,
        begin=2 if header else 1,
        header=tuple(header) if len(header) == width else (),
        trailing=trailing,
    )


def _looked_at(text: Text) -> list[str]:
    """Return the first lines, blank ones at the end left out."""
    lines = [line for _, line in text.head().lines()][:_LOOKED_AT]
    while lines and not lines[-1].strip(" \t"):
        lines.pop()
    if not lines:
        raise DataError(f"{text.path}: is empty; give a file with flows")
    return lines


def _quote(lines: Sequence[str]) -> str:
    """Tell what stands around cells, if anything does."""
    if any('"' in line for line in lines):
        return '"'
    edges = tuple(f"{separator}'" for separator in _SEPARATORS)
    return "'" if any(line.startswith("'") or any(edge in line for edge in edges) for line in lines) else ""


def _separator(lines: Sequence[str], quote: str) -> str:
    """Choose the separator that gives most lines the same number of cells, above one."""
    best, most = ",", 1
    for separator in _SEPARATORS:
        sizes = Counter(len(_split(line, separator, quote)) for line in lines if line.strip(" \t"))
        size, count = sizes.most_common(1)[0]
        if size > most and count >= _ALIKE * sizes.total():
            best, most = separator, size
    return best


def _split(line: str, separator: str, quote: str) -> list[str]:
    """Split a line, whatever its quotes."""
    try:
        return cells_of(line, separator, quote)
    except ValueError:
        return line.split(separator)


def _cells(line: str, separator: str, quote: str, path: str, number: int) -> list[str]:
    """Split a line; a faulty quote in the first one is named, the others are read again."""
    try:
        return cells_of(line, separator, quote)
    except ValueError as error:
        if number == 1:
            raise DataError(f"{path}: line 1: {error}") from error
        return line.split(separator)


def _is_header(rows: Sequence[list[str]]) -> bool:
    """Whether the first line names the columns: no number stands in it, and none of its words below it."""
    first, rest = rows[0], [row for row in rows[1:] if row != rows[0]]
    words = [cell for cell in first if cell]
    if not words or any(is_number(cell) for cell in words):
        return False
    if any(is_number(cell) for row in rest for cell in row):
        return True
    below = [{row[place] for row in rest if place < len(row)} for place in range(len(first))]
    return len(set(words)) == len(words) and not any(
        cell and cell in seen for cell, seen in zip(first, below, strict=True)
    )


def _names(header: Sequence[str], width: int, names: tuple[str, ...] | None, path: str) -> tuple[str, ...]:
    """Name the columns."""
    if header:
        cells = ["", *header] if len(header) == width - 1 else list(header[:width])
        if len(cells) < width:
            raise DataError(
                f"{path}: line 2: has {width} cells, but the header has {len(header)}; mend the header"
            )
        return unique_names(cells)
    if names is None:
        return tuple(f"column_{number}" for number in range(1, width + 1))
    if len(names) != width:
        raise DataError(
            f"{path}: line 1: has {width} cells, but {len(names)} names were given; name each column once"
        )
    return names
