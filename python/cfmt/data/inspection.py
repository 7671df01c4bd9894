"""A look at data: whether files are the published ones, and what a table holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cfmt.data.reading import find_file, read_bytes
from cfmt.data.registry import PublishedFile, data_set, identify
from cfmt.data.schema import Table
from cfmt.errors import DataError
from cfmt.files import sha256_of

__all__ = ["Description", "FileCheck", "Status", "describe", "verify"]

Status = Literal["ok", "differs", "damaged", "missing"]


@dataclass(frozen=True)
class FileCheck:
    """One file of a data set, compared with what was published.

    Parameters
    ----------
    file : str
        Published name.
    expected : str
        Published SHA-256 of the uncompressed bytes.
    got : str or None
        SHA-256 of what was found; None where nothing could be read.
    n_rows : int or None
        Rows of data found.
    status : {"ok", "differs", "damaged", "missing"}
        How they compare.
    note : str
        What a person should know of a file that is not ok: the published file whose bytes it holds
        instead, the row count that was expected, or the damage.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import verify
    >>> with TemporaryDirectory() as folder:
    ...     check = verify(folder)[0]
    >>> check.status, check.note
    ('missing', 'looked for KDDTrain+.txt and KDDTrain+.txt.gz')
    """

    file: str
    expected: str
    got: str | None
    n_rows: int | None
    status: Status
    note: str = ""


@dataclass(frozen=True)
class Description:
    """Counts of a table.

    Parameters
    ----------
    name : str
        Name of the data set.
    synthetic : bool
        Whether the rows were generated.
    n_rows, n_attacks : int
        How many rows there are, and how many of them are attacks.
    families : tuple of (str, int)
        Rows of each family, in the table's order, absent families included.
    attack_types : tuple of (str, str, int)
        Attack type, its family and its rows, most frequent first, absent types left out.
    vocabularies : tuple of (str, int)
        Distinct values of each categorical feature among the rows.
    constant : tuple of str
        Numeric features with one value only.

    Examples
    --------
    >>> from cfmt.data import describe, load_synthetic
    >>> found = describe(load_synthetic(200, 0, seed=0)[0])
    >>> found.n_rows, found.n_attacks, found.families[:2]
    (200, 98, (('normal', 102), ('dos', 69)))
    """

    name: str
    synthetic: bool
    n_rows: int
    n_attacks: int
    families: tuple[tuple[str, int], ...]
    attack_types: tuple[tuple[str, str, int], ...]
    vocabularies: tuple[tuple[str, int], ...]
    constant: tuple[str, ...]


def verify(folder: Path | str, name: str = "nsl-kdd") -> tuple[FileCheck, ...]:
    """Compare the files in a folder with what was published.

    Parameters
    ----------
    folder : Path or str
        Where the files are, plain or with ``.gz`` after their names.
    name : str, default="nsl-kdd"
        Short name of the data set.

    Returns
    -------
    tuple of FileCheck
        One for each published file, without the optional ones that are not there.

    Raises
    ------
    DataError
        If the folder is missing, or the data set is unknown.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import verify
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "KDDTrain+.txt").write_text("0,tcp,http")
    ...     [(check.file, check.status) for check in verify(folder)]
    [('KDDTrain+.txt', 'differs'), ('KDDTest+.txt', 'missing')]
    """
    folder = Path(folder)
    known = data_set(name)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder that holds the files of {name}")
    found = ((file, find_file(folder, file.name)) for file in known.files)
    return tuple(_check(file, path) for file, path in found if path is not None or not file.optional)


def _check(file: PublishedFile, path: Path | None) -> FileCheck:
    """Compare one file with what was published; None stands for a file that is not there."""
    if path is None:
        note = f"looked for {file.name} and {file.name}.gz"
        return FileCheck(file.name, file.sha256, None, None, "missing", note)
    try:
        content = read_bytes(path)
    except DataError as error:
        return FileCheck(file.name, file.sha256, None, None, "damaged", str(error))
    got, n_rows = sha256_of(content), _count_lines(content) - file.header
    if got == file.sha256:
        return FileCheck(file.name, file.sha256, got, n_rows, "ok")
    other = identify(got)
    note = f"holds the published {other.name}" if other else f"expected {file.n_rows} rows"
    if b"\r\n" in content and sha256_of(content.replace(b"\r\n", b"\n")) == file.sha256:
        note = "differs only in its line ends, which are CRLF; the rows are the published ones"
    return FileCheck(file.name, file.sha256, got, n_rows, "differs", note)


def _count_lines(content: bytes) -> int:
    """Count lines, a last one without a line end included."""
    return content.count(b"\n") + (not content.endswith(b"\n") and len(content) > 0)


def describe(table: Table) -> Description:
    """Count a table's rows by family and attack type.

    Parameters
    ----------
    table : Table
        Rows to count.

    Returns
    -------
    Description

    Examples
    --------
    >>> from cfmt.data import describe, load_synthetic
    >>> found = describe(load_synthetic(200, 0, seed=0)[0])
    >>> found.attack_types[:2]
    (('normal', 'normal', 102), ('neptune', 'dos', 62))
    """
    families = np.bincount(table.family, minlength=len(table.families)).tolist()
    present, first, counts = np.unique(table.attack_type, return_index=True, return_counts=True)
    types = [
        (table.attack_types[code], table.families[table.family[row]], int(count))
        for code, row, count in zip(present, first, counts, strict=True)
    ]
    distinct = [len(np.unique(column)) for column in table.categorical.T]
    constant = [
        name
        for name, column in zip(table.schema.numeric, table.numeric.T, strict=True)
        if len(column) and column.min() == column.max()
    ]
    return Description(
        name=table.name,
        synthetic=table.synthetic,
        n_rows=table.n_rows,
        n_attacks=int(table.is_attack.sum()),
        families=tuple(zip(table.families, families, strict=True)),
        attack_types=tuple(sorted(types, key=lambda row: (-row[2], row[0]))),
        vocabularies=tuple(zip(table.schema.categorical, distinct, strict=True)),
        constant=tuple(constant),
    )
