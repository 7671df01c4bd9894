"""Text formats whose header says what the columns are: ARFF, and Zeek's tab-separated logs."""

from __future__ import annotations

import re

from cfmt.data.readers.cells import cells_of
from cfmt.data.readers.layout import Layout, exporter_of, unique_names
from cfmt.data.readers.rows import Shape
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

__all__ = ["arff_shape", "zeek_shape"]

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)""", re.IGNORECASE)


def arff_shape(text: Text) -> Shape:
    """Tell the columns of an ARFF file by its header.

    Parameters
    ----------
    text : Text
        At its beginning.

    Returns
    -------
    Shape

    Raises
    ------
    DataError
        If the header does not end, or rows are sparse.
    """
    names, begin, rows = [], 1, iter(text.head().lines())
    for number, line in rows:
        begin = number + 1
        found = _ATTRIBUTE.match(line.strip())
        if found:
            names.append(found[1].strip("'\"").replace("\\", ""))
        elif line.strip().lower().startswith("@data"):
            break
    else:
        raise DataError(f"{text.path}: has no line @data within its first 256 KiB; mend the ARFF header")
    first = next((line for _, line in rows if line.strip() and not line.startswith("%")), "")
    if first.lstrip().startswith("{"):
        raise DataError(f"{text.path}: holds sparse rows of ARFF; write them in full")
    quote = '"' if '"' in first else "'"
    width = len(cells_of(first, ",", quote, "\\")) if not names and first else len(names)
    columns = unique_names(names) if names else tuple(f"column_{n}" for n in range(1, width + 1))
    layout = Layout("arff", columns, bool(names), ",", text.encoding, exporter_of(columns))
    return Shape(layout, quote, "\\", begin=begin, comment="%", unset=("?",))


def zeek_shape(text: Text) -> Shape:
    """Tell the columns of a Zeek log by the lines that begin with ``#``.

    Parameters
    ----------
    text : Text
        At its beginning.

    Returns
    -------
    Shape

    Raises
    ------
    DataError
        If no line names the fields.
    """
    separator, unset, names, begin = "\t", {"-", "(empty)"}, [], 1
    for number, line in text.head().lines():
        if not line.startswith("#"):
            break
        begin = number + 1
        key, _, value = line.partition(" " if line.startswith("#separator") else separator)
        match key:
            case "#separator":
                separator = value.strip().encode().decode("unicode_escape", "replace")[:1] or "\t"
            case "#unset_field" | "#empty_field":
                unset.add(value.strip())
            case "#fields":
                names = value.split(separator)
    if not names:
        raise DataError(f"{text.path}: has no line #fields; give a log as Zeek wrote it")
    columns = unique_names([*names])
    layout = Layout("zeek", columns, True, separator, text.encoding, exporter_of(columns) or "zeek")
    return Shape(layout, begin=begin, comment="#", unset=tuple(sorted(unset)))
