"""Flows for scoring, chunk by chunk: whatever a detector was trained on, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.data.basic import as_basic, passed_names
from cfmt.data.columns import Columns, flow_roles, needed_of, table_of, tabulate
from cfmt.data.nsl_kdd_flows import Flows, read_flows
from cfmt.data.readers import Chunk, SoundRows, read_chunks
from cfmt.data.readers.layout import exporter_of
from cfmt.data.readers.opening import STDIN, named_files
from cfmt.data.schema import Table
from cfmt.data.text_column import TextColumn
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FlowChunk", "flow_chunk", "nsl_kdd_chunk", "stream_flows", "stream_like"]


@dataclass(frozen=True, eq=False)
class FlowChunk:
    """Some flows of a file.

    Parameters
    ----------
    table : Table
        The rows that can be scored.
    rows : ndarray of shape (n_rows,), int64
        Their row numbers in the file, from 0.
    passed : mapping of str to sequence of str
        Columns that go through to the output: addresses, times, ids, and the label if there is one.
    labels : sequence of str or None
        Their labels, ``normal`` where the columns call them so; None where the file has none.
    n_dropped : int
        Rows that cannot be scored.
    fault : str or None
        File, line and fault of the first of them.
    roles : mapping of str to sequence of str
        Columns that say between whom the flows were, by role: one of :data:`cfmt.data.columns.ROLES`.
    exporter : str, default=""
        What wrote the flows, as told by their columns; empty where those tell nothing.
    """

    table: Table
    rows: npt.NDArray[np.int64]
    passed: Mapping[str, Sequence[str]]
    labels: Sequence[str] | None = None
    n_dropped: int = 0
    fault: str | None = None
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exporter: str = ""

    def cells(self, row: int) -> dict[str, str]:
        """Give what the columns with a role say of one row, by role; a missing cell is empty.

        Parameters
        ----------
        row : int
            Its place in the chunk.
        """
        return {role: column[row] for role, column in self.roles.items()}


def stream_flows(columns: Columns, source: Path | str, *, format: str = "auto") -> Iterator[FlowChunk]:
    r"""Read flows with the columns that a detector was trained on.

    Parameters
    ----------
    columns : Columns
        What each column is for; it is enforced.
    source : Path or str
        A file, a glob pattern, or ``"-"`` for standard input.
    format : str, default="auto"
        One of :data:`cfmt.data.readers.FORMATS`, or to be told by content.

    Yields
    ------
    FlowChunk

    Raises
    ------
    DataError
        If the file is missing or damaged, or lacks a column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.columns import Columns
    >>> from cfmt.data.flow_stream import stream_flows
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("uid,bytes\nC1,7\nC2,many\n")
    ...     (chunk,) = stream_flows(Columns(("bytes",), {}, kept=("uid",)), path)
    >>> list(chunk.passed["uid"]), chunk.n_dropped
    (['C1'], 1)
    """
    chunks = read_chunks(source, format=format, needed=None if columns.view else needed_of(columns))
    flows = (flow_chunk(columns, chunk) for chunk in chunks)
    is_plain = str(source) != STDIN and all(Path(name).is_file() for name in named_files(source))
    yield from _ahead(flows) if is_plain else flows  # a pipe may never give more


def flow_chunk(columns: Columns, chunk: Chunk) -> FlowChunk:
    """Make flows of some rows of a file.

    Parameters
    ----------
    columns : Columns
        What each column is for.
    chunk : Chunk
        The rows.

    Returns
    -------
    FlowChunk

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import polars as pl
    >>> from cfmt.data.columns import Columns
    >>> from cfmt.data.flow_stream import flow_chunk
    >>> from cfmt.data.readers import Chunk
    >>> frame = pl.DataFrame({"src": ["192.0.2.1"], "bytes": ["7"]})
    >>> flows = flow_chunk(Columns(("bytes",), {}, kept=("src",)), Chunk("-", 0, np.array([1]), frame))
    >>> list(flows.passed["src"]), flows.cells(0)
    (['192.0.2.1'], {'src': '192.0.2.1'})
    """
    if chunk.sound is not None:
        return _sound_chunk(columns, chunk, chunk.sound)
    raw = tuple(chunk.frame.columns)
    try:
        frame = as_basic(chunk.frame) if columns.view else chunk.frame
        made = tabulate(frame, columns)
    except DataError as error:
        raise DataError(f"{chunk.path}: {error}") from error
    fault = made.fault and f"{chunk.path}: line {chunk.lines[made.fault[0]]}: {made.fault[1]}"
    texts = {name: TextColumn(partial(_picked, frame, name, made.rows)) for name in frame.columns}
    passed = _passed(columns, texts, raw)
    return FlowChunk(
        table=made.table,
        rows=chunk.first + made.rows,
        passed=passed,
        labels=_labels(columns, passed),
        n_dropped=chunk.frame.height - len(made.rows),
        fault=fault or None,
        roles={role: texts[name] for role, name in flow_roles(raw).items() if name in texts},
        exporter=exporter_of(raw),
    )


def _picked(frame: pl.DataFrame, name: str, rows: npt.NDArray[np.int64]) -> pl.Series:
    """Return some rows of a column."""
    return frame[name] if len(rows) == frame.height else frame[name].gather(rows)


def _sound_chunk(columns: Columns, chunk: Chunk, sound: SoundRows) -> FlowChunk:
    """Make flows of rows of which no cell needs a look."""
    texts = {name: TextColumn(partial(cells.column, name)) for name, cells in sound.columns.items()}
    passed = _passed(columns, texts, sound.names)
    return FlowChunk(
        table=table_of(sound, columns),
        rows=np.arange(chunk.first, chunk.first + len(chunk.lines)),
        passed=passed,
        labels=_labels(columns, passed),
        roles={role: texts[name] for role, name in flow_roles(sound.names).items() if name in texts},
        exporter=exporter_of(sound.names),
    )


def _passed(columns: Columns, texts: Mapping[str, TextColumn], raw: tuple[str, ...]) -> dict[str, TextColumn]:
    """Choose the columns that go through to the output."""
    kept = passed_names(raw) if columns.view else columns.kept
    return {name: texts[name] for name in dict.fromkeys((*kept, columns.label)) if name in texts}


def stream_like(columns: Columns | None, source: Path | str, *, format: str = "auto") -> Iterator[FlowChunk]:
    """Read flows of the kind that a detector was trained on.

    Parameters
    ----------
    columns : Columns or None
        The detector's; None for one that was trained on NSL-KDD, or on generated traffic.
    source, format
        As for :func:`stream_flows`.

    Yields
    ------
    FlowChunk

    Raises
    ------
    DataError
        If the file is missing or damaged, or lacks a column; in NSL-KDD's format, also if a line cannot be
        scored.
    """
    if columns is not None:
        yield from stream_flows(columns, source, format=format)
        return
    for flows in read_flows(source):
        yield nsl_kdd_chunk(flows)


def nsl_kdd_chunk(flows: Flows) -> FlowChunk:
    """Make flows of some lines in NSL-KDD's format.

    Parameters
    ----------
    flows : Flows
        The lines.

    Returns
    -------
    FlowChunk
        Of the roles, NSL-KDD has protocol and service.
    """
    passed = {} if flows.attack_type is None else {"attack_type": list(flows.attack_type)}
    rows = np.arange(flows.first, flows.first + flows.table.n_rows)
    roles = {
        role: _words(flows.table, name) for name, role in (("protocol_type", "proto"), ("service", "service"))
    }
    return FlowChunk(flows.table, rows, passed, flows.attack_type, roles=roles)


def _words(table: Table, name: str) -> TextColumn:
    """Write out a categorical column."""
    import polars as pl

    at = table.schema.categorical.index(name)
    words = pl.Series(table.vocabularies[at], dtype=pl.String)
    return TextColumn(lambda: words.gather(table.categorical[:, at]))


def _ahead(flows: Iterator[FlowChunk]) -> Iterator[FlowChunk]:
    """Read the next chunk while the last one is made use of."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="cfmt-reading") as pool:
        coming = pool.submit(next, flows, None)
        while (chunk := coming.result()) is not None:
            coming = pool.submit(next, flows, None)
            yield chunk


def _labels(columns: Columns, passed: Mapping[str, TextColumn]) -> TextColumn | None:
    """Name what the columns call normal so, and keep other labels as they are."""
    if columns.label not in passed:
        return None
    normal = {word.lower() for word in columns.normal}

    def named() -> pl.Series:
        """Write the labels out; each distinct one is looked at once."""
        labels = passed[columns.label].series
        words = [word for word in labels.unique().to_list() if word.lower() in normal]
        return labels.replace(words, ["normal"] * len(words))

    return TextColumn(named)
