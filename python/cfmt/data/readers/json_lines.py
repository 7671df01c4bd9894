"""JSON lines: one object a line, such as Zeek's JSON logs and Suricata's eve.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt.data.readers.layout import Chunk, Layout, Needed, exporter_of, rows_of_chunk
from cfmt.data.readers.text import Block, Text
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["json_format", "json_layout", "read_json_lines"]

_MOST_KEYS = 1000
_MOST_NAME = 1000  # letters of a key, with those of the objects around it
_MOST_NESTED = 32
_INT64 = range(-(1 << 63), 1 << 63)


def json_format(text: Text) -> str:
    """Tell which JSON lines these are: ``zeek-json``, ``eve`` or ``jsonl``.

    Parameters
    ----------
    text : Text
        At its beginning; stays unread.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If the first line is no object.
    """
    for number, line in text.head().lines():
        if line.strip():
            keys = _object(line, number, text.path)
            if "event_type" in keys and "timestamp" in keys:
                return "eve"
            return "zeek-json" if "id.orig_h" in keys or "id.resp_h" in keys else "jsonl"
    return "jsonl"


def json_layout(text: Text, format: str) -> Layout:
    """Tell the layout of JSON lines, which stay unread: the keys of the first of them.

    Parameters
    ----------
    text : Text
        At its beginning.
    format : str
        ``zeek-json``, ``eve`` or ``jsonl``.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If a line is no object.
    """
    columns: dict[str, None] = {}
    for _, row in _objects(text.head(), text, format, Counter()):
        columns.update(dict.fromkeys(row))
        _refuse_many(len(columns), text.path)
    exporter = "suricata" if format == "eve" else exporter_of(tuple(columns))
    return Layout(format, tuple(columns), True, encoding=text.encoding, exporter=exporter)


def read_json_lines(
    text: Text, format: str, rows_at_once: int, needed: Needed | None = None
) -> Iterator[Chunk]:
    """Read JSON lines; of eve, only the flows.

    Parameters
    ----------
    text : Text
        At its beginning.
    format : str
        ``zeek-json``, ``eve`` or ``jsonl``.
    rows_at_once : int
        Rows of a chunk, at most.
    needed : Needed, optional
        Columns that are wanted; those that no line has named yet are null, if half of them are there: keys
        without a value are often left out.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a line is no object, or there is no flow in the file.
    """
    columns = list(json_layout(text, format).columns)
    kinds: dict[str, Any] = {}
    first, skipped = 0, Counter[str]()
    for block in text.blocks(rows_at_once):
        found = list(_objects(block, text, format, skipped))
        _learn(columns, found, text.path)
        step = rows_of_chunk(rows_at_once, len(columns))
        for part in (found[start : start + step] for start in range(0, len(found), step)):
            lines = np.array([number for number, _ in part], dtype=np.int64)
            frame = _frame([row for _, row in part], columns, kinds)
            yield Chunk(text.path, first, lines, _with_needed(frame, needed))
            first += len(part)
    if first == 0:
        raise DataError(_nothing(text.path, skipped))


def _with_needed(frame: pl.DataFrame, needed: Needed | None) -> pl.DataFrame:
    """Add the columns that are needed and have no value yet."""
    import polars as pl

    wanted = (*needed.numbers, *needed.words) if needed else ()
    lacking = [name for name in wanted if name not in frame.columns]
    if not lacking or 2 * len(lacking) > len(wanted):
        return frame
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)


def _nothing(path: str, skipped: Counter[str]) -> str:
    """Say why there is no row."""
    if not skipped:
        return f"{path}: is empty; give a file with one flow a line"
    kinds = ", ".join(f"{n} {kind}" for kind, n in skipped.most_common(5))
    return f"{path}: holds no event of type flow ({kinds}); add flow to the types of eve-log in suricata.yaml"


def _objects(
    block: Block, text: Text, format: str, skipped: Counter[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the flat objects of a block with their lines; count the events that are no flows."""
    for number, line in block.lines():
        if not line.strip():
            continue
        try:
            row = _object(line, number, text.path)
            if format == "eve" and row.get("event_type") != "flow":
                skipped[str(row.get("event_type"))[:40]] += 1
                if len(skipped) > _MOST_KEYS:
                    skipped.clear()
                continue
            row = _flat(row, f"{text.path}: line {number}")
        except DataError as error:
            text.leave_out(error)
            continue
        yield number, row


