"""JSON lines: Zeek's, the flow events of Suricata's eve.json, and any other objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt.data.readers.layout import Chunk, Layout, exporter_of
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["json_format", "json_layout", "read_json"]

_DEEPEST = 16
_LARGEST_INT = 1 << 63


def json_format(text: Text) -> str:
    """Tell whose objects the first lines are: ``eve``, ``zeek-json`` or ``jsonl``."""
    for _, line in text.head().lines():
        try:
            found = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError):
            break
        if not isinstance(found, dict):
            break
        if "event_type" in found:
            return "eve"
        if "id.orig_h" in found or "conn_state" in found:
            return "zeek-json"
    return "jsonl"


def json_layout(text: Text, format: str) -> Layout:
    """Tell the columns of the first lines, in the order in which they come up.

    Parameters
    ----------
    text : Text
        At its beginning.
    format : str
        ``eve``, ``zeek-json`` or ``jsonl``.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If a line is no JSON object, or no flow is among the first lines.
    """
    names: dict[str, None] = {}
    for _, row in _objects(text.head().lines(), format, text.path):
        names |= dict.fromkeys(row)
    if not names:
        what = "has no event of type flow" if format == "eve" else "is empty"
        raise DataError(f"{text.path}: {what} in its first 256 KiB; give a file with flows")
    columns = tuple(names)
    exporter = exporter_of(columns) or {"eve": "suricata", "zeek-json": "zeek"}.get(format, "")
    return Layout(format, columns, True, "", text.encoding, exporter)


def read_json(text: Text, layout: Layout, rows_at_once: int) -> Iterator[Chunk]:
    """Read objects block by block; keys that the layout does not know come behind its columns.

    Parameters
    ----------
    text : Text
        At its beginning.
    layout : Layout
        Format and columns.
    rows_at_once : int
        Lines of a block.

    Yields
    ------
    Chunk

    Raises
    ------
    DataError
        If a line is no JSON object: the message names it.
    """
    first = 0
    for block in text.blocks(rows_at_once):
        found = list(_objects(block.lines(), layout.format, text.path))
        if not found:
            continue
        names = dict.fromkeys(layout.columns)
        for _, row in found:
            names |= dict.fromkeys(row)
        lines = np.array([number for number, _ in found], np.int64)
        yield Chunk(text.path, first, lines, _frame(names, [row for _, row in found]))
        first += len(found)


def _objects(
    lines: Iterator[tuple[int, str]], format: str, path: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Parse lines to flat objects; events that are no flows, and blank lines, are left out."""
    for number, line in lines:
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: line {number}: is no JSON ({error}); mend it, or remove it") from error
        if not isinstance(found, dict):
            raise DataError(
                f"{path}: line {number}: is no JSON object; write one object a line, such as with jq -c '.[]'"
            )
        if format != "eve" or found.get("event_type") == "flow":
            yield number, _flat(found, number, path)


def _flat(found: dict[str, Any], number: int, path: str, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Join the names of nested objects by dots; lists become JSON text."""
    if depth > _DEEPEST:
        raise DataError(f"{path}: line {number}: is nested deeper than {_DEEPEST} objects; flatten it")
    row: dict[str, Any] = {}
    for key, value in found.items():
        name = f"{prefix}{key.strip()}"
        if isinstance(value, dict):
            row |= _flat(value, number, path, f"{name}.", depth + 1)
        else:
            row[name] = json.dumps(value) if isinstance(value, list) else value
    return row


def _frame(names: dict[str, None], rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Lay objects out as columns, each of one type."""
    import polars as pl

    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def _series(name: str, values: list[Any]) -> pl.Series:
    """Make a column of numbers or of booleans if all its values are, else of texts."""
    import polars as pl

    held = [value for value in values if value is not None]
    if held and all(isinstance(value, bool) for value in held):
        return pl.Series(name, values, dtype=pl.Boolean)
    if held and all(isinstance(value, int | float) and not isinstance(value, bool) for value in held):
        whole = all(isinstance(value, int) and -_LARGEST_INT <= value < _LARGEST_INT for value in held)
        numbers = values if whole else [None if value is None else _float(value) for value in values]
        return pl.Series(name, numbers, dtype=pl.Int64 if whole else pl.Float64)
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String).str.strip_chars().replace("", None)


def _float(value: float) -> float:
    """Turn a number into a float; an integer beyond all floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
