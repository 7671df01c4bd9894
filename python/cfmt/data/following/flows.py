"""Flows as they come, each with the place from which to go on after it."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cfmt.data.columns import Columns, needed_of
from cfmt.data.flow_stream import FlowChunk, flow_chunk
from cfmt.data.following.place import Place
from cfmt.data.following.streams import End, GrowingFile, Pipe
from cfmt.data.following.waiting import Waiting
from cfmt.data.readers import Chunk, read_chunks
from cfmt.data.readers.detection import read_text
from cfmt.data.readers.opening import STDIN
from cfmt.data.readers.parquet import MAGIC
from cfmt.data.readers.text import Text
from cfmt.errors import DataError

__all__ = ["FollowedChunk", "follow_flows"]

_WHOLE = (MAGIC, b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # Parquet, gzip, zstd: readable when they are whole


class FollowedChunk(NamedTuple):
    """Flows that came.

    Parameters
    ----------
    flows : FlowChunk
    place : Place or None
        Where to go on after them; None for a pipe.
    lag : int
        Bytes that are there and were not read.
    """

    flows: FlowChunk
    place: Place | None
    lag: int


class _Source(NamedTuple):
    """What flows are read of, and how."""

    columns: Columns
    format: str
    waiting: Waiting


def follow_flows(
    columns: Columns,
    source: Path | str,
    waiting: Waiting,
    *,
    format: str = "auto",
    place: Place | None = None,
    from_end: bool = False,
) -> Iterator[FollowedChunk]:
    """Read flows as they come, until reading is stopped or a pipe ends.

    A file is read as it grows. When another file has its name, it is read to its end, and then the other from
    its beginning. When it was cut off, it is read from its beginning again. Of a folder or a pattern, one
    file is read after the other, the oldest first; the newest is read as it grows.

    Parameters
    ----------
    columns : Columns
        What each column is for.
    source : Path or str
        A file, a folder, a glob pattern, or ``"-"`` for standard input.
    waiting : Waiting
        What is done while nothing comes.
    format : str, default="auto"
        One of :data:`cfmt.data.readers.FORMATS`, or to be told by content.
    place : Place, optional
        Where to go on.
    from_end : bool, default=False
        Whether to leave out what is there already; without effect where ``place`` is given.

    Yields
    ------
    FollowedChunk

    Raises
    ------
    DataError
        If what comes is no table of flows, or lacks a column.
    """
    how = _Source(columns, format, waiting)
    if str(source) == STDIN:
        pipe = Pipe(sys.stdin.fileno(), waiting)
        for chunk, text in _live_chunks(how, pipe, STDIN):
            yield FollowedChunk(_flows(how, chunk, text), None, 0)
        return
    path = Path(source)
    if path.is_dir() or glob.has_magic(str(source)):
        yield from _follow_folder(how, str(source), place, from_end)
    else:
        yield from _follow_file(how, path, place, from_end)


def _follow_file(how: _Source, path: Path, place: Place | None, from_end: bool) -> Iterator[FollowedChunk]:
    """Follow one name, whatever file has it."""
    line = 0
    if place is not None:
        old = _renamed(place, path)
        if old is None:
            how.waiting.note(
                f"warning: the file that was {path} is not there any more; what came after its line "
                f"{place.line:,} was not scored"
            )
        elif old != path:
            yield from _grown(how, GrowingFile(old, how.waiting, lambda: True), place.line)
        else:
            line = place.line
    elif from_end and path.exists():
        line = _n_lines(path)
    while True:
        while not path.exists():
            if not how.waiting.sleep():
                return
        try:
            file = GrowingFile(path, how.waiting)
        except FileNotFoundError:
            continue
        yield from _grown(how, file, line)
        if file.end is End.STOPPED:
            return
        if file.end is End.CUT:
            how.waiting.note(f"note: {path}: was cut off; reading it from its beginning")
        line = 0


def _renamed(place: Place, path: Path) -> Path | None:
    """Find the file that a place is in, by its old name or by one beside it."""
    if place.is_in(path):
        return path
    return next(
        (other for other in sorted(path.parent.glob("*")) if other.is_file() and place.is_in(other)), None
    )


def _n_lines(path: Path) -> int:
    """Count the lines that are there."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


