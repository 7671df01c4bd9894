"""Data files, plain or compressed with gzip or zstd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cfmt.data.compression import decompressed, told_faults
from cfmt.errors import DataError

__all__ = ["DataWarning", "find_file", "opened", "read_bytes"]


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
    """Open a file to read, decompressed if its first bytes say that it is gzip or zstd.

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
        If the file is missing, cannot be read, or is damaged in its compression; also while it is read.
    """
    try:
        with path.open("rb") as raw, told_faults(str(path), path):
            yield decompressed(raw, str(path))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; {remedy}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file, decompressed if its first bytes say that it is gzip or zstd.

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
        If the file is missing, cannot be read, or is damaged in its compression.
    """
    with opened(path, remedy="give the path of the data file, or of its folder") as file:
        return file.read()
