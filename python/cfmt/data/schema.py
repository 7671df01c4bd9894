"""Labelled traffic as plain arrays, whatever data set it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cfmt import _core

if TYPE_CHECKING:
    from cfmt.data.columns.spec import Columns

__all__ = ["LARGEST", "Schema", "Source", "Table", "novel_rows"]

LARGEST = 1e100
"""Largest number that a feature may hold: squares of such numbers, summed over all rows, are finite."""


@dataclass(frozen=True)
class Schema:
    """Names of the features of a data set.

    Parameters
    ----------
    numeric : tuple of str
        Numeric features, in the order of a table's columns.
    categorical : tuple of str
        Categorical features, likewise.
    log1p : tuple of str, default=()
        Numeric features with heavy tails (bytes, counts, durations): never negative, and taken through
        ``log(1 + x)`` before anything is fitted to them.

    Raises
    ------
    ValueError
        If a name stands twice, or ``log1p`` names what is not a numeric feature.

    Examples
    --------
    >>> from cfmt.data import Schema
    >>> schema = Schema(numeric=("bytes", "rate"), categorical=("protocol",), log1p=("bytes",))
    >>> schema.logged(np.array([[0.0, 0.5], [99.0, 0.5]])).round(3)
    array([[0.   , 0.5  ],
           [4.605, 0.5  ]])
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    log1p: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.numeric + self.categorical
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"features must have different names, got {', '.join(twice)} more than once")
        foreign = [name for name in self.log1p if name not in self.numeric]
        if foreign:
            raise ValueError(f"log1p must name numeric features, got {', '.join(foreign)}")

    @property
    def log1p_columns(self) -> npt.NDArray[np.int64]:
        """Where the ``log1p`` features stand among the numeric ones, shape (n_log1p,), int64."""
        return np.array([self.numeric.index(name) for name in self.log1p], dtype=np.int64)

    def logged(self, numeric: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Copy numeric features with the heavy-tailed ones taken through ``log(1 + x)``.

        Parameters
        ----------
        numeric : ndarray of shape (n, n_numeric), float64
            Columns in the order of ``numeric``.

        Returns
        -------
        ndarray of shape (n, n_numeric), float64
        """
        values, columns = numeric.copy(), self.log1p_columns
        values[:, columns] = np.log1p(values[:, columns])
        return values

    def check_same(self, other: Schema) -> None:
        """Refuse another schema.

        Parameters
        ----------
        other : Schema
            Should equal this one.

        Raises
        ------
        ValueError
            If it does not.
        """
        if other != self:
            names, wanted = ({*schema.numeric, *schema.categorical} for schema in (other, self))
            differing = ", ".join(sorted(names ^ wanted)) or "their order or log1p"
            raise ValueError(f"both must have the same schema; the two differ in {differing}")


@dataclass(frozen=True)
class Source:
    """Where rows come from.

    Parameters
    ----------
    name : str
        Name of the file; the published one where the bytes are the published ones.
    sha256 : str
        Of the uncompressed bytes.
    n_rows : int
        Rows of data in the file.
    published : bool or None, default=None
        Whether the bytes are those that were published; None where nothing is known of the file.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> (source,) = load_synthetic(10, 0, seed=0)[0].sources
    >>> source.name, source.n_rows, source.published
    ('synthetic', 125973, None)
    """

    name: str
    sha256: str
    n_rows: int
    published: bool | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of labelled traffic, before any preprocessing.

    Parameters
    ----------
    schema : Schema
        Names of the features.
    numeric : ndarray of shape (n_rows, n_numeric), float64
        Finite; not negative in the columns that the schema lists under ``log1p``.
    categorical : ndarray of shape (n_rows, n_categorical), int64
        Codes into ``vocabularies``.
    vocabularies : tuple of tuple of str
        The words of each categorical feature. Tables of one schema may have different vocabularies.
    attack_type : ndarray of shape (n_rows,), int64
        Codes into ``attack_types``.
    attack_types : tuple of str
        Names of the attack types, normal traffic among them.
    family : ndarray of shape (n_rows,), int64
        Codes into ``families``.
    families : tuple of str
        Names of the families of attacks, normal traffic among them.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    name : str
        Name of the data set.
    synthetic : bool, default=False
        Whether the rows were generated.
    sources : tuple of Source, default=()
        The files that the rows come from.
    columns : Columns or None, default=None
        What the columns of the files are for; None for a data set that has its own reader.
    client : ndarray of shape (n_rows,), int64, or None, default=None
        Codes into ``client_names``; None where nothing says whose the rows are.
    client_names : tuple of str, default=()
        Names of the clients, sorted; perhaps some without a row here.

    Raises
    ------
    ValueError
        If shapes do not fit each other, a code is outside its names, or a number is not allowed.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> table, _ = load_synthetic(100, 0, seed=0)
    >>> table.numeric.shape, table.schema.categorical
    ((100, 38), ('protocol_type', 'service', 'flag'))
    >>> table.take(np.flatnonzero(table.is_attack == 1)).is_attack.min().item()
    1
    """

    schema: Schema
    numeric: npt.NDArray[np.float64]
    categorical: npt.NDArray[np.int64]
    vocabularies: tuple[tuple[str, ...], ...]
    attack_type: npt.NDArray[np.int64]
    attack_types: tuple[str, ...]
    family: npt.NDArray[np.int64]
    families: tuple[str, ...]
    is_attack: npt.NDArray[np.uint8]
    name: str
    synthetic: bool = False
    sources: tuple[Source, ...] = ()
    columns: Columns | None = None
    client: npt.NDArray[np.int64] | None = None
    client_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n_rows, schema = len(self.is_attack), self.schema
        _check_array("numeric", self.numeric, np.float64, (n_rows, len(schema.numeric)))
        _check_array("categorical", self.categorical, np.int64, (n_rows, len(schema.categorical)))
        _check_array("attack_type", self.attack_type, np.int64, (n_rows,))
        _check_array("family", self.family, np.int64, (n_rows,))
        _check_array("is_attack", self.is_attack, np.uint8, (n_rows,))
        if len(self.vocabularies) != len(schema.categorical):
            raise ValueError(
                f"vocabularies must have one entry for each of the {len(schema.categorical)} categorical "
                f"features, got {len(self.vocabularies)}"
            )
        for column, (name, words) in enumerate(zip(schema.categorical, self.vocabularies, strict=True)):
            _check_codes(name, self.categorical[:, column], len(words))
        _check_codes("attack_type", self.attack_type, len(self.attack_types))
        _check_codes("family", self.family, len(self.families))
        _check_codes("is_attack", self.is_attack, 2)
        if self.client is not None:
            _check_array("client", self.client, np.int64, (n_rows,))
            _check_codes("client", self.client, len(self.client_names))
        _check_numbers(self.numeric, schema)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.is_attack)

    def take(self, rows: npt.NDArray[np.int64]) -> Table:
        """Copy some rows, in the order asked for.

        Parameters
        ----------
        rows : ndarray of shape (n_taken,), int64
            Rows to take; one may be taken more than once.

        Returns
        -------
        Table
            With ``n_taken`` rows and the same names.
        """
        return replace(
            self,
            numeric=self.numeric[rows],
            categorical=self.categorical[rows],
            attack_type=self.attack_type[rows],
            family=self.family[rows],
            is_attack=self.is_attack[rows],
            client=None if self.client is None else self.client[rows],
        )


