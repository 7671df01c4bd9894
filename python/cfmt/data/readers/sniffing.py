"""How the lines of a delimited text are laid out, told by the first of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from cfmt.data.readers.cells import BLANKS, cells_of, is_number
from cfmt.data.readers.layout import unique_names
from cfmt.data.readers.text import Block
from cfmt.errors import DataError

__all__ = ["MOST_COLUMNS", "Shape", "quote_of", "shape_of"]

MOST_COLUMNS = 10_000
_SEPARATORS = ",;\t|"
_MOST_SEEN = 100  # lines that are looked at


@dataclass(frozen=True)
class Shape:
    """What the lines of a delimited text are made of.

    Parameters
    ----------
    columns : tuple of str
        Names of the columns.
    separator, quote : str
        One character each.
    width : int
        Cells of a line; one more than there are columns where each line ends in a separator.
    header : tuple of str
        Cells of the header as they stand there; empty where there is none.
    reference : str
        What the width is that of, for messages, such as "line 1 has".
    numeric : tuple of int
        Cells that are numbers in the first rows.
    escape : str or None, default=None
        What may stand before a quote inside of quotes.
    comment : str, default=""
        With what lines begin that are no rows; blank lines are then allowed everywhere.
    unset : tuple of str, default=()
        Words for "no value".
    """

    columns: tuple[str, ...]
    separator: str
    quote: str
    width: int
    header: tuple[str, ...]
    reference: str
    numeric: tuple[int, ...]
    escape: str | None = None
    comment: str = ""
    unset: tuple[str, ...] = ()

    def cells(self, line: str) -> list[str]:
        """Split a line; ``ValueError`` where its quotes are faulty."""
        return cells_of(line, self.separator, self.quote, self.escape)


class _Lines(NamedTuple):
    """The first lines that are not blank: number of the first, and their cells."""

    number: int
    cells: list[list[str]]


def shape_of(head: Block, path: str) -> Shape:
    """Tell separator, quote, header and columns.

    Parameters
    ----------
    head : Block
        The first lines.
    path : str
        Name of the file, for messages.

    Returns
    -------
    Shape

    Raises
    ------
    DataError
        If there is no line with anything in it, or no table of flows.
    """
    texts = [(number, line) for number, line in head.lines() if line.strip()][:_MOST_SEEN]
    if not texts:
        raise DataError(f"{path}: is empty; give a file with one flow a line")
    quote = quote_of([line for _, line in texts])
    separator = _separator_of([line for _, line in texts], quote)
    lines = _Lines(texts[0][0], [_cells(line, separator, quote) for _, line in texts])
    n_cells = len(lines.cells[0])
    if n_cells > MOST_COLUMNS:
        raise DataError(
            f"{path}: line {lines.number}: has {n_cells:,} cells, at most {MOST_COLUMNS:,} are read; "
            "is it a table of flows?"
        )
    first, rows = lines.cells[0], lines.cells[1:]
    if _is_header(first, rows):
        columns, width = _below_header(first, rows)
        header = tuple(first)
    else:
        width, header, rows = n_cells, (), lines.cells
        dropped = width > 2 and len(rows) > 1 and all(len(row) == width and not row[-1] for row in rows)
        columns = tuple(f"column_{number}" for number in range(1, width + 1 - dropped))
    reference = f"line {lines.number} has {n_cells}"
    return Shape(columns, separator, quote, width, header, reference, _numeric(rows, width))


def quote_of(lines: list[str]) -> str:
    """Tell which quote stands around cells: double where there is none."""
    seen = Counter(
        cell[0]
        for line in lines
        for cell in (part.strip(BLANKS) for part in re.split(r"[,;|\t]", line))
        if len(cell) > 2 and cell[0] == cell[-1] and cell[0] in "'\"" and cell.count(cell[0]) == 2
    )
    return "'" if seen["'"] > seen['"'] else '"'


def _separator_of(lines: list[str], quote: str) -> str:
    """Tell the separator: the one that the most lines hold alike, and then the one that stands most often."""
    quoted = re.compile(rf"{quote}[^{quote}]*{quote}")
    bare = [quoted.sub("q", line) for line in lines]

    def merit(separator: str) -> tuple[float, int]:
        """Return the share of lines with as many separators as most have, and that number."""
        counts = Counter(line.count(separator) for line in bare)
        most, n_alike = max(counts.items(), key=lambda item: (item[0] > 0, item[1], item[0]))
        in_first = bare[0].count(separator) > 0
        return (n_alike / len(bare) if most else 0.0) * (1.0 if in_first else 0.5), most

    best = max(_SEPARATORS, key=merit)
    return best if merit(best)[1] else ","


def _cells(line: str, separator: str, quote: str) -> list[str]:
    """Split a line, quotes or not."""
    try:
        return cells_of(line, separator, quote)
    except ValueError:
        return cells_of(line, separator)


def _is_header(first: list[str], rows: list[list[str]]) -> bool:
    """Tell whether the first line names columns: no numbers in it, and its words stand in no row."""
    if _counts_columns(first):
        return bool(rows) and rows[0] != first and not _counts_columns(rows[0])
    named = [cell for cell in first if cell]
    if not named or any(is_number(cell) for cell in named):
        return False
    alike = [row for row in rows if abs(len(row) - len(first)) <= 1]
    if any(is_number(cell) for row in alike for cell in row):
        return True
    seen = {cell for row in alike for cell in row}
    return len(set(named)) == len(named) and seen.isdisjoint(named)


def _counts_columns(cells: list[str]) -> bool:
    """Tell whether cells are 0, 1, 2, ...: the header that pandas writes for columns without names."""
    numbers = cells[not cells[0] :]
    return len(numbers) > 2 and numbers == [str(number) for number in range(len(numbers))]


def _below_header(header: list[str], rows: list[list[str]]) -> tuple[tuple[str, ...], int]:
    """Name the columns, and count the cells of the rows, which may have one that the header lacks."""
    n, widths = len(header), Counter(len(row) for row in rows)
    longer = [row for row in rows if len(row) == n + 1]
    if len(longer) * 2 > len(rows):
        if all(not row[-1] for row in longer):
            return unique_names(header), n + 1
        if _runs([row[0] for row in longer]):
            return unique_names(["", *header]), n + 1
    if n > 1 and not header[-1] and all(not row[-1] for row in rows if len(row) == n):
        return unique_names(header[:-1]), n if widths.get(n) or not rows else n - 1
    return unique_names(header), n


def _runs(cells: list[str]) -> bool:
    """Tell whether cells are whole numbers that rise by one, from 0 or 1."""
    if not all(re.fullmatch(r"\"?\d{1,18}\"?", cell) for cell in cells):
        return False
    numbers = [int(cell.strip('"')) for cell in cells]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _numeric(rows: list[list[str]], width: int) -> tuple[int, ...]:
    """Find the cells that are numbers in most of the first rows, and empty or odd in the few others."""
    rows = [row for row in rows if len(row) == width]
    counts = [sum(is_number(row[column].strip(BLANKS)) for row in rows) for column in range(width)]
    return tuple(column for column, count in enumerate(counts) if rows and count * 10 >= len(rows) * 9)
