"""Plain tables on stdout, as wide as they need where stdout is no terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from cfmt.errors import printable

__all__ = ["make_table", "show"]

_FILE_WIDTH = 200  # of a pipe or a file, which has no width of its own


def make_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: int = 0
) -> Table:
    """Lay rows out under their titles.

    Parameters
    ----------
    title : str
        Title of the table.
    columns : sequence of str
        Titles of the columns.
    rows : iterable of sequence
        What stands in each row.
    numbers : int, default=0
        How many of the last columns hold numbers, which are aligned on the right.

    Returns
    -------
    Table
    """
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        right = place >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        table.add_row(*(escape(_plain(str(cell))) for cell in row))
    return table


def _plain(cell: str) -> str:
    """Write out what a terminal would obey; lines stay lines."""
    return "\n".join(map(printable, cell.split("\n")))


def show(*parts: RenderableType) -> None:
    """Print tables and texts on stdout."""
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    for part in parts:
        console.print(part)
