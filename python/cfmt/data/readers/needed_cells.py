"""The cells that are needed of sound lines, numbers as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.data.readers.cells import is_number, parse_at_once
from cfmt.data.readers.layout import Needed, Words
from cfmt.data.readers.sniffing import Shape

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NeededCells"]

_SKIPPED, _NUMBER, _NUMBER_OR_MISSING, _WORD, _TEXT, _EMPTY = range(6)


@dataclass(frozen=True)
class NeededCells:
    """Reads some columns of lines, where those are sound and hold what they should.

    Parameters
    ----------
    shape : Shape
        How lines are made.
    numbers, words, texts : tuple of str
        Names of the columns of each kind, in the order of the file.
    kinds : ndarray of shape (width,), uint8
        What is wanted of each cell, as the kernel has it.
    """

    shape: Shape
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    texts: tuple[str, ...]
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
                kinds[place] = _NUMBER_OR_MISSING if name in needed.lacking else _NUMBER
            elif name in wanted:
                kinds[place] = _WORD if name in needed.words else _TEXT
        numbers, words, texts = (
            tuple(name for place, name in enumerate(columns) if kinds[place] in of_kind)
            for of_kind in ((_NUMBER, _NUMBER_OR_MISSING), (_WORD,), (_TEXT,))
        )
        return cls(shape, numbers, words, texts, kinds)

    def read(self, content: bytes) -> tuple[pl.DataFrame, dict[str, Words]] | None:
        """Read lines, each ended by a line feed; None where one of them needs a look.

        Parameters
        ----------
        content : bytes
            In UTF-8.

        Returns
        -------
        frame : polars.DataFrame
            Numbers, NaN where one is missing, then texts.
        words : dict of str to Words
            The columns of words.
        """
        import polars as pl

        shape = self.shape
        found = _core.parse_lines(
            content, self.kinds, separator=shape.separator, quote=shape.quote or None, unset=shape.unset
        )
        if found is None:
            return None
        n_lines, numbers, words, text = found
        frame = pl.DataFrame(
            [pl.Series(name, cells) for name, cells in zip(self.numbers, numbers, strict=True)]
        )
        coded = {name: Words(*cells) for name, cells in zip(self.words, words, strict=True)}
        if not self.texts:
            return frame, coded
        texts = parse_at_once(text, shape.separator, shape.quote, len(self.texts), shape.unset)
        if texts is None or texts.height != n_lines:
            return None
        texts.columns = list(self.texts)
        return frame.hstack(texts), coded


def _is_word(shape: Shape, place: int) -> bool:
    """Tell whether a header that came again would show in a column of numbers: its name is none."""
    name = shape.header[place] if shape.header else "name"
    return any(map(str.isalpha, name)) and not is_number(name)
