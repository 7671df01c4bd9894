"""The cells that are needed of sound lines: rows of numbers, coded words, and texts that stay unread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.data.readers.cells import is_number
from cfmt.data.readers.layout import Needed
from cfmt.data.readers.sniffing import Shape

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NeededCells", "SoundRows", "Texts", "Words"]

_SKIPPED, _NUMBER, _WORD, _TEXT, _EMPTY = range(5)


class Words(NamedTuple):
    """A column of words.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,), uint32
        The place of each cell's word in ``distinct``; its length where the cell is empty.
    distinct : sequence of str
        Each word once.

    Examples
    --------
    >>> from cfmt.data.readers import Words
    >>> Words(np.array([0, 1, 0], np.uint32), ["tcp"]).column("proto").to_list()
    ['tcp', None, 'tcp']
    """

    codes: npt.NDArray[np.uint32]
    distinct: Sequence[str]

    def after(self, n: int) -> Words:
        """Leave out the first rows."""
        return Words(self.codes[n:], self.distinct)

    def column(self, name: str) -> pl.Series:
        """Write the cells out; an empty one is null."""
        import polars as pl

        return pl.Series(name, [*self.distinct, None], dtype=pl.String).gather(self.codes)


class Texts(NamedTuple):
    """A column of texts as they were read.

    Parameters
    ----------
    content : bytes
        All cells in UTF-8, one behind the other.
    ends : ndarray of shape (n_rows,), int64
        Where each ends.

    Examples
    --------
    >>> from cfmt.data.readers import Texts
    >>> Texts(b"C1C22", np.array([2, 2, 5])).column("uid").to_list()
    ['C1', None, 'C22']
    """

    content: bytes
    ends: npt.NDArray[np.int64]

    def after(self, n: int) -> Texts:
        """Leave out the first rows."""
        start = int(self.ends[n - 1]) if n else 0
        return Texts(self.content[start:], self.ends[n:] - start)

    def column(self, name: str) -> pl.Series:
        """Write the cells out; an empty one is null."""
        import polars as pl

        return pl.Series(name, _core.text_cells(self.content, self.ends), dtype=pl.String)


class SoundRows(NamedTuple):
    """Rows of which no cell needs a look.

    Parameters
    ----------
    numeric : ndarray of shape (n_rows, n_numbers + n_lacking), float64
        The needed numbers in their order, 0 where one is missing, and then a flag for each column that may
        lack some.
    columns : mapping of str to Words or Texts
        The other columns that are needed.
    names : tuple of str
        All columns of the file.

    Examples
    --------
    >>> from cfmt.data.readers import SoundRows, Texts
    >>> rows = SoundRows(np.array([[7.0]]), {"uid": Texts(b"C1", np.array([2]))}, ("uid", "bytes", "state"))
    >>> rows.columns["uid"].column("uid").to_list()
    ['C1']
    """

    numeric: npt.NDArray[np.float64]
    columns: Mapping[str, Words | Texts]
    names: tuple[str, ...]

    def after(self, n: int) -> SoundRows:
        """Leave out the first rows."""
        columns = {name: cells.after(n) for name, cells in self.columns.items()}
        return self._replace(numeric=self.numeric[n:], columns=columns)


@dataclass(frozen=True)
class NeededCells:
    """Reads some columns of lines, where those are sound and hold what they should.

    Parameters
    ----------
    shape : Shape
        How lines are made.
    needed : Needed
        What is wanted of them.
    names : tuple of str
        All columns of the file.
    kinds : ndarray of shape (width,), uint8
        What is wanted of each cell, as the kernel has it.
    """

    shape: Shape
    needed: Needed
    names: tuple[str, ...]
    kinds: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, shape: Shape, columns: tuple[str, ...], needed: Needed | None) -> NeededCells | None:
        """Plan the reading; None where it must be done cell by cell.

        Parameters
        ----------
        shape : Shape
            How lines are made.
        columns : tuple of str
            Names of the columns.
        needed : Needed or None
            Columns that are wanted.

        Returns
        -------
        NeededCells or None
        """
        wanted = needed.found_in(columns) if needed else None
        if needed is None or wanted is None:
            return None
        if needed.passed_of(columns) & {*needed.numbers}:
            return None  # a cell cannot be given both as it stands and as a number
        if not any(_is_word(shape, columns.index(name)) for name in needed.numbers):
            return None  # a header that comes again could not be told from a row
        kinds = np.full(shape.width, _SKIPPED, np.uint8)
        kinds[len(columns) :] = _EMPTY
        for place, name in enumerate(columns):
            if name in needed.numbers:
                kinds[place] = _NUMBER
            elif name in wanted:
                kinds[place] = _WORD if name in needed.words else _TEXT
        return cls(shape, needed, columns, kinds)

    def read(self, content: bytes) -> SoundRows | None:
        """Read lines, each ended by a line feed; None where one of them needs a look.

        Parameters
        ----------
        content : bytes
            In UTF-8.

        Returns
        -------
        SoundRows or None
        """
        shape, needed = self.shape, self.needed
        numbers = self._of_kind(_NUMBER)
        flags = {name: len(needed.numbers) + place for place, name in enumerate(needed.lacking)}
        found = _core.parse_lines(
            content,
            self.kinds,
            np.array([needed.numbers.index(name) for name in numbers], np.int64),
            np.array([name in needed.heavy for name in numbers], np.bool_),
            np.array([flags.get(name, -1) for name in numbers], np.int64),
            width=len(needed.numbers) + len(flags),
            separator=shape.separator,
            quote=shape.quote or None,
            unset=shape.unset,
        )
        if found is None:
            return None
        numeric, words, texts = found
        columns: dict[str, Words | Texts] = {}
        columns |= {name: Words(*cells) for name, cells in zip(self._of_kind(_WORD), words, strict=True)}
        columns |= {name: Texts(*cells) for name, cells in zip(self._of_kind(_TEXT), texts, strict=True)}
        return SoundRows(numeric, columns, self.names)

    def _of_kind(self, kind: int) -> list[str]:
        """Name the columns of one kind in the order of the file."""
        return [name for name, own in zip(self.names, self.kinds.tolist(), strict=False) if own == kind]


def _is_word(shape: Shape, place: int) -> bool:
    """Tell whether a header that came again would show in a column of numbers: its name is none."""
    name = shape.header[place] if shape.header else "name"
    return any(map(str.isalpha, name)) and not is_number(name)
