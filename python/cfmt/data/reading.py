"""Data files, plain or gzip-compressed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from cfmt.errors import DataError

__all__ = ["DataWarning", "find_file", "opened", "read_bytes"]

_GZIP_MAGIC = b"\x1f\x8b"


class DataWarning(UserWarning):
    """A data file that can be used, and is not what was published."""


def find_file(folder: Path, name: str) -> Path | None:
    """Look for a file in a folder, plain before compressed.

    Parameters
    ----------
    folder : Path
        Where to look.
    name : str
        Name of the plain file; ``name`` + ``.gz`` is the other that is looked for.

    Returns
    -------
    Path or None
        None where there is neither.
    """
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


@contextmanager
def opened(path: Path, *, remedy: str) -> Iterator[BinaryIO]:
    """Open a file to read, decompressed if its first bytes say that it is gzip.

    Parameters
    ----------
    path : Path
        File to read.
    remedy : str
        What to do where there is no such file.

    Yields
    ------
    file object
        Gives the uncompressed bytes.

    Raises
    ------
    DataError
        If the file is missing, cannot be read, or is a damaged gzip file; also while it is read.
    """
    try:
        with path.open("rb") as raw:
            compressed = raw.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if compressed else raw
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; {remedy}") from error
    except EOFError as error:
        size = path.stat().st_size
        raise DataError(f"{path}: the gzip file is cut off at byte {size}; fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip file is damaged ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file, decompressed if its first bytes say that it is gzip.

    Parameters
    ----------
    path : Path
        File to read.

    Returns
    -------
    bytes
        The uncompressed content.

    Raises
    ------
    DataError
        If the file is missing, cannot be read, or is a damaged gzip file.
    """
    with opened(path, remedy="give the path of the data file, or of its folder") as file:
        return file.read()
