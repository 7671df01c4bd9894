"""ARFF, the format of Weka: attributes by name, then comma-separated rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cfmt.data.readers.cells import cells_of
from cfmt.data.readers.delimited import Rows
from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of, rows_of_chunk, unique_names
from cfmt.data.readers.sniffing import Shape, quote_of
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

__all__ = ["arff_layout", "read_arff"]

_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]++)\s*\S", re.IGNORECASE)
_UNSET = "?"


class _Head(NamedTuple):
    """What stands before the rows."""

    columns: list[str]
    data_line: int
    rows: list[str]


def arff_layout(text: Text) -> tuple[Layout, Shape, int]:
    """Tell the layout of an ARFF file, which stays unread.

    Parameters
    ----------
    text : Text
        At its beginning.

    Returns
    -------
    layout : Layout
    shape : Shape
        How the rows are made.
    data_line : int
        Number of the line with ``@data``.

    Raises
    ------
    DataError
        If there is no ``@data``, or a declaration is not as it should be.
    """
    columns, data_line, rows = _head(text)
    quote = '"' if any('"' in row for row in rows) and quote_of(rows) == '"' else "'"
    separator = "," if not rows or "," in rows[0] or "\t" not in rows[0] else "\t"
    try:
        first = cells_of(rows[0], separator, quote, "\\") if rows else []
    except ValueError:
        first = []
    width = len(columns) or len(first)
    names = unique_names(columns) if columns else tuple(f"column_{number + 1}" for number in range(width))
    reference = f"{width} attributes are declared" if columns else f"the first row has {width}"
    shape = Shape(names, separator, quote, width, (), reference, (), "\\", "%", (_UNSET,))
    layout = Layout("arff", names, bool(columns), separator, text.encoding, exporter_of(names))
    return layout, shape, data_line


def _head(text: Text) -> _Head:
    """Read names and the first rows."""
    columns: list[str] = []
    data_line, rows = 0, []
    for number, line in text.head().lines():
        content = line.strip()
        if not content or content.startswith("%"):
            continue
        if data_line:
            rows.append(content)
            if len(rows) == 100:
                break
        elif content.lower().startswith("@data"):
            data_line = number
        elif content.lower().startswith("@attribute"):
            found = _ATTRIBUTE.match(content)
            if not found:
                raise DataError(
                    f"{text.path}: line {number}: declares no attribute with a name and a type; mend it"
                )
            columns.append(_bare(found[1]))
        elif not content.lower().startswith("@relation"):
            raise DataError(
                f"{text.path}: line {number}: declares nothing, and no @data came before it; write it"
            )
    if not data_line:
        raise DataError(f"{text.path}: has no line @data, so no rows; fetch it again")
    return _Head(columns, data_line, rows)


def _bare(name: str) -> str:
    """Take quotes off a name."""
    if name[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def read_arff(
    text: Text, names: tuple[str, ...] | None, rows_at_once: int, needed: Needed | None = None
) -> Iterator[Chunk]:
    """Read an ARFF file.

    Parameters
    ----------
    text : Text
        At its beginning.
    names : tuple of str or None
        Names of the columns, where no attributes are declared.
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
    layout, shape, data_line = arff_layout(text)
    columns = layout.columns if layout.header or names is None else names
    if len(columns) != len(layout.columns):
        raise DataError(
            f"{text.path}: line {data_line + 1}: has {len(layout.columns)} columns, but {len(columns)} names "
            "are given; give a name for each"
        )
    rows = Rows(text, shape, columns, needed)
    for block in text.blocks(rows_of_chunk(rows_at_once, shape.width)):
        block = block.after(data_line)
        if b"{" in block.content:
            _refuse_sparse(block.lines(), text.path)
        read = rows.read(block)
        if len(read.lines):
            yield Chunk(text.path, rows.n_rows - len(read.lines), *read)
    if rows.n_rows == 0:
        raise DataError(f"{text.path}: line {data_line}: no rows follow @data; give a file with flows")


def _refuse_sparse(lines: Iterator[tuple[int, str]], path: str) -> None:
    """Refuse rows that name only the cells that are not 0."""
    for number, line in lines:
        if line.lstrip().startswith("{"):
            raise DataError(
                f"{path}: line {number}: is a sparse row; write all cells: Weka's filter SparseToNonSparse"
            )
