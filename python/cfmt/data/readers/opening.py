"""Which files are meant, and their bytes: plain, gzip, zstd or standard input."""

from __future__ import annotations

import glob
import hashlib
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from cfmt.data.compression import decompressed, told_faults
from cfmt.data.reading import opened
from cfmt.errors import DataError

__all__ = ["STDIN", "Hashed", "named_files", "stream"]

STDIN = "-"
_MOST_NAMES = 12
_REMEDY = "give the path of a file with flows"


def named_files(paths: Path | str | Sequence[Path | str]) -> list[str]:
    """List the files that are meant.

    Parameters
    ----------
    paths : Path, str or a sequence of them
        Files, glob patterns, or ``-`` for standard input.

    Returns
    -------
    list of str
        In the order given; those of a pattern sorted.

    Raises
    ------
    DataError
        If none is given, a pattern meets none, or one is a folder.
    """
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    if not given:
        raise DataError(f"paths: no file is given; {_REMEDY}")
    return [name for path in given for name in _matches(path)]


def _matches(path: Path | str) -> list[str]:
    """Return the files that one path or pattern stands for."""
    name = str(path)
    if "\0" in name:
        raise DataError(f"{name!r}: is no path, it holds a NUL character; {_REMEDY}")
    if name == STDIN:
        return [name]
    if Path(name).is_dir():
        raise DataError(f"{name}: is a folder; give its files: it holds {_content(Path(name))}")
    if not Path(name).exists() and glob.has_magic(name):
        found = sorted(one for one in glob.glob(name, recursive=True) if Path(one).is_file())  # noqa: PTH207  # a Path's takes no absolute pattern
        if not found:
            raise DataError(f"{name}: no file has a name like that; {_REMEDY}")
        return found
    return [name]


def _content(folder: Path) -> str:
    """Tell what lies in a folder, in a few words."""
    try:
        names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (", ".join(names[:_MOST_NAMES]) + more) or "nothing"


class _Ahead(io.RawIOBase):
    """Standard input, of which the beginning may be looked at and read again."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self._kept = bytearray()
        self._at = 0
        self._keeps = True

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def close(self) -> None:
        """Stay open: what reads from it is closed more than once."""

    def rewound(self, keep: bool) -> None:
        """Go back to the beginning; where ``keep`` is false, for the last time."""
        if not self._keeps:
            raise DataError(f"{STDIN}: standard input was read already; give it once")
        self._at, self._keeps = 0, keep

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # io knows more buffers
        """Give what was looked at before, then what comes."""
        if self._at < len(self._kept):
            piece = bytes(self._kept[self._at : self._at + len(target)])
        else:
            piece = self._read(len(target))
            if self._keeps:
                self._kept += piece
        self._at += len(piece)
        target[: len(piece)] = piece
        return len(piece)

    def _read(self, n: int) -> bytes:
        """Read what is there, at most n bytes; none mean the end."""
        some = getattr(self.source, "read1", self.source.read)
        return cast(bytes, some(n))


_standard_input: list[_Ahead] = []  # the one that was looked at, if any


def _stdin(keep: bool) -> io.BufferedReader:
    """Return standard input from its beginning."""
    source = cast(BinaryIO, getattr(sys.stdin, "buffer", sys.stdin))
    if not _standard_input or _standard_input[0].source is not source:
        _standard_input[:] = [_Ahead(source)]
    _standard_input[0].rewound(keep)
    return io.BufferedReader(_standard_input[0])


class Hashed:
    """A stream whose bytes are hashed as they are read.

    Parameters
    ----------
    source : file object
        At its beginning.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, n: int) -> bytes:
        """Read at most n bytes; none mean the end."""
        piece = self._source.read(n)
        self.digest.update(piece)
        return piece


@contextmanager
def stream(name: str, *, keep: bool = False) -> Iterator[BinaryIO]:
    """Open a file or standard input.

    Parameters
    ----------
    name : str
        Path, or ``-``.
    keep : bool, default=False
        Whether standard input must be readable from its beginning again.

    Yields
    ------
    file object
        Gives the uncompressed bytes.

    Raises
    ------
    DataError
        If it is missing, cannot be read or is damaged; also while it is read.
    """
    if name == STDIN:
        with told_faults(name):
            yield decompressed(_stdin(keep), name)
        return
    with opened(Path(name), remedy=_REMEDY) as file:
        yield file
