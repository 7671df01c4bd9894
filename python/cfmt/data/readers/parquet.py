"""Parquet, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cfmt.data.readers.layout import Chunk, Layout, exporter_of
from cfmt.data.readers.opening import STDIN
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAGIC", "parquet_layout", "read_parquet"]

MAGIC = b"PAR1"


def parquet_layout(path: str) -> Layout:
    """Tell the columns of a Parquet file by its footer.

    Parameters
    ----------
    path : str
        The file; standard input cannot be read, since the footer comes last.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If it is damaged, or no plain file.
    """
    columns = tuple(_flat(_rows(path, 0, 1)).columns)
    return Layout("parquet", columns, True, exporter=exporter_of(columns))


def read_parquet(path: str, rows_at_once: int) -> Iterator[Chunk]:
    """Read rows, some at a time.

    Parameters
    ----------
    path : str
        The file.
    rows_at_once : int
        Rows of a chunk.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If it is damaged, or no plain file.
    """
    first = 0
    while (frame := _rows(path, first, rows_at_once)).height:
        lines = np.arange(first + 1, first + 1 + frame.height, dtype=np.int64)
        yield Chunk(path, first, lines, _flat(frame))
        first += frame.height


def _rows(path: str, first: int, n_rows: int) -> pl.DataFrame:
    """Read some rows."""
    import polars as pl

    if path == STDIN:
        raise DataError("-: is Parquet, which cannot be read from standard input; give the file")
    try:
        return pl.scan_parquet(path, glob=False).slice(first, n_rows).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path}: is a damaged Parquet file, or compressed ({line}); write it again"
        ) from error


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Join the names of nested columns by dots; what is neither number nor boolean becomes text."""
    import polars as pl

    while nested := [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]:
        for name in nested:
            inner = frame[name].struct.unnest()
            inner.columns = [f"{name}.{column}" for column in inner.columns]
            frame = pl.concat([frame.drop(name), inner], how="horizontal")
    frame.columns = [name.strip() for name in frame.columns]
    texts = [
        name
        for name, dtype in frame.schema.items()
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String))
    ]
    columns = [
        pl.col(name).map_elements(str, return_dtype=pl.String)
        if isinstance(frame.schema[name], pl.List | pl.Array | pl.Object | type(pl.Binary()))
        else pl.col(name).cast(pl.String, strict=False)
        for name in texts
    ]
    return frame.with_columns(columns)
