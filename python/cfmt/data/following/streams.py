"""Bytes that go on: of a file that grows, or of a pipe."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from cfmt.data.following.place import HEAD, Place, head_of
from cfmt.data.following.waiting import Waiting

__all__ = ["End", "GrowingFile", "Pipe"]

_PIECE = 1 << 22  # bytes of one read, at most: what was read is scored before more is


class End(StrEnum):
    """Why a file gives no more."""

    STOPPED = "stopped"
    REPLACED = "replaced"
    CUT = "cut"
    FINISHED = "finished"


class GrowingFile:
    """A file that is read as it grows, until another one has its name or it was cut off.

    Parameters
    ----------
    path : Path
        It must be there.
    waiting : Waiting
        Between two looks.
    is_finished : callable, optional
        Whether no more comes; asked where all was read, and twice before it is believed. Without it, the
        file ends when another one has its name.
    """

    def __init__(self, path: Path, waiting: Waiting, is_finished: Callable[[], bool] | None = None) -> None:
        self.path = path
        self.end: End | None = None
        self._waiting, self._is_finished = waiting, is_finished
        self._file = path.open("rb")
        self._at, self._quiet, self._is_missing = 0, 0, False
        self.inode = os.fstat(self._file.fileno()).st_ino
        self._head = head_of(self._file.fileno())

    @property
    def is_stopped(self) -> bool:
        """Whether a last line has no end because reading was stopped, or the file was cut off."""
        return self.end in (End.STOPPED, End.CUT)

    @property
    def lag(self) -> int:
        """Bytes that are there and were not read."""
        return max(0, os.fstat(self._file.fileno()).st_size - self._at)

    def place(self, line: int, done: tuple[int, ...] = ()) -> Place:
        """Return the place of a line in it."""
        return Place(str(self.path), self.inode, *self._head, line, done)

    def read(self, n: int) -> bytes:
        """Give what is there, at most n bytes; wait where nothing is; none mean the end."""
        while self.end is None:
            if self._waiting.stopped.is_set():
                self.end = End.STOPPED
            elif self._was_cut():
                self.end = End.CUT
            elif piece := os.pread(self._file.fileno(), min(n, _PIECE), self._at):
                self._at += len(piece)
                self._quiet = 0
                return piece
            else:
                self._wait()
        return b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _wait(self) -> None:
        """Let some time go by, and see what has become of the file."""
        is_over = self._is_finished or self._is_replaced
        if is_over():
            self._quiet += 1
            if self._quiet > 2:
                self.end = End.FINISHED if self._is_finished else End.REPLACED
                return
        if not self._waiting.sleep():
            self.end = End.STOPPED

    def _is_replaced(self) -> bool:
        """Tell whether another file has the name."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            if not self._is_missing:
                self._is_missing = True
                self._waiting.note(f"note: {self.path}: is gone; waiting for a new one")
            return False
        self._is_missing = False
        return inode != self.inode

    def _was_cut(self) -> bool:
        """Tell whether the file is shorter than what was read, or begins otherwise."""
        descriptor = self._file.fileno()
        if os.fstat(descriptor).st_size < self._at or head_of(descriptor, self._head[1]) != self._head:
            return True
        if self._head[1] < min(self._at, HEAD):
            self._head = head_of(descriptor)
        return False


class Pipe:
    """Standard input, read as it comes.

    Parameters
    ----------
    descriptor : int
        Of the pipe.
    waiting : Waiting
    """

    def __init__(self, descriptor: int, waiting: Waiting) -> None:
        self.is_stopped = False
        self.lag = 0
        self._descriptor, self._waiting = descriptor, waiting

    def read(self, n: int) -> bytes:
        """Give what is there, at most n bytes; wait where nothing is; none mean the end."""
        if not self._waiting.until_readable(self._descriptor):
            self.is_stopped = True
            return b""
        return os.read(self._descriptor, min(n, _PIECE))
