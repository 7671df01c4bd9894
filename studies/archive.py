"""The runs and trials behind docs/results.md in one compressed file, which is what the repository keeps.

The files themselves lie beside it while they are worked on, and are not committed.
"""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Iterable
from pathlib import Path

from cfmt.errors import RunDirectoryError
from cfmt.files import write_atomic

__all__ = ["ARCHIVE", "pack", "unpack"]

ARCHIVE = "runs.tar.xz"
_KEPT = ("*.jsonl", "tuned/*.jsonl", "refined/*.jsonl")


def unpack(folder: Path) -> list[Path]:
    """Write the archive's files beside it, but for those that are there already.

    Parameters
    ----------
    folder : Path
        Holds the archive, if there is one yet.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    RunDirectoryError
        If the archive is damaged, or holds a file that does not belong there.
    """
    archive = folder / ARCHIVE
    if not archive.exists():
        return []
    written = []
    for name, content in _read(archive).items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, content)
            written.append(path)
    return written


def pack(folder: Path) -> bool:
    """Write the archive of a folder's runs and trials; equal files are an equal archive.

    Parameters
    ----------
    folder : Path
        Holds the files.

    Returns
    -------
    bool
        Whether anything has changed.
    """
    archive = folder / ARCHIVE
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    if archive.exists() and _read(archive) == found:
        return False
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    write_atomic(archive, lzma.compress(content.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return True


def _files(folder: Path) -> Iterable[Path]:
    """List the files that are kept, in a fixed order."""
    return sorted(path for pattern in _KEPT for path in folder.glob(pattern))


def _read(archive: Path) -> dict[str, bytes]:
    """Read an archive's files by name."""
    try:
        with tarfile.open(archive, mode="r:xz") as tar:
            entries = {entry.name: tar.extractfile(entry) for entry in tar.getmembers()}
            found = {name: file.read() for name, file in entries.items() if file is not None}
    except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
        raise RunDirectoryError(f"{archive}: is damaged ({error}); restore it with git") from error
    for name in found:
        if not any(Path(name).match(pattern) for pattern in _KEPT) or ".." in name or name.startswith("/"):
            raise RunDirectoryError(
                f"{archive}: holds {name!r}, which is no file of runs; restore it with git"
            )
    return found
