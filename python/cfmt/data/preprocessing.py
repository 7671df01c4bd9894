"""From a table to the model's features, fitted to the summaries that clients send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data.moments import Moments
from cfmt.data.schema import Schema, Table
from cfmt.data.summary import Summary
from cfmt.errors import DataError

__all__ = ["Preprocessor", "ZScore"]

_CHUNK_ROWS = 1 << 15


@dataclass(frozen=True, eq=False)
class ZScore:
    """Centre and scale numeric features; one that is constant becomes 0.

    Parameters
    ----------
    mean : ndarray of shape (n_numeric,), float64
        To subtract.
    scale : ndarray of shape (n_numeric,), float64
        To divide by: the population's standard deviation, 0 for a constant feature.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, moments: Moments) -> ZScore:
        """Take mean and standard deviation from merged moments."""
        return cls(moments.mean, np.where(moments.constant, 0.0, np.sqrt(moments.variance)))

    def transform(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Scale values of shape (n, n_numeric); the result has the same shape."""
        centred = values - self.mean
        return np.divide(centred, self.scale, out=np.zeros_like(centred), where=self.scale > 0)


@dataclass(frozen=True, eq=False)
class Preprocessor:
    """Fitted preprocessing: ``log1p`` where listed, z-score, one-hot.

    Parameters
    ----------
    schema : Schema
        Names of the features that go in.
    scaling : ZScore
        Of all numeric features.
    kept : ndarray of shape (n_numeric,), bool
        Numeric features that come out.
    categories : tuple of tuple of str
        For each categorical feature the values with an output column; any other value is all zeros.
    """

    schema: Schema
    scaling: ZScore
    kept: npt.NDArray[np.bool_]
    categories: tuple[tuple[str, ...], ...]

    @classmethod
    def fit(cls, summaries: Summary | Iterable[Summary], *, drop_constant: bool = True) -> Preprocessor:
        """Fit to the rows that were summarised.

        Parameters
        ----------
        summaries : Summary or iterable of Summary
            Of each client, or merged already. An iterable is consumed one by one.
        drop_constant : bool, default=True
            Whether numeric features with one value in the whole federation are left out; else they are 0.

        Returns
        -------
        Preprocessor

        Raises
        ------
        DataError
            If there are no rows.
        ValueError
            If the summaries are of different schemas.
        """
        merged = summaries if isinstance(summaries, Summary) else _merged(summaries)
        if merged.moments.count == 0:
            raise DataError("summaries must have at least one row in all, got none; give clients rows")
        constant = merged.moments.constant
        kept = ~constant if drop_constant else np.ones_like(constant)
        return cls(merged.schema, ZScore.fit(merged.moments), kept, merged.categories)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the output columns: numeric features, then ``feature=value`` for each category."""
        numeric = [name for name, is_kept in zip(self.schema.numeric, self.kept, strict=True) if is_kept]
        pairs = zip(self.schema.categorical, self.categories, strict=True)
        return (*numeric, *(f"{name}={word}" for name, words in pairs for word in words))

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
        for column, words in enumerate(self.categories):
            place = {word: end + index for index, word in enumerate(words)}
            places = np.array([place.get(word, -1) for word in table.vocabularies[column]], dtype=np.int64)
            where = places[table.categorical[:, column]]
            known = np.flatnonzero(where >= 0)
            features[known, where[known]] = 1
            end += len(words)
        return features

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted values as what JSON can hold, without loss."""
        return {
            "numeric": list(self.schema.numeric),
            "categorical": list(self.schema.categorical),
            "log1p": list(self.schema.log1p),
            "scaling": {
                "kind": "z-score",
                "mean": self.scaling.mean.tolist(),
                "scale": self.scaling.scale.tolist(),
            },
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
            scaling = values["scaling"]
            if scaling["kind"] != "z-score":
                raise ValueError(f"scaling must be z-score, got {scaling['kind']!r}")
            schema = Schema(*(tuple(values[name]) for name in ("numeric", "categorical", "log1p")))
            arrays = [np.array(scaling[name], dtype=np.float64) for name in ("mean", "scale")]
            kept = np.array(values["kept"], dtype=np.bool_)
            shapes = {array.shape for array in (*arrays, kept)}
            if shapes != {(len(schema.numeric),)} or not np.isfinite(arrays).all():
                raise ValueError(f"mean, scale and kept must be {len(schema.numeric)} finite numbers each")
            categories = tuple(tuple(words) for words in values["categories"])
            if len(categories) != len(schema.categorical):
                raise ValueError(f"categories must be {len(schema.categorical)} lists, got {len(categories)}")
        except KeyError as error:
            raise DataError(f"preprocessing: {error} is missing; save the model again") from error
        except (TypeError, ValueError) as error:
            raise DataError(f"preprocessing: {error}; save the model again") from error
        return cls(schema, ZScore(*arrays), kept, categories)


def _merged(summaries: Iterable[Summary]) -> Summary:
    remaining = iter(summaries)
    first = next(remaining, None)
    if first is None:
        raise DataError("summaries must be at least one, got none; give the summary of each client")
    return reduce(Summary.merge, remaining, first)
