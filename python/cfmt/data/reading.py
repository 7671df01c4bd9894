"""Bytes of data files, plain or gzip-compressed."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from cfmt.errors import DataError

__all__ = ["DataWarning", "find_file", "read_bytes"]

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
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; give the path of the data file, or of its folder") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise DataError(f"{path}: the gzip file is cut off at byte {len(content)}; fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip file is damaged ({error}); fetch it again") from error
