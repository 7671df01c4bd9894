"""Parquet, read a slice of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt import _core
from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of
from cfmt.data.readers.text import MOST_LINE
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAGIC", "parquet_layout", "read_parquet"]

MAGIC = b"PAR1"
_ROWS_READ = 1 << 18  # at once: fewer cost much, for a slice is decoded from the beginning of its row group
_CELLS_READ = 1 << 25  # at once, at most
_MOST_HELD = 1 << 30  # bytes of decompressed pages; more is held only where the file is not far smaller
_MOST_RATIO = 64
_MOST_TEXT = 1 << 26  # bytes of texts in a chunk


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
    _refuse_bomb(path)
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
    _refuse_bomb(path)
    with _told_faults(path):
        scan = _scan(path)
        if needed is not None:
            scan = _only(scan, needed)
        n_columns = len(scan.collect_schema())
    n_rows = max(1, min(_ROWS_READ, _CELLS_READ // max(1, n_columns)))
    while True:
        with _told_faults(path):
            read = _flat(scan.slice(first, n_rows).collect())
        for frame in _slices(read, rows_at_once, f"{path}: row", first):
            yield Chunk(path, first, np.arange(frame.height, dtype=np.int64) + (first + 1), frame)
            first += frame.height
        if read.height < n_rows:
            break
    if first == 0:
        raise DataError(f"{path}: has no rows; give a file with flows")


def _refuse_bomb(path: str) -> None:
    """Refuse a file whose pages take far more memory than they have bytes: a page is read in one piece."""
    try:
        file = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    held = _core.most_held(file)
    if held is not None and held[0] > max(_MOST_HELD, _MOST_RATIO * len(file)):
        raise DataError(
            f"{path}: row group {held[1] + 1}: expands to {held[0]:,} bytes at once, from a file of "
            f"{len(file):,}, most of all in column {held[2] + 1}; write it anew with pages of a megabyte"
        )


def _slices(frame: pl.DataFrame, rows_at_once: int, place: str, first: int) -> Iterator[pl.DataFrame]:
    """Cut rows into chunks that hold no more than some megabytes of text."""
    import polars as pl

    sizes = frame.select(
        pl.sum_horizontal(pl.lit(0, pl.Int64), pl.col(pl.String).str.len_bytes().cast(pl.Int64))
    ).to_series()
    if int(sizes.sum()) <= _MOST_TEXT:
        yield from frame.iter_slices(rows_at_once)
        return
    row = int(sizes.arg_max() or 0)
    if sizes[row] > MOST_LINE:
        raise DataError(
            f"{place} {first + row + 1}: holds {sizes[row]:,} bytes of text, at most {MOST_LINE:,} are read; "
            "give a table with one flow a row"
        )
    yield from frame.iter_slices(max(1, min(rows_at_once, _MOST_TEXT // int(sizes[row]))))


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
