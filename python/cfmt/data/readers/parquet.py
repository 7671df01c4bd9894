"""Parquet, read a slice of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAGIC", "parquet_layout", "read_parquet"]

MAGIC = b"PAR1"
_ROWS_READ = 1 << 18  # at once: fewer cost much, for a slice is decoded from the beginning of its row group
_CELLS_READ = 1 << 25  # at once, at most


@contextmanager
def _told_faults(path: str) -> Iterator[None]:
    """Turn what polars says of a damaged file into a ``DataError``."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        words = (str(error).splitlines() or ["no reason told"])[0].strip()
        raise DataError(
            f"{path}: cannot be read as Parquet ({words}); fetch it again or write it anew"
        ) from error


def _scan(path: str) -> pl.LazyFrame:
    """Open the file; its schema is read with it."""
    import polars as pl

    return pl.scan_parquet(Path(path), glob=False, hive_partitioning=False)


def parquet_layout(path: str) -> Layout:
    """Tell the layout of a Parquet file.

    Parameters
    ----------
    path : str
        A plain file.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If it is damaged.
    """
    with _told_faults(path):
        columns = tuple(_flat(_scan(path).head(0).collect()).columns)
    return Layout("parquet", columns, True, exporter=exporter_of(columns))


def read_parquet(path: str, rows_at_once: int, needed: Needed | None = None) -> Iterator[Chunk]:
    """Read a Parquet file.

    Parameters
    ----------
    path : str
        A plain file.
    rows_at_once : int
        Rows of a chunk.
    needed : Needed, optional
        Columns that are wanted; all if not given.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If it is damaged, or has no rows.
    """
    first = 0
    with _told_faults(path):
        scan = _scan(path)
        if needed is not None:
            scan = _only(scan, needed)
        n_columns = len(scan.collect_schema())
    n_rows = max(1, min(_ROWS_READ, _CELLS_READ // max(1, n_columns)))
    while True:
        with _told_faults(path):
            read = _flat(scan.slice(first, n_rows).collect())
        for frame in read.iter_slices(rows_at_once):
            yield Chunk(path, first, np.arange(frame.height, dtype=np.int64) + (first + 1), frame)
            first += frame.height
        if read.height < n_rows:
            break
    if first == 0:
        raise DataError(f"{path}: has no rows; give a file with flows")


def _only(scan: pl.LazyFrame, needed: Needed) -> pl.LazyFrame:
    """Choose the columns that are needed; all where they do not stand there as such."""
    names = scan.collect_schema().names()
    bare = _stripped(names)
    wanted = needed.found_in(bare)
    if wanted is None:
        return scan
    return scan.select([name for name, plain in zip(names, bare, strict=True) if plain in wanted])


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn nested objects into columns, lists into JSON text, and categories into strings."""
    import polars as pl

    while nested := [name for name, dtype in frame.schema.items() if dtype == pl.Struct]:
        for name in nested:
            frame = _unnested(frame, name)
    columns = []
    for name, dtype in frame.schema.items():
        if dtype in (pl.Categorical, pl.Enum):
            columns.append(pl.col(name).cast(pl.String))
        elif dtype == pl.Binary:
            columns.append(pl.col(name).cast(pl.String, strict=False))
        elif dtype in (pl.List, pl.Array):
            texts = [
                None if cell is None else json.dumps(cell, default=str) for cell in frame[name].to_list()
            ]
            columns.append(pl.lit(pl.Series(name, texts, dtype=pl.String)).alias(name))
    frame = frame.with_columns(columns)
    frame.columns = _stripped(frame.columns)
    return frame


def _unnested(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Put the fields of an object in its place, with its name and a dot before theirs."""
    fields: Any = frame.schema[name]
    inner = [frame[name].struct.field(field.name).alias(f"{name}.{field.name}") for field in fields.fields]
    at, taken = frame.columns.index(name), {*frame.columns} - {name}
    left = frame.drop(name)
    new = [series for series in inner if series.name not in taken]
    return (
        left.select(left.columns[:at])
        .with_columns(new)
        .with_columns(left.select(left.columns[at:]).get_columns())
    )


def _stripped(names: list[str]) -> list[str]:
    """Remove blanks around names, where that makes no two the same."""
    stripped = [name.strip() for name in names]
    return stripped if len(set(stripped)) == len(stripped) else names
