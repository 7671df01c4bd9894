"""What a file looks like, and the chunks that are read of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

    from cfmt.data.readers.needed_cells import SoundRows

__all__ = ["FORMATS", "Chunk", "Layout", "Needed", "exporter_of", "rows_of_chunk", "unique_names"]

_MOST_CELLS = 1 << 22  # of a chunk: wide tables are read in shorter ones
FORMATS = ("csv", "parquet", "arff", "zeek", "zeek-json", "eve", "jsonl")


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Parameters
    ----------
    format : str
        One of ``FORMATS``.
    columns : tuple of str
        Names of the columns, blanks around them removed; ``column_1``, ``column_2``, ... where there is no
        header.
    header : bool
        Whether the file names its columns.
    separator : str, default=""
        What stands between cells; empty where the format has none (JSON, Parquet).
    encoding : str, default="utf-8"
        ``utf-8``, ``utf-16`` or ``cp1252``, as told by the first 256 KiB.
    exporter : str, default=""
        ``zeek``, ``suricata``, ``nfstream``, ``cicflowmeter``, ``nf-v2``, ``nf-v3`` or ``argus``, as told by
        the names of the columns; empty where they tell nothing.

    Examples
    --------
    >>> from cfmt.data.readers import Layout
    >>> Layout("csv", ("proto", "bytes"), header=True, separator=",").encoding
    'utf-8'
    """

    format: str
    columns: tuple[str, ...]
    header: bool
    separator: str = ""
    encoding: str = "utf-8"
    exporter: str = ""


@dataclass(frozen=True)
class Needed:
    """What is wanted of files, by columns; the others need not be read.

    Parameters
    ----------
    numbers : tuple of str
        Columns of numbers.
    words : tuple of str
        Columns of words, of which there are few.
    lacking : tuple of str, default=()
        Those columns of numbers that may lack some.
    heavy : tuple of str, default=()
        Those in which a negative number is a missing one.
    passed : callable, optional
        From the names of a file's columns to those that are wanted as they stand, if they are there.

    Examples
    --------
    >>> from cfmt.data.readers import Needed
    >>> needed = Needed(("bytes",), ("proto",), passed=lambda names: {"uid", "label"})
    >>> sorted(needed.found_in(("proto", "bytes", "label", "state")))
    ['bytes', 'label', 'proto']
    """

    numbers: tuple[str, ...]
    words: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()
    passed: Callable[[tuple[str, ...]], Collection[str]] | None = None

    def found_in(self, columns: Sequence[str]) -> frozenset[str] | None:
        """Choose the columns of a file to read; None, which is all, where one is not there."""
        wanted = {*self.numbers, *self.words}
        return frozenset(wanted | self.passed_of(columns)) if wanted <= {*columns} else None

    def passed_of(self, columns: Sequence[str]) -> frozenset[str]:
        """Choose the columns of a file that are wanted as they stand, and need not be there."""
        return frozenset({*self.passed(tuple(columns))} & {*columns} if self.passed else ())


class Chunk(NamedTuple):
    r"""Some rows of a file.

    Parameters
    ----------
    path : str
        The file; ``-`` for standard input.
    first : int
        Number of its first row in that file, from 0.
    lines : ndarray of shape (n_rows,), int64
        Line of each row in the file, from 1; for Parquet, number of the row, from 1.
    frame : polars.DataFrame
        The rows, with the columns of the layout. Of text, all cells are strings without blanks around them,
        and null where a cell is empty or holds the format's own mark for that. Of JSON and Parquet, numbers
        and booleans stay what they are, nested objects become columns with dots in their names, and lists
        become JSON text. JSON keys that the layout does not know come behind its columns. Where only some
        columns are needed, others may be left out.
    sound : SoundRows or None, default=None
        What is needed of the rows, where no cell needs a look; ``frame`` is then empty.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.readers import read_chunks
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("proto,bytes\ntcp,10\nudp,20\n")
    ...     (chunk,) = read_chunks(path)
    >>> chunk.first, chunk.lines.tolist(), chunk.frame["proto"].to_list()
    (0, [2, 3], ['tcp', 'udp'])
    """

    path: str
    first: int
    lines: npt.NDArray[np.int64]
    frame: pl.DataFrame
    sound: SoundRows | None = None

    def after(self, line: int) -> Chunk:
        """Leave out the rows up to a line, given by its number.

        Parameters
        ----------
        line : int
            From 1.

        Returns
        -------
        Chunk
        """
        n = int(np.searchsorted(self.lines, line, side="right"))
        if n == 0:
            return self
        sound = self.sound and self.sound.after(n)
        return self._replace(first=self.first + n, lines=self.lines[n:], frame=self.frame[n:], sound=sound)


