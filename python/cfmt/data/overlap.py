"""What test rows have in common with training rows, and what they have that training lacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import Table

__all__ = ["Overlap", "overlap"]


@dataclass(frozen=True)
class Overlap:
    """Test rows beside training rows.

    Parameters
    ----------
    n_test : int
        Test rows.
    n_repeated : int
        Test rows whose features stand in training, bit by bit.
    n_unknown : int
        Test rows with a word, in any categorical feature, that training does not have.
    """

    n_test: int
    n_repeated: int
    n_unknown: int


def overlap(train: Table, test: Table) -> Overlap:
    """Count the test rows that stand in training, and those with words unknown to it.

    Parameters
    ----------
    train, test : Table
        Tables of one schema; words are compared by name.

    Returns
    -------
    Overlap

    Raises
    ------
    ValueError
        If the schemas differ.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.overlap import overlap
    >>> train, test = load_synthetic(200, 50, seed=0)
    >>> overlap(train, train).n_repeated, overlap(train, train).n_unknown
    (200, 0)
    """
    train.schema.check_same(test.schema)
    codes, unknown = np.empty_like(test.categorical), np.zeros(test.n_rows, np.bool_)
    for column, words in enumerate(train.vocabularies):
        held = np.zeros(len(words), np.bool_)
        held[train.categorical[:, column]] = True
        place = {word: code for code, word in enumerate(words) if held[code]}
        known = np.array([place.get(word, -1) for word in test.vocabularies[column]], np.int64)
        codes[:, column] = known[test.categorical[:, column]]
        unknown |= codes[:, column] < 0
    seen = _hashes(train.numeric, train.categorical)
    repeated = np.isin(_hashes(test.numeric, codes), seen) & ~unknown
    return Overlap(test.n_rows, int(repeated.sum()), int(unknown.sum()))


def _hashes(numeric: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Hash each row of features, shape (n_rows,)."""
    import polars as pl

    columns = {f"n{place}": values for place, values in enumerate(numeric.T)}
    columns |= {f"c{place}": values for place, values in enumerate(codes.T)}
    return pl.DataFrame(columns).hash_rows(seed=0).to_numpy()