def novel_rows(train: Table, test: Table) -> npt.NDArray[np.bool_]:
    """Find the test rows whose attack type does not occur in training.

    Parameters
    ----------
    train, test : Table
        Parts of one data set; attack types are compared by name.

    Returns
    -------
    ndarray of shape (n_test,), bool

    Examples
    --------
    >>> from cfmt.data import load_synthetic, novel_rows
    >>> train, test = load_synthetic(500, 100, seed=0)
    >>> novel = novel_rows(train, test)
    >>> novel.sum().item(), test.is_attack[novel].min().item()
    (14, 1)
    """
    seen = {train.attack_types[code] for code in np.unique(train.attack_type)}
    is_novel = np.array([name not in seen for name in test.attack_types], dtype=np.bool_)
    novel: npt.NDArray[np.bool_] = is_novel[test.attack_type]
    return novel


def _check_array(name: str, array: npt.NDArray[Any], dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    """Raise unless an array has the dtype and the shape that it must have."""
    if array.dtype != dtype:
        wanted = np.dtype(dtype)
        raise TypeError(f"{name} must have dtype {wanted}, got {array.dtype}; use {name}.astype(np.{wanted})")
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")


def _check_codes(name: str, codes: npt.NDArray[Any], n_names: int) -> None:
    """Raise unless all codes lie in ``0..n_names - 1``; the error names the first other row."""
    bad = (codes < 0) | (codes >= n_names)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"{name}[{row}] must be a code in 0..{n_names - 1}, got {codes[row]}")


def _check_numbers(numeric: npt.NDArray[np.float64], schema: Schema) -> None:
    """Raise unless all numbers are finite, and none is negative in a ``log1p`` column."""
    heavy = np.array([name in schema.log1p for name in schema.numeric], np.bool_)
    found = _core.first_impossible(np.ascontiguousarray(numeric), heavy)
    if found is not None:
        row, column = found
        allowed = "finite and, for log1p, not negative" if heavy[column] else "finite"
        raise ValueError(
            f"{schema.numeric[column]} in row {row} must be {allowed}, got {numeric[row, column]}"
        )
