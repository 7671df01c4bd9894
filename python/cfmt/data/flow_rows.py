"""All rows of a flow table's files as texts, where each stands, and whose it is."""

from __future__ import annotations

import difflib
import hashlib
import os.path
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cfmt.data.clients import BY_FILE
from cfmt.data.columns.names import normalised
from cfmt.data.columns.values import texts
from cfmt.data.readers import Chunk, detect, read_chunks
from cfmt.data.readers.opening import STDIN, named_files
from cfmt.data.reading import DataWarning, opened
from cfmt.data.registry import DATA_SETS, identify, names_of, recognise
from cfmt.data.schema import Source
from cfmt.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = ["FlowRows", "client_column", "owners", "read_rows"]

_BLOCK = 1 << 20
_WITH_OPTIONAL_KEYS = ("zeek-json", "eve", "jsonl")
_MOST_NAMED = 12
_NO_DATA = {".md", ".pdf", ".toml", ".py", ".ipynb", ".sha256", ".html"}


@dataclass(frozen=True, eq=False)
class FlowRows:
    r"""All rows of some files, and where each stands.

    Parameters
    ----------
    frame : polars DataFrame
        The rows.
    starts : list of (int, str, ndarray of shape (n_rows,), int64)
        For each piece that was read, its first row in the frame, its file, and the line of each of its rows.
    sources : tuple of Source
        The files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_rows import read_rows
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("Site,bytes\noslo,10\n-,17\n")
    ...     rows = read_rows(path, "auto")
    >>> rows.frame.height, rows.files(), rows.place(1).endswith("flows.csv: line 3")
    (2, ['flows.csv', 'flows.csv'], True)
    """

    frame: pl.DataFrame
    starts: list[tuple[int, str, npt.NDArray[np.int64]]]
    sources: tuple[Source, ...]

    def place(self, row: int) -> str:
        """Name the file and the line of a row."""
        first, path, lines = next(start for start in reversed(self.starts) if start[0] <= row)
        return f"{path}: line {lines[row - first]}"

    def files(self) -> list[str]:
        """Name each row's file, by as much of its path as tells the files apart."""
        folders = {os.path.dirname(path) for _, path, _ in self.starts}  # noqa: PTH120  # paths are texts
        common = os.path.commonpath(folders) if all(folders) else ""
        names = [os.path.relpath(path, common or ".") for _, path, _ in self.starts]
        return [name for name, (_, _, lines) in zip(names, self.starts, strict=True) for _ in lines]


def read_rows(source: Path | str, format: str) -> FlowRows:
    r"""Read all rows of a source; its files must have the same columns.

    Parameters
    ----------
    source : Path or str
        A file, a glob pattern, or a folder of files that together are one table.
    format : str
        Format of the files, one of :data:`cfmt.data.readers.FORMATS`.

    Returns
    -------
    FlowRows

    Raises
    ------
    DataError
        If a file is missing or damaged, its columns are others, or there is no row.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_rows import read_rows
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("Site,bytes\noslo,10\n-,17\n")
    ...     rows = read_rows(path, "auto")
    >>> rows.sources[0].n_rows
    2
    """
    import polars as pl

    chunks: list[pl.DataFrame] = []
    starts: list[tuple[int, str, npt.NDArray[np.int64]]] = []
    first, hashes = 0, dict[str, str]()
    files = _files(source)
    for found in read_chunks(files, format=format, names=_names(files, format), hashes=hashes):
        chunk = _without_empty(found)
        same = not chunks or chunk.frame.columns == chunks[0].columns
        if not same and detect(chunk.path, format=format).format not in _WITH_OPTIONAL_KEYS:
            raise DataError(
                f"{chunk.path}: has other columns than {starts[0][1]}; give files of one exporter at a time"
            )
        chunks.append(chunk.frame)
        starts.append((first, chunk.path, chunk.lines))
        first += chunk.frame.height
    if first == 0:
        raise DataError(f"{source}: has no row; give a file with flows")
    paths = list(dict.fromkeys(path for _, path, _ in starts))
    counts = {path: sum(len(lines) for _, own, lines in starts if own == path) for path in paths}
    sources = tuple(
        _source(Path(path), hashes.get(path) or _sha256(Path(path)), counts[path]) for path in paths
    )
    return _labelled(FlowRows(pl.concat(chunks, how="diagonal_relaxed"), starts, sources))


def _without_empty(chunk: Chunk) -> Chunk:
    """Leave out rows that hold nothing but separators, and warn of them."""
    import polars as pl

    is_empty = chunk.frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    if not is_empty.any():
        return chunk
    warnings.warn(
        f"{chunk.path}: line {chunk.lines[is_empty][0]}: holds no cell; {int(is_empty.sum()):,} such rows of "
        "these are left out",
        DataWarning,
        stacklevel=3,
    )
    left = ~is_empty
    return chunk._replace(frame=chunk.frame.filter(pl.Series(left)), lines=chunk.lines[left])


