"""Flows in NSL-KDD's format for scoring: chunk by chunk, with or without their labels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.data.nsl_kdd import coded_words
from cfmt.data.nsl_kdd_faults import feature_fault
from cfmt.data.nsl_kdd_schema import COLUMNS, SCHEMA
from cfmt.data.reading import opened
from cfmt.data.schema import LARGEST, Table
from cfmt.errors import DataError

__all__ = ["Flows", "read_flows", "to_nsl_kdd_text"]

_N_FEATURES = len(COLUMNS) - 2
_MOST_LINE = 1 << 16  # bytes: a longer one is no line of flows


class Flows(NamedTuple):
    """A chunk of flows.

    Parameters
    ----------
    first : int
        Number of the first row, from 0.
    table : Table
        The rows; all count as one unknown type, since nothing is known of them.
    attack_type : tuple of str or None
        Their labels, where the file has any.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import load_synthetic, read_flows, to_nsl_kdd_text
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.txt")
    ...     _ = path.write_text(to_nsl_kdd_text(load_synthetic(3, 0, seed=0)[0]))
    ...     flows = next(read_flows(path))
    >>> flows.table.n_rows, len(flows.attack_type)
    (3, 3)
    """

    first: int
    table: Table
    attack_type: tuple[str, ...] | None


def read_flows(path: Path | str, *, rows_at_once: int = 1 << 15) -> Iterator[Flows]:
    """Read flows a chunk at a time, in bounded memory.

    Every line must have NSL-KDD's 41 features, perhaps followed by the attack type and the difficulty; the
    labels may be any words, and the difficulty is not read.

    Parameters
    ----------
    path : Path or str
        The file, plain or gzip-compressed.
    rows_at_once : int, default=32768
        Rows of a chunk.

    Yields
    ------
    Flows

    Raises
    ------
    DataError
        If the file is missing, damaged or empty, or a line is not as it should be: the message then names
        the line, counted from 1.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import load_synthetic, read_flows, to_nsl_kdd_text
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.txt")
    ...     _ = path.write_text(to_nsl_kdd_text(load_synthetic(5, 0, seed=0)[0]))
    ...     [(flows.first, flows.table.n_rows) for flows in read_flows(path, rows_at_once=2)]
    [(0, 2), (2, 2), (4, 1)]
    """
    path, first, n_columns = Path(path), 0, 0
    with opened(path, remedy="give the path of a file with flows") as file:
        while lines := _lines(file, rows_at_once, path, first):
            n_columns = n_columns or lines[0].count(b",") + 1
            if not _N_FEATURES <= n_columns <= len(COLUMNS):
                raise DataError(
                    f"{path}: line 1: has {n_columns} columns, expected {_N_FEATURES} features, and perhaps "
                    "attack type and difficulty, split by commas"
                )
            yield _chunk(lines, n_columns, path, first)
            first += len(lines)
    if first == 0:
        raise DataError(f"{path}: is empty; give a file with one flow a line")


def _lines(file: BinaryIO, n_lines: int, path: Path, first: int) -> list[bytes]:
    """Read the next lines; none of them may be absurdly long."""
    lines: list[bytes] = []
    while len(lines) < n_lines and (line := file.readline(_MOST_LINE + 1)):
        if len(line) > _MOST_LINE:
            number = first + len(lines) + 1
            raise DataError(
                f"{path}: line {number}: is longer than {_MOST_LINE:,} bytes; is it a text of flows?"
            )
        lines.append(line.rstrip(b"\r\n"))
    return lines


def _chunk(lines: list[bytes], n_columns: int, path: Path, first: int) -> Flows:
    """Parse lines at once; where that shows any fault, look for the first faulty line."""
    import polars as pl

    columns = COLUMNS[:n_columns]
    schema = {name: pl.Float64 if name in SCHEMA.numeric else pl.String for name in columns}
    content = io.BytesIO(b"\n".join(lines) + b"\n")
    try:
        frame = pl.read_csv(content, has_header=False, schema=schema, quote_char=None)
        features = frame.select(COLUMNS[:_N_FEATURES])
        sound = frame.height == len(lines) and features.null_count().sum_horizontal().item() == 0
        numeric = np.ascontiguousarray(features.select(SCHEMA.numeric).to_numpy())
        sound = sound and bool(((numeric >= 0) & (numeric <= LARGEST)).all())
    except pl.exceptions.PolarsError as error:
        raise _first_fault(lines, n_columns, path, first) from error
    if not sound:
        raise _first_fault(lines, n_columns, path, first)
    categorical, words = coded_words(frame)
    labels = tuple(frame["attack_type"].fill_null("").to_list()) if "attack_type" in columns else None
    return Flows(first, _unlabelled(numeric, categorical, words), labels)


def _unlabelled(
    numeric: npt.NDArray[np.float64], categorical: npt.NDArray[np.int64], words: tuple[tuple[str, ...], ...]
) -> Table:
    """Make a table of rows of which no label is known."""
    n = len(numeric)
    return Table(
        schema=SCHEMA,
        numeric=numeric,
        categorical=categorical,
        vocabularies=words,
        attack_type=np.zeros(n, np.int64),
        attack_types=("unknown",),
        family=np.zeros(n, np.int64),
        families=("unknown",),
        is_attack=np.zeros(n, np.uint8),
        name="flows",
    )


def _first_fault(lines: list[bytes], n_columns: int, path: Path, first: int) -> DataError:
    """Name the first line that is not as it should be."""
    for number, line in enumerate(lines, start=first + 1):
        fields = line.decode(errors="backslashreplace").split(",")
        if fields == [""]:
            fault: str | None = "is blank; remove it"
        elif len(fields) != n_columns:
            fault = f"has {len(fields)} columns, but line 1 has {n_columns}; remove it or mend it"
        else:
            fault = feature_fault(fields)
        if fault:
            return DataError(f"{path}: line {number}: {fault}")
    return DataError(f"{path}: is not a text of flows; is it the right file?")


def to_nsl_kdd_text(table: Table) -> str:
    """Write a table as lines in NSL-KDD's format, with attack type and a difficulty of 0.

    Parameters
    ----------
    table : Table
        Rows with NSL-KDD's schema, such as generated ones.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.data import load_synthetic, to_nsl_kdd_text
    >>> to_nsl_kdd_text(load_synthetic(1, 0, seed=0)[0]).count(",")
    42
    """
    lines = []
    for row in range(table.n_rows):
        numbers = dict(zip(table.schema.numeric, table.numeric[row].tolist(), strict=True))
        words = {
            name: known[code]
            for name, known, code in zip(
                table.schema.categorical, table.vocabularies, table.categorical[row].tolist(), strict=True
            )
        }
        values = [words[name] if name in words else f"{numbers[name]:.17g}" for name in COLUMNS[:_N_FEATURES]]
        lines.append(",".join([*values, table.attack_types[table.attack_type[row]], "0"]))
    return "".join(f"{line}\n" for line in lines)