def _follow_folder(how: _Source, source: str, place: Place | None, from_end: bool) -> Iterator[FollowedChunk]:
    """Follow files that come one after the other."""
    done = set(place.done) if place else set()
    if from_end and place is None:
        done = _inodes(source)
    while True:
        coming = [path for path in _files(source) if path.stat().st_ino not in done]
        if not coming:
            if not how.waiting.sleep():
                return
            continue
        path = coming[0]
        inode = path.stat().st_ino
        line = place.line if place and place.inode == inode else 0
        file = GrowingFile(path, how.waiting, partial(_has_others, source, frozenset({*done, inode})))
        if _begins_with(path, _WHOLE):
            yield from _whole(how, file, line, tuple(done))
        else:
            yield from _grown(how, file, line, tuple(done))
        if file.end is End.STOPPED:
            return
        if file.end is not End.CUT:
            done = {inode, *(done & _inodes(source))}


def _inodes(source: str) -> set[int]:
    """Return the numbers of the files that are there."""
    return {path.stat().st_ino for path in _files(source)}


def _has_others(source: str, known: frozenset[int]) -> bool:
    """Tell whether there are files that are not known."""
    return not _inodes(source) <= known


def _files(source: str) -> list[Path]:
    """List the files of a folder or a pattern, the oldest first."""
    names = [*Path(source).iterdir()] if Path(source).is_dir() else map(Path, glob.glob(source))  # noqa: PTH207  # a Path's takes no absolute pattern
    found = []
    for path in names:
        try:
            if path.is_file() and not path.name.startswith("."):
                found.append((path.stat().st_mtime_ns, path.name, path))
        except OSError:
            continue
    return [path for *_, path in sorted(found)]


def _begins_with(path: Path, magics: tuple[bytes, ...]) -> bool:
    """Tell whether a file begins with one of some bytes."""
    with path.open("rb") as file:
        return file.read(8).startswith(magics)


def _whole(how: _Source, file: GrowingFile, line: int, done: tuple[int, ...]) -> Iterator[FollowedChunk]:
    """Read a file that must be whole, when it grows no more."""
    size = -1
    while size != (size := file.path.stat().st_size):
        if not how.waiting.sleep():
            file.end = End.STOPPED
            return
    needed = None if how.columns.view else needed_of(how.columns)
    for chunk in read_chunks(file.path, format=how.format, needed=needed):
        left = chunk.after(line)
        if len(left.lines):
            yield FollowedChunk(flow_chunk(how.columns, left), file.place(int(left.lines[-1]), done), 0)
        if how.waiting.stopped.is_set():
            file.end = End.STOPPED
            return
    file.end = End.FINISHED
    file.close()


def _grown(how: _Source, file: GrowingFile, line: int, done: tuple[int, ...] = ()) -> Iterator[FollowedChunk]:
    """Read a file as it grows, from behind a line on."""
    if _begins_with(file.path, _WHOLE):
        raise DataError(
            f"{file.path}: is Parquet or compressed, which cannot be read as it grows; follow its folder"
        )
    for chunk, text in _live_chunks(how, file, str(file.path)):
        left = chunk.after(line)
        if len(left.lines):
            yield FollowedChunk(_flows(how, left, text), file.place(int(left.lines[-1]), done), file.lag)
    file.close()


def _live_chunks(how: _Source, stream: GrowingFile | Pipe, name: str) -> Iterator[tuple[Chunk, Text]]:
    """Read the chunks of a stream that goes on; one that ends before its first row has none."""
    text = Text(stream, name, live=True)
    needed = None if how.columns.view else needed_of(how.columns)
    n_rows = 0
    try:
        for chunk in read_text(text, how.format, needed=needed):
            n_rows += len(chunk.lines)
            yield chunk, text
    except DataError:
        if n_rows or not _has_ended(stream):
            raise


def _has_ended(stream: GrowingFile | Pipe) -> bool:
    """Tell whether a stream gives no more."""
    return stream.is_stopped or (isinstance(stream, GrowingFile) and stream.end is not None)


def _flows(how: _Source, chunk: Chunk, text: Text) -> FlowChunk:
    """Make flows, and count the lines that were left out before them."""
    flows = flow_chunk(how.columns, chunk)
    n_faulty, text.n_faulty = text.n_faulty, 0
    return replace(
        flows, n_dropped=flows.n_dropped + n_faulty, fault=flows.fault or (text.fault if n_faulty else None)
    )
