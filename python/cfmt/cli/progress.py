"""Progress on stderr: live bars on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cfmt.errors import printable
from cfmt.experiment.events import Events, Silence

if TYPE_CHECKING:
    from cfmt.federated.evaluation import CurvePoint
    from cfmt.federated.methods import Method
    from cfmt.federated.state import RoundReport

__all__ = ["Bars", "Lines", "choose_reporter"]


class _Run:
    """Figures of the run that is under way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rounds = 0
        self.clients = 0
        self.seconds = 0.0
        self.last = ""
        self._first: tuple[int, float] | None = None  # clients that were told of first in the round, and when

    def pace(self, done: int) -> float:
        """Clients per second of the round that is under way, since it was first told of; 0 until then."""
        if self._first is None:
            self._first = done, time.monotonic()
        first, began = self._first
        return (done - first) / max(time.monotonic() - began, 1e-9)

    def add(self, report: RoundReport, point: CurvePoint) -> None:
        """Take in a round: its clients, its seconds, and the loss and ROC-AUC that it ended with."""
        self.rounds, self._first = report.round, None
        self.clients += report.n_clients
        self.seconds += report.seconds
        self.last = f"loss {report.loss:.3f}, test ROC-AUC {point.roc_auc:.3f}"

    @property
    def speed(self) -> str:
        """Clients that were trained in a second, over all rounds so far, as text."""
        return f"{self.clients / max(self.seconds, 1e-9):,.0f} clients/s"

    @property
    def summary(self) -> str:
        """One line on the run: name, last figures, speed and time."""
        return f"{self.name}: {self.last}, {self.speed}, {self.seconds:.1f} s"


class Lines(Silence):
    """A line for each finished run, and every few seconds within one.

    Parameters
    ----------
    console : Console
        Writes to stderr.
    rounds : int
        Rounds of a run.
    n_runs : int
        Runs to come.
    every : float, default=10.0
        Seconds between lines within a run.
    """

    def __init__(self, console: Console, rounds: int, n_runs: int, *, every: float = 10.0) -> None:
        self._console, self._rounds, self._n_runs, self._every = console, rounds, n_runs, every
        self._run: _Run | None = None
        self._done = 0
        self._told = time.monotonic()

    def note(self, text: str) -> None:
        """Write a line."""
        self._console.print(escape(printable(text)), soft_wrap=True, highlight=False)

    def skip(self, n_runs: int) -> None:
        """Count the runs, and write a line."""
        self._done += n_runs
        if n_runs:
            self.note(f"note: {n_runs} of {self._n_runs} runs are finished already")

    def on_clients(self, method: Method, seed: int, done: int, total: int) -> None:
        """Write a line on the round if the last one is some time ago."""
        self._run = self._run or _Run(f"{method.name} seed {seed}")
        pace = self._run.pace(done)
        if pace > 0 and done < total and time.monotonic() - self._told >= self._every:
            where = f"{self._run.name}: round {self._run.rounds + 1}/{self._rounds}"
            left = f"{(total - done) / pace:.0f} s left in the round"
            self.note(f"{where}, {done:,} of {total:,} clients, {pace:,.0f} clients/s, {left}")
            self._told = time.monotonic()

    def on_round(self, method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Count the round, and write a line if the last one is some time ago."""
        self._run = self._run or _Run(f"{method.name} seed {seed}")
        self._run.add(report, point)
        if time.monotonic() - self._told >= self._every and report.round < self._rounds:
            self.note(
                f"{self._run.name}: round {report.round}/{self._rounds}, {self._run.last}, {self._run.speed}"
            )
            self._told = time.monotonic()

    def on_run(self, method: Method, seed: int) -> None:
        """Write a line on the whole run."""
        self._done += 1
        if self._run is not None:
            self.note(f"[{self._done}/{self._n_runs}] {self._run.summary}")
        self._run, self._told = None, time.monotonic()


class Bars(Lines):
    """A bar for the run that is under way and one for all runs; a line stays for each finished run.

    Parameters
    ----------
    console : Console
        Writes to stderr, a terminal.
    rounds : int
        Rounds of a run.
    n_runs : int
        Runs to come.
    """

    def __init__(self, console: Console, rounds: int, n_runs: int) -> None:
        super().__init__(console, rounds, n_runs, every=float("inf"))
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
            transient=True,
        )
        self._all = self._bars.add_task(
            "all", total=n_runs * rounds, unit="rounds", speed="", visible=n_runs > 1
        )
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def skip(self, n_runs: int) -> None:
        """Start the bar of all runs further on."""
        super().skip(n_runs)
        self._bars.update(self._all, completed=n_runs * self._rounds)

    def on_clients(self, method: Method, seed: int, done: int, total: int) -> None:
        """Move the bars on by a part of a round."""
        super().on_clients(method, seed, done, total)
        if self._run is not None and done < total:
            speed = f"{done:,} of {total:,} clients, {self._run.pace(done):,.0f}/s"
            self._move(self._run, self._run.rounds + done / total, speed)

    def on_round(self, method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Move the bars on."""
        super().on_round(method, seed, report, point)
        if self._run is not None:
            self._move(self._run, report.round, self._run.speed)

    def _move(self, run: _Run, rounds: float, speed: str) -> None:
        """Set both bars, making that of the run where there is none yet; parts of a round count."""
        if self._current is None:
            self._current = self._bars.add_task(run.name, total=self._rounds, unit="rounds", speed="")
        self._bars.update(self._current, completed=rounds, speed=speed)
        self._bars.update(self._all, completed=self._done * self._rounds + rounds)

    def on_run(self, method: Method, seed: int) -> None:
        """Put a line in the place of the run's bar."""
        super().on_run(method, seed)
        if self._current is not None:
            self._bars.remove_task(self._current)
        self._current = None


def choose_reporter(rounds: int, n_runs: int, *, quiet: bool) -> Events:
    """Choose how to tell of progress.

    Parameters
    ----------
    rounds : int
        Rounds of a run.
    n_runs : int
        Runs to come.
    quiet : bool
        Tell nothing at all.

    Returns
    -------
    Events
        Live bars if stderr is a terminal, else lines.
    """
    if quiet:
        return Silence()
    console = Console(stderr=True)
    return Bars(console, rounds, n_runs) if console.is_terminal else Lines(console, rounds, n_runs)