def _object(line: str, number: int, path: str) -> dict[str, Any]:
    """Parse one line."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        words = getattr(error, "msg", "a number or a nesting that is too large")
        raise DataError(f"{path}: line {number}: is no JSON ({words}); remove it or mend it") from error
    if not isinstance(row, dict):
        raise DataError(f"{path}: line {number}: is no JSON object; write one flow a line: {{...}}")
    return row


def _flat(row: dict[str, Any], place: str) -> dict[str, Any]:
    """Give nested objects' keys with dots between, and lists as JSON text."""
    flat: dict[str, Any] = {}

    def lay_out(inner: dict[str, Any], prefix: str, depth: int) -> None:
        """Write the cells of an object."""
        if depth > _MOST_NESTED:
            raise DataError(f"{place}: nests objects deeper than {_MOST_NESTED}; is it a flow? remove it")
        for key, value in inner.items():
            name = prefix + _clean(key.strip()) or "unnamed"
            if len(name) > _MOST_NAME:
                raise DataError(f"{place}: has a key of more than {_MOST_NAME:,} letters; shorten it")
            if isinstance(value, dict):
                lay_out(value, f"{name}.", depth + 1)
            else:
                flat[name] = json.dumps(value) if isinstance(value, list) else value

    try:
        lay_out(row, "", 1)
    except RecursionError as error:
        raise DataError(f"{place}: nests lists too deeply; remove it or mend it") from error
    return flat


def _refuse_many(n_keys: int, path: str) -> None:
    """Refuse objects that have no keys in common, since each key is a column."""
    if n_keys > _MOST_KEYS:
        raise DataError(
            f"{path}: has more than {_MOST_KEYS:,} different keys, each would be a column; are these flows?"
        )


def _learn(columns: list[str], rows: list[tuple[int, dict[str, Any]]], path: str) -> None:
    """Put keys that are new at the end of the columns."""
    known = set(columns)
    for _, row in rows:
        if not row.keys() <= known:
            columns += [name for name in row if name not in known]
            known = set(columns)
            _refuse_many(len(known), path)


def _frame(rows: list[dict[str, Any]], columns: list[str], kinds: dict[str, Any]) -> pl.DataFrame:
    """Make a frame; types widen from chunk to chunk."""
    import polars as pl

    series = []
    for name in columns:
        cells = [row.get(name) for row in rows]
        kinds[name] = _wider(kinds.get(name), {type(cell) for cell in cells}, cells)
        series.append(pl.Series(name, _as(cells, kinds[name]), dtype=_dtypes()[kinds[name]]))
    return pl.DataFrame(series)


def _dtypes() -> dict[str, type[pl.DataType]]:
    """Return polars' type for each kind of column."""
    import polars as pl

    return {"": pl.String, "bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "str": pl.String}


def _wider(before: str | None, types: set[type], cells: list[Any]) -> str:
    """Return the kind that holds the cells and those of the chunks before; empty where all are null."""
    kinds = {kind.__name__ for kind in types if kind is not type(None)} | ({before} if before else set())
    if not kinds:
        return ""
    if kinds == {"int"} and any(cell not in _INT64 for cell in cells if cell is not None):
        return "float"
    if len(kinds) == 1:
        return kinds.pop()
    return "float" if kinds == {"int", "float"} else "str"


def _as(cells: list[Any], kind: str) -> list[Any]:
    """Turn cells into one kind; as strings, numbers and booleans are JSON."""
    if kind == "float":
        return [None if cell is None else _float(cell) for cell in cells]
    if kind != "str":
        return cells
    texts = (cell if cell is None or isinstance(cell, str) else json.dumps(cell) for cell in cells)
    return [None if text is None else _clean(text) for text in texts]


def _float(number: float) -> float:
    """Return a float; infinity for a whole number that is larger than any."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
