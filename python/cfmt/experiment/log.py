"""A log from which a search or a run of results is resumed: one JSON object a line, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfmt.errors import RunDirectoryError
from cfmt.files import append_line, read_json_lines, write_atomic

__all__ = ["append_entry", "open_log"]


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

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.experiment.log import append_entry, open_log
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "trials.jsonl")
    ...     before = open_log(path, {"seed": 0})
    ...     append_entry(path, {"trial": 0})
    ...     before, open_log(path, {"seed": 0})
    ([], [{'trial': 0}])
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    found = read_json_lines(path)
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
    """Add a line to a log, on the disk when this returns.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.experiment.log import append_entry, open_log
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "trials.jsonl")
    ...     _ = open_log(path, {"seed": 0})
    ...     append_entry(path, {"trial": 0})
    ...     path.read_text().splitlines()
    ['{"seed": 0}', '{"trial": 0}']
    """
    append_line(path, json.dumps(entry, allow_nan=False))
