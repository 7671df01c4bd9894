"""Compressed bytes, gzip or zstd, read as they come: the whole is never held."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from cfmt.errors import DataError, MissingExtraError

__all__ = ["decompressed", "told_faults"]

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_STEP = 512  # compressed bytes at once: zstd can make 64 KiB of two of them


class _ZstdFile(io.RawIOBase):
    """The decompressed bytes of a zstd stream, frame after frame."""

    def __init__(self, raw: BinaryIO, decompressor: Any) -> None:
        self._raw, self._new_frame = raw, decompressor.decompressobj
        self._frame: Any = None
        self._input = self._output = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, target: Any) -> int:
        """Fill what there is to fill; 0 bytes mean the end."""
        while not self._output:
            self._input = self._input or self._raw.read(_STEP)
            if not self._input:
                if self._frame is not None:
                    raise EOFError("zstd")
                return 0
            self._frame = self._frame or self._new_frame()
            self._output = self._frame.decompress(self._input)
            self._input = b""
            if self._frame.eof:
                self._input, self._frame = self._frame.unused_data, None
        n = min(len(target), len(self._output))
        target[:n], self._output = self._output[:n], self._output[n:]
        return n


def _zstd(raw: BinaryIO, name: str) -> BinaryIO:
    """Open a zstd stream by the package that is no dependency of ours."""
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError(
            f"{name}: is compressed with zstd; pip install zstandard, or decompress it first: unzstd {name}"
        ) from error
    return cast(BinaryIO, io.BufferedReader(_ZstdFile(raw, zstandard.ZstdDecompressor()), 1 << 17))


def decompressed(raw: io.BufferedReader, name: str) -> BinaryIO:
    """Return the uncompressed bytes of a stream, gzip and zstd told by its first bytes.

    Parameters
    ----------
    raw : io.BufferedReader
        At its beginning.
    name : str
        Its name, for messages.

    Returns
    -------
    file object

    Raises
    ------
    MissingExtraError
        If it is zstd and the package ``zstandard`` is not installed.
    """
    magic = raw.peek(len(_ZSTD_MAGIC))
    if magic.startswith(_GZIP_MAGIC):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return _zstd(raw, name) if magic.startswith(_ZSTD_MAGIC) else raw


@contextmanager
def told_faults(name: str, path: Path | None = None) -> Iterator[None]:
    """Turn faults of compressed bytes into a ``DataError`` that names the file.

    Parameters
    ----------
    name : str
        Name of the file.
    path : Path, optional
        Where it is, to tell its size; None for a stream.

    Raises
    ------
    DataError
        In the place of the errors of gzip and zstd.
    """
    try:
        yield
    except EOFError as error:
        kind = "zstd" if error.args == ("zstd",) else "gzip"
        where = f" at byte {path.stat().st_size}" if path else ""
        raise DataError(f"{name}: the {kind} file is cut off{where}; fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name}: the gzip file is damaged ({error}); fetch it again") from error
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise DataError(f"{name}: the zstd file is damaged ({error}); fetch it again") from error
