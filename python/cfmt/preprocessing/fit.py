"""From a table to the model's features, fitted to the summaries that clients send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import Schema, Table
from cfmt.errors import DataError
from cfmt.preprocessing.scaling import Quantiles, Scaling, ZScore, scaling_from_dict
from cfmt.preprocessing.sketches import Grid, Sketch, sketch_values
from cfmt.preprocessing.summaries import Summary, summarise
from cfmt.ragged import Ragged

__all__ = ["Preprocessor", "fit_preprocessor"]

_CHUNK_ROWS = 1 << 15

Sent = TypeVar("Sent", Summary, Sketch)


@dataclass(frozen=True, eq=False)
class Preprocessor:
    """Fitted preprocessing: ``log1p`` where listed, z-score or quantiles, one-hot.

    Parameters
    ----------
    schema : Schema
        Names of the features that go in.
    scaling : ZScore or Quantiles
        Of all numeric features.
    kept : ndarray of shape (n_numeric,), bool
        Numeric features that come out.
    categories : tuple of tuple of str
        For each categorical feature the values with an output column; any other value is all zeros.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import Preprocessor, summarise
    >>> train, test = load_synthetic(200, 50, seed=0)
    >>> preprocessor = Preprocessor.fit([summarise(train.take(np.arange(100))), summarise(train)])
    >>> preprocessor.transform(test).shape == (50, preprocessor.n_features)
    True
    >>> preprocessor.feature_names[:2]
    ('duration', 'src_bytes')
    """

    schema: Schema
    scaling: Scaling
    kept: npt.NDArray[np.bool_]
    categories: tuple[tuple[str, ...], ...]

    @classmethod
    def fit(
        cls,
        summaries: Summary | Iterable[Summary],
        sketches: Sketch | Iterable[Sketch] | None = None,
        *,
        drop_constant: bool = True,
    ) -> Preprocessor:
        """Fit to the rows that were summarised.

        Parameters
        ----------
        summaries : Summary or iterable of Summary
            Of each client, or merged already. An iterable is consumed one by one.
        sketches : Sketch or iterable of Sketch, optional
            Of the same rows, likewise, on the grid that spans the merged summaries: numeric features become
            mid-ranks. Without sketches they become z-scores.
        drop_constant : bool, default=True
            Whether numeric features with one value in the whole federation are left out; else they are 0.

        Returns
        -------
        Preprocessor

        Raises
        ------
        DataError
            If there are no rows, or the sketches are not of the rows that were summarised.
        ValueError
            If summaries or sketches are of different schemas or grids.
        """
        merged = _merged("summaries", "summary", summaries)
        if merged.moments.count == 0:
            raise DataError("summaries must have at least one row in all, got none; give clients rows")
        constant = merged.moments.constant
        kept = ~constant if drop_constant else np.ones_like(constant)
        scaling: Scaling = ZScore.fit(merged.moments)
        if sketches is not None:
            scaling = Quantiles.fit(_of_same_rows(merged, _merged("sketches", "sketch", sketches)))
        return cls(merged.schema, scaling, kept, merged.categories)

    @property
    def kept_numeric(self) -> tuple[str, ...]:
        """Names of the numeric features that come out."""
        return tuple(name for name, is_kept in zip(self.schema.numeric, self.kept, strict=True) if is_kept)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the output columns: numeric features, then ``feature=value`` for each category."""
        pairs = zip(self.schema.categorical, self.categories, strict=True)
        return (*self.kept_numeric, *(f"{name}={word}" for name, words in pairs for word in words))

    @property
    def n_features(self) -> int:
        """Number of output columns."""
        return int(self.kept.sum()) + sum(map(len, self.categories))

    def transform(self, table: Table) -> npt.NDArray[np.float32]:
        """Turn a table into the model's features.

        Parameters
        ----------
        table : Table
            Rows with the schema that was fitted; its vocabularies may be others.

        Returns
        -------
        ndarray of shape (n_rows, n_features), float32
            In C order, columns as in ``feature_names``.

        Raises
        ------
        ValueError
            If the table has another schema.
        """
        self.schema.check_same(table.schema)
        features = np.zeros((table.n_rows, self.n_features), dtype=np.float32)
        end = int(self.kept.sum())
        for start in range(0, table.n_rows, _CHUNK_ROWS):
            rows = slice(start, start + _CHUNK_ROWS)
            scaled = self.scaling.transform(self.schema.logged(table.numeric[rows]))
            features[rows, :end] = scaled[:, self.kept]
        for column, numbers in enumerate(self.word_numbers(table)):
            found = numbers[table.categorical[:, column]]
            known = np.flatnonzero(found >= 0)
            features[known, end + found[known]] = 1
            end += len(self.categories[column])
        return features

    def word_numbers(self, table: Table) -> list[npt.NDArray[np.int64]]:
        """Find the numbers that a table's words have in ``categories``.

        Parameters
        ----------
        table : Table
            With the schema that was fitted.

        Returns
        -------
        list of ndarray of int64
            For each categorical feature, of each word of its vocabulary: its place in ``categories``, or -1.
        """
        found = []
        for words, vocabulary in zip(self.categories, table.vocabularies, strict=True):
            number_of = {word: number for number, word in enumerate(words)}
            found.append(np.array([number_of.get(word, -1) for word in vocabulary], dtype=np.int64))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted values as what JSON can hold, without loss."""
        return {
            "numeric": list(self.schema.numeric),
            "categorical": list(self.schema.categorical),
            "log1p": list(self.schema.log1p),
            "scaling": self.scaling.to_dict(),
            "kept": self.kept.tolist(),
            "categories": [list(words) for words in self.categories],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessor:
        """Take back what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            As :meth:`to_dict` made it, perhaps by way of JSON.

        Returns
        -------
        Preprocessor
            With the same bits.

        Raises
        ------
        DataError
            If an entry is missing, or they do not fit each other.
        """
        try:
            schema = Schema(*(tuple(values[name]) for name in ("numeric", "categorical", "log1p")))
            n_numeric = len(schema.numeric)
            scaling = scaling_from_dict(values["scaling"], n_numeric)
            kept = np.array(values["kept"], dtype=np.bool_)
            if kept.shape != (n_numeric,):
                raise ValueError(f"kept must be {n_numeric} flags, got shape {kept.shape}")
            categories = tuple(tuple(words) for words in values["categories"])
            if len(categories) != len(schema.categorical):
                raise ValueError(f"categories must be {len(schema.categorical)} lists, got {len(categories)}")
        except KeyError as error:
            raise DataError(f"preprocessing: {error} is missing; save the model again") from error
        except (TypeError, ValueError) as error:
            raise DataError(f"preprocessing: {error}; save the model again") from error
        return cls(schema, scaling, kept, categories)


def fit_preprocessor(
    table: Table, rows: Ragged[np.int64] | None = None, *, scaling: Literal["zscore", "quantile"] = "zscore"
) -> Preprocessor:
    """Fit to clients' rows by what each would send: its summary and then, for quantiles, its sketch.

    Parameters
    ----------
    table : Table
        The rows that clients own.
    rows : Ragged of int64, optional
        Row numbers in ``table`` of each client; without it, one client owns the whole table.
    scaling : {"zscore", "quantile"}, default="zscore"
        What numeric features become: :class:`~cfmt.preprocessing.scaling.ZScore` or
        :class:`~cfmt.preprocessing.scaling.Quantiles`.

    Returns
    -------
    Preprocessor

    Raises
    ------
    DataError
        If there are no rows.
    IndexError
        If a row number lies outside the table.
    ValueError
        If the scaling is unknown.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(200, 0, seed=0)
    >>> X = fit_preprocessor(train, scaling="quantile").transform(train)
    >>> X.shape, bool(np.abs(X).max() < 3**0.5)
    ((200, 70), True)
    """
    if scaling not in ("zscore", "quantile"):
        raise ValueError(f"scaling must be 'zscore' or 'quantile', got {scaling!r}")
    summary = summarise(table, rows)
    if scaling == "zscore":
        return Preprocessor.fit(summary)
    return Preprocessor.fit(summary, sketch_values(table, Grid.spanning(summary.moments), rows))


def _merged(name: str, one: str, given: Sent | Iterable[Sent]) -> Sent:
    """Merge what clients sent, one by one; what is merged already comes back as it is."""
    if isinstance(given, (Summary, Sketch)):
        return given
    remaining = iter(given)
    first = next(remaining, None)
    if first is None:
        raise DataError(f"{name} must be at least one, got none; give the {one} of each client")
    return reduce(lambda merged, sent: merged.merge(sent), remaining, first)


def _of_same_rows(summary: Summary, sketch: Sketch) -> Sketch:
    """Return the sketch; raise unless it counts the summarised rows, on the grid that spans them."""
    summary.schema.check_same(sketch.schema)
    n_rows = summary.moments.count
    if sketch.n_rows != n_rows:
        raise DataError(
            f"sketches must count the {n_rows:,} rows that were summarised, got {sketch.n_rows:,}; "
            "give summary and sketch of the same clients"
        )
    wanted = Grid(summary.moments.minimum, summary.moments.maximum, sketch.grid.n_bins)
    if not sketch.grid.equals(wanted):
        raise DataError(
            "sketches must be on the grid that spans the merged summaries, got another; "
            "make them with Grid.spanning(summary.moments)"
        )
    return sketch
