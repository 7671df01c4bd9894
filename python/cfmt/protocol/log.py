"""A log that a search or a run of results goes on from: one JSON object a line, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfmt.errors import RunDirectoryError
from cfmt.files import append_line, write_atomic

__all__ = ["append_entry", "open_log", "read_log"]


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a log.

    Parameters
    ----------
    path : Path
        The file; may be missing.

    Returns
    -------
    list of dict of str to object
        Without a last line that was cut off.

    Raises
    ------
    RunDirectoryError
        If a line before the last is damaged.
    """
    if not path.exists():
        return []
    *lines, _torn = path.read_bytes().split(b"\n")
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(json.loads(line))
        except ValueError as error:
            fault = f"{path}, line {number}: is damaged ({error}); remove the line"
            raise RunDirectoryError(fault) from error
    return entries


def open_log(path: Path, header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Begin a log, or take it up again where it has the same header.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    header : mapping of str to object
        First line: under what conditions the others were found.

    Returns
    -------
    list of dict of str to object
        The entries that are there already, without the header.

    Raises
    ------
    RunDirectoryError
        If the log was begun under other conditions, or is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    found = read_log(path)
    wanted = json.loads(json.dumps(header, allow_nan=False))
    if found and found[0] != wanted:
        differing = sorted(key for key in {*found[0], *wanted} if found[0].get(key) != wanted.get(key))
        raise RunDirectoryError(
            f"{path}: was begun under other conditions ({', '.join(differing)}); choose another --out"
        )
    entries = found[1:]
    write_atomic(path, "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in (wanted, *entries)))
    return entries


def append_entry(path: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to a log, on the disk when this returns."""
    append_line(path, json.dumps(entry, allow_nan=False))