def _names(files: list[Path | str], format: str) -> tuple[str, ...] | None:
    """Name the columns of files without a header, where they are published ones."""
    first = named_files(files)[0]
    if first == STDIN:
        return None
    layout = detect(first, format=format)
    return None if layout.header else names_of(len(layout.columns))


def _source(path: Path, sha256: str, n_rows: int) -> Source:
    """Describe a file, and whether its bytes are published ones; warn where its name is another's."""
    name = re.sub(r"\.(gz|zst)$", "", path.name)
    known = identify(sha256)
    if known is not None:
        if known.name != name and any(name == file.name for one in DATA_SETS for file in one.files):
            warnings.warn(
                f"{path}: holds the published {known.name} ({known.part}), whatever its name says",
                DataWarning,
                stacklevel=4,
            )
        return Source(known.name, sha256, n_rows, published=True)
    is_named = any(name == file.name for one in DATA_SETS for file in one.files)
    return Source(name, sha256, n_rows, published=False if is_named else None)


def _labelled(read: FlowRows) -> FlowRows:
    """Add the labels of a data set whose files' names are its labels."""
    import polars as pl

    known = recognise(read.frame.columns)
    if known is None or not known.label_of_file:
        return read
    labels = []
    for _, path, lines in read.starts:
        found = re.search(known.label_of_file, "/".join(Path(path).parts[-3:]).lower())
        if found is None:
            raise DataError(
                f"{path}: is {known.name}, whose labels are the names of its files, and this one tells none; "
                "keep the published names, such as benign_traffic.csv and gafgyt_attacks/combo.csv"
            )
        labels += [" ".join(part for part in found.groups() if part)] * len(lines)
    return replace(read, frame=read.frame.with_columns(pl.Series(known.label, labels)))


def _files(source: Path | str) -> list[Path | str]:
    """List the data files of a folder; a file or a pattern stands for itself."""
    path = Path(source)
    if not path.is_dir():
        return [source]
    found = sorted(
        one
        for one in path.iterdir()
        if one.is_file() and not one.name.startswith(".") and one.suffix.lower() not in _NO_DATA
    )
    if not found:
        raise DataError(f"{path}: holds no data file; give a file, or a folder of them")
    return list(found)


def _sha256(path: Path) -> str:
    """Hash the uncompressed bytes of a file, a block at a time."""
    digest = hashlib.sha256()
    with opened(path, remedy="give the path of the data file") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def client_column(read: FlowRows, clients_by: str) -> str:
    r"""Return the column that names the clients; empty where none does.

    Parameters
    ----------
    read : FlowRows
        The rows.
    clients_by : str
        Name of the column, in any letter case and with any separators; or ``file``, or nothing.

    Returns
    -------
    str

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_rows import client_column, read_rows
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("Site,bytes\noslo,10\n-,17\n")
    ...     rows = read_rows(path, "auto")
    >>> client_column(rows, "site"), client_column(rows, "file")
    ('Site', '')
    """
    if clients_by in read.frame.columns:
        return clients_by
    by_name = {normalised(name): name for name in read.frame.columns}
    return by_name.get(normalised(clients_by), "") if clients_by else ""


def owners(read: FlowRows, source: Path | str, clients_by: str) -> list[str]:
    r"""Name each row's client.

    Parameters
    ----------
    read : FlowRows
        The rows.
    source : Path or str
        Where they come from, for errors.
    clients_by : str
        Column that names the clients, ``file`` for one client per file, or nothing.

    Returns
    -------
    list of str
        Of length n_rows, ``-`` where a cell is empty; of length 0 where nobody asked.

    Raises
    ------
    DataError
        If there is no such column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_rows import owners, read_rows
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("Site,bytes\noslo,10\n-,17\n")
    ...     rows = read_rows(path, "auto")
    >>> owners(rows, path, "Site")
    ['oslo', '-']
    """
    column = client_column(read, clients_by)
    if column:
        found: list[str] = texts(read.frame[column]).to_list()
        return found
    if clients_by in ("", BY_FILE):
        return read.files() if clients_by else []
    columns = read.frame.columns
    near = difflib.get_close_matches(clients_by, columns) or [*columns[:_MOST_NAMED], "..."]
    raise DataError(
        f"{source}: has no column {clients_by!r} to name the clients by (clients_by, --clients-by on the "
        f"command line); give a column, such as {', '.join(near)}, or {BY_FILE} for one client per file"
    )
