"""From a detector's parts to the kernel that scores raw rows in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.data import Table
from cfmt.preprocessing import Preprocessor, Quantiles, ZScore, steps_of
from cfmt.ragged import Ragged

__all__ = ["RawRows", "make_scorer", "raw_rows"]


class RawRows(NamedTuple):
    """A table's rows as the kernel takes them: numbers, codes, and the model's word of each code."""

    numeric: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]


def make_scorer(preprocessor: Preprocessor, params: npt.NDArray[np.float32], hidden: int) -> _core.Scorer:
    """Compile preprocessing and model into one kernel.

    Parameters
    ----------
    preprocessor : Preprocessor
        From raw rows to the model's features.
    params : ndarray of shape (n_params,), float32
        Of the model, flat.
    hidden : int
        Its hidden units.

    Returns
    -------
    Scorer of the kernels
    """
    schema = preprocessor.schema
    columns = np.flatnonzero(preprocessor.kept)
    logged = np.isin(columns, schema.log1p_columns)
    n_words = np.array([len(words) for words in preprocessor.categories], np.int64)
    sizes = {"n_numeric": len(schema.numeric), "hidden": hidden}
    match preprocessor.scaling:
        case ZScore(mean, scale):
            return _core.Scorer.z_scores(
                columns, logged.astype(np.uint8), mean[columns], scale[columns], n_words, params, **sizes
            )
        case Quantiles() as scaling:
            steps = [
                steps_of(scaling, column, logged=is_logged)
                for column, is_logged in zip(columns.tolist(), logged.tolist(), strict=True)
            ]
            edges = np.concatenate([np.zeros(0), *(one.edges for one in steps)])
            levels = np.concatenate([np.zeros(0, np.float32), *(one.levels for one in steps)])
            offsets = np.cumsum([0, *(len(one.edges) for one in steps)], dtype=np.int64)
            return _core.Scorer.steps(columns, edges, levels, offsets, n_words, params, **sizes)


def raw_rows(preprocessor: Preprocessor, table: Table) -> RawRows:
    """Lay a table out for the kernel.

    Parameters
    ----------
    preprocessor : Preprocessor
        Knows the words of training.
    table : Table
        Raw rows with the schema of training.

    Returns
    -------
    RawRows

    Raises
    ------
    ValueError
        If the table has another schema.
    """
    preprocessor.schema.check_same(table.schema)
    words = Ragged.from_list(preprocessor.word_numbers(table))
    numeric, codes = np.ascontiguousarray(table.numeric), np.ascontiguousarray(table.categorical)
    return RawRows(numeric, codes, words.values, words.offsets)