# Names as they are left by _plain; the first exporter all of whose names are there is the one.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("suricata", ("flow.pktstoserver", "eventtype")),
    ("suricata", ("flow.bytestoserver", "eventtype")),
    ("zeek", ("id.origh", "id.resph")),
    ("zeek", ("uid", "id.origh")),
    ("zeek", ("id.respp", "connstate")),
    ("nfstream", ("bidirectionalpackets", "src2dstpackets")),
    ("nf-v3", ("inbytes", "outbytes", "flowstartmilliseconds", "l7proto")),
    ("nf-v3", ("inbytes", "outbytes", "srctodstiatmin", "l7proto")),
    ("nf-v2", ("inbytes", "outbytes", "protocol", "l7proto")),
    ("argus", ("dur", "proto", "totpkts", "totbytes", "srcbytes")),
    ("cicflowmeter", ("flowduration", "totalfwdpackets")),
    ("cicflowmeter", ("flowduration", "totalfwdpacket")),
    ("cicflowmeter", ("flowduration", "totfwdpkts")),
    ("cicflowmeter", ("flowdur", "totfwdpkts")),
    ("cicflowmeter", ("flowdur", "flowbytss")),
    ("cicflowmeter", ("flowduration", "flowbytss")),
    ("cicflowmeter", ("flowduration", "flowbytess")),
)


def _plain(name: str) -> str:
    """Bring the spellings of a name together: case, blanks, ``_`` and ``/``."""
    return "".join(letter for letter in name.lower() if letter not in " _/")


@lru_cache(maxsize=64)  # asked for each chunk
def exporter_of(columns: tuple[str, ...]) -> str:
    """Tell by the names of the columns what made the flows.

    Parameters
    ----------
    columns : tuple of str
        Names in any order.

    Returns
    -------
    str
        Empty where they tell nothing.
    """
    names = {_plain(name) for name in columns}
    return next((exporter for exporter, marks in _MARKS if names.issuperset(marks)), "")


def rows_of_chunk(rows_at_once: int, n_columns: int) -> int:
    """Tell how many rows of so many columns may be held at once.

    Parameters
    ----------
    rows_at_once : int
        How many are wanted.
    n_columns : int
        Columns of the file.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, min(rows_at_once, _MOST_CELLS // max(1, n_columns)))


def unique_names(cells: list[str]) -> tuple[str, ...]:
    """Make names of a header's cells: none empty, and none twice.

    Parameters
    ----------
    cells : list of str
        As they stand in the header.

    Returns
    -------
    tuple of str
        ``index`` for an unnamed first column, ``column_3`` for an unnamed third one; a name that stands again
        gets ``_2``, ``_3``, ...
    """
    named = [cell.strip() for cell in cells]
    if len(named) > 1 and named[0] in ("", "Unnamed: 0"):
        named[0] = "index"
    names: dict[str, None] = {}
    for number, cell in enumerate(named, start=1):
        name, again = cell or f"column_{number}", 2
        while name in names:
            name, again = f"{cell or f'column_{number}'}_{again}", again + 1
        names[name] = None
    return tuple(names)
