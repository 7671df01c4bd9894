"""What the words of an error about a file must be."""

from __future__ import annotations

import re
from pathlib import Path

MOST_LETTERS = 1000

_OF_THE_WHOLE = re.compile(
    r"is empty|has no |holds |is a |is an |is compressed|cannot be read as Parquet|is Parquet "
    r"|the (gzip|zstd) file is|lacks |the columns tell no exporter|has more than|the layout"
)


def fault_of_words(words: str, path: Path | str, *, remedy: bool = True, line: bool = True) -> str:
    """Tell what is wrong with the words of an error about a file; empty where nothing is."""
    if not words.startswith(str(path)):
        return "does not begin with the name of the file"
    rest = words.removeprefix(str(path)).removeprefix(": ")
    if len(rest) >= MOST_LETTERS:
        return f"has {len(rest)} letters"
    if not rest.isprintable():
        return "has letters that cannot be printed"
    if line and not re.match(r"line \d+: ", rest) and not _OF_THE_WHOLE.match(rest):
        return "names no line"
    has_remedy = "; " in rest or re.search(r"must (not )?(be|stand)|expected|is none of", rest)
    return "" if has_remedy or not remedy else "gives no remedy"
