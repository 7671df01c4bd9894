"""A detector that stays at work: where its output goes, how far it is, and what it tells of itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cfmt.data.following import FollowedChunk, Place
from cfmt.errors import DataError
from cfmt.files import write_atomic

if TYPE_CHECKING:
    from cfmt.alerts.scoring import ScoreRun

__all__ = ["LiveState", "StayAtWork"]

_FORMAT = 1
_SAVE_EVERY = 1.0  # seconds at least between two writings of the state


@dataclass(frozen=True)
class LiveState:
    """How far a detector is with an input, kept in a file.

    Parameters
    ----------
    detector : str
        SHA-256 of its file.
    source : str
        The input's name.
    place : Place or None
        The last flow whose score was written; None before the first.
    size : int or None
        Bytes of the output file with it; None where the output is no file.
    n_waiting : int, default=0
        Alerts that wait for others to be one with them, and were not written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.alerts import LiveState
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "state.json")
    ...     LiveState("0" * 64, "conn.log", None, 120).save(path)
    ...     LiveState.load(path, detector="0" * 64, source="conn.log").size
    120
    """

    detector: str
    source: str
    place: Place | None = None
    size: int | None = None
    n_waiting: int = 0

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Parameters
        ----------
        path : Path
        """
        place = self.place and self.place.to_dict()
        told = {
            "format": _FORMAT,
            "detector": self.detector,
            "source": self.source,
            "place": place,
            "size": self.size,
            "waiting": self.n_waiting,
        }
        write_atomic(path, json.dumps(told) + "\n")

    @classmethod
    def load(cls, path: Path, *, detector: str, source: str) -> LiveState:
        """Read it; where there is none, it begins.

        Parameters
        ----------
        path : Path
        detector, source : str
            Whose it must be.

        Returns
        -------
        LiveState

        Raises
        ------
        DataError
            If it is damaged, or that of another detector or input.
        """
        try:
            values = json.loads(path.read_text())
            place = values["place"]
            found = cls(
                str(values["detector"]),
                str(values["source"]),
                None if place is None else Place.from_dict(place),
                None if values["size"] is None else int(values["size"]),
                int(values["waiting"]),
            )
            is_known = values["format"] == _FORMAT
        except FileNotFoundError:
            return cls(detector, source)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"--state {path}: cannot be read ({error}); remove it to begin anew") from error
        if not is_known:
            raise DataError(f"--state {path}: was written by another cfmt; remove it to begin anew")
        for what, own, given in (("detector", found.detector, detector), ("input", found.source, source)):
            if own != given:
                raise DataError(
                    f"--state {path}: is that of another {what}; name another file, or remove this one"
                )
        return found


@dataclass
class StayAtWork:
    """Scores flows as they come, writes them, and keeps how far it is.

    What was written is flushed to the disk before the state says so. An output file that is longer than the
    state says is cut to its size at the start, so each flow stands in it once, however the last run ended.

    Parameters
    ----------
    run : ScoreRun
    output : file object
        For bytes.
    state : LiveState
        How far it is.
    path : Path or None
        Where the state is kept.
    tell : callable
        Is told the counts now and then.
    every : float
        Seconds between two of them.
    """

    run: ScoreRun
    output: BinaryIO
    state: LiveState
    path: Path | None = None
    tell: Callable[[str], None] = lambda text: None
    every: float = 10.0
    _told: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)
    _lag: int = 0
    _place: Place | None = None

    def over(self, chunks: Iterable[FollowedChunk]) -> None:
        """Score chunks until there are no more.

        Parameters
        ----------
        chunks : iterable of FollowedChunk
        """
        if self.path is not None:
            self.state.save(self.path)
        try:
            for chunk in chunks:
                self._write(self.run.one(chunk.flows))
                self._place, self._lag = chunk.place, chunk.lag
                self._now_and_then()
        finally:
            self._write(self.run.writer.close())
            self._save()
        self._lag = 0
        self.tell(self._counts())

    def tick(self) -> None:
        """Do what is due while nothing comes."""
        self._lag = 0
        self._write(self.run.writer.due(datetime.now(UTC)))
        self._save()
        self._now_and_then()

    def _write(self, text: str) -> None:
        """Write at once."""
        if text:
            self.output.write(text.encode())
            self.output.flush()

    def _now_and_then(self) -> None:
        """Tell the counts and save the state, each when its time has come."""
        now = time.monotonic()
        if now - self._saved >= _SAVE_EVERY:
            self._save()
        if now - self._told >= self.every:
            self._told = now
            self.tell(self._counts())

    def _save(self) -> None:
        """Keep how far it is, where that is asked for and has changed."""
        self._saved = time.monotonic()
        if self.path is None or self._place is None:
            return
        is_file = self.state.size is not None
        size = self.output.tell() if is_file else None
        state = replace(self.state, place=self._place, size=size, n_waiting=self.run.writer.n_waiting)
        if state != self.state:
            if is_file:
                os.fsync(self.output.fileno())
            state.save(self.path)
            self.state = state

    def _counts(self) -> str:
        """Write the counts on one line."""
        behind = f", {self._lag:,} bytes behind" if self._lag else ""
        return self.run.counts.line() + behind
