"""``cfmt score --follow``: scoring that stays at work until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cfmt.cli.durations import duration
from cfmt.cli.errors import tell
from cfmt.errors import ConfigError

if TYPE_CHECKING:
    from threading import Event

    from cfmt.alerts import LiveState, ScoreRun

__all__ = ["Follow", "follow"]


class Follow(NamedTuple):
    """What the options say of it."""

    detector: Path
    source: str
    format: str
    out: Path | None
    state: Path | None
    poll: str
    every: str
    from_end: bool
    quiet: bool


def follow(run: ScoreRun, asked: Follow) -> None:
    """Score what comes, until a signal comes or a pipe ends.

    Parameters
    ----------
    run : ScoreRun
    asked : Follow
    """
    from cfmt.alerts import CsvScores, LiveState, StayAtWork
    from cfmt.data.following import Waiting, follow_flows
    from cfmt.files import sha256_of

    columns = run.detector.columns
    if columns is None:
        raise ConfigError(
            "--follow: this detector reads NSL-KDD's format, which no exporter writes; "
            "train one on a flow table of yours"
        )
    source = asked.source if asked.source == "-" else os.path.abspath(asked.source)  # noqa: PTH100  # a pattern stays one
    state = LiveState(sha256_of(asked.detector.read_bytes()), source)
    if asked.state is not None:
        if asked.source == "-":
            raise ConfigError(f"--state {asked.state}: a pipe has no place to go on at; follow a file")
        state = LiveState.load(asked.state, detector=state.detector, source=source)
    if state.n_waiting:
        run.note(
            f"warning: {state.n_waiting:,} alerts were waiting to be one when the last run was killed; "
            "they were not written"
        )
    waiting = Waiting(poll=duration("--poll", asked.poll).total_seconds(), note=run.note)
    every = duration("--every", asked.every).total_seconds()
    with _output(asked.out, state) as (output, state), _until_signal(waiting.stopped):
        if state.size and isinstance(run.writer, CsvScores):
            run.writer = CsvScores(header=False)
        work = StayAtWork(run, output, state, asked.state, every=every)
        if not asked.quiet:
            work.tell = tell
        waiting.tick = work.tick
        work.over(
            follow_flows(
                columns,
                asked.source,
                waiting,
                format=asked.format,
                place=state.place,
                from_end=asked.from_end,
            )
        )


@contextmanager
def _output(out: Path | None, state: LiveState) -> Iterator[tuple[BinaryIO, LiveState]]:
    """Open the output; a file goes on behind what the state says was written."""
    from dataclasses import replace

    if out is None:
        yield sys.stdout.buffer, replace(state, size=None)
        return
    with out.open("ab") as file:
        if state.size is not None:
            file.truncate(min(state.size, file.seek(0, os.SEEK_END)))
        file.seek(0, os.SEEK_END)
        yield file, replace(state, size=file.tell())


@contextmanager
def _until_signal(stopped: Event) -> Iterator[None]:
    """End in good order when SIGTERM or SIGINT comes; a second one ends at once."""

    def stop(number: int, frame: object) -> None:
        """End in good order, and let the next signal do what it did before."""
        stopped.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
