"""A file of finished runs: what is wanted and there is kept, what is missing is run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfmt.files import append_line, read_json_lines, write_atomic
from cfmt.strict_json import dumps

__all__ = ["Progress", "WantedRun", "complete"]

Progress = Callable[[str], None]
Line = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class WantedRun:
    """A run that a file is to hold.

    Parameters
    ----------
    method : str
        Name of the method.
    seed : int
        Seed of the run.
    fold : int or None
        Fold that it is scored on; None where there are no folds.
    fingerprint : str
        Of everything that decides the run but its seed, the fold among it.
    run : callable
        Runs it, and returns the line that the file gets.
    """

    method: str
    seed: int
    fold: int | None
    fingerprint: str
    run: Callable[[], Line]

    @property
    def key(self) -> tuple[str, int, str]:
        """What tells the run from all others."""
        return self.method, self.seed, self.fingerprint

    def __str__(self) -> str:
        fold = "" if self.fold is None else f" fold {self.fold}"
        return f"{self.method} seed {self.seed}{fold}"


def complete(
    path: Path,
    heading: Line,
    wanted: Sequence[WantedRun],
    *,
    has_all: Callable[[Line], bool],
    tell: Progress,
    rerun: Collection[str] = (),
) -> None:
    """Run what a file lacks; each run is on the disk as it ends.

    Runs are kept by method, seed and fingerprint: those under other settings, or that lack a figure which
    runs have today, are dropped from the file. What the code does with the settings is not known to the file:
    after a change to a method, run it again.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    heading : mapping of str to object
        First line, written anew unless there is nothing to do.
    wanted : sequence of WantedRun
        In the order in which they are run; the file has them by method, seed and fold.
    has_all : callable
        Whether a line has every figure that runs have today.
    tell : callable
        Gets a line for each run, without any figure of it.
    rerun : collection of str, default=()
        Methods to run again, with their ablations.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = read_json_lines(path)[1:]
    folds = {one.key: one.fold or 0 for one in wanted}
    order = list(dict.fromkeys(one.method for one in wanted))

    def place(line: Line) -> tuple[int, int, int]:
        return order.index(line["method"]), line["seed"], folds[_key(line)]

    kept = [line for line in lines if _key(line) in folds and has_all(line)]
    kept = [line for line in kept if not _is_of(line["method"], rerun)]
    if len(kept) < len(lines):
        tell(f"{path.stem}: {len(lines) - len(kept)} runs under other settings or to run again are dropped")
    done = {_key(line) for line in kept}
    missing = [one for one in wanted if one.key not in done]
    if not missing and path.exists() and lines == sorted(kept, key=place):
        return  # the heading there says what made the runs
    _write(path, heading, kept)
    for number, one in enumerate(missing, start=len(done) + 1):
        started = time.perf_counter()
        append_line(path, dumps(one.run()))
        tell(f"{path.stem} [{number}/{len(wanted)}] {one}: {time.perf_counter() - started:.1f} s")
    _write(path, heading, sorted(read_json_lines(path)[1:], key=place))


def _key(line: Line) -> tuple[str, int, str]:
    return line["method"], line["seed"], line["fingerprint"]


def _is_of(method: str, names: Collection[str]) -> bool:
    """Whether a method is one of some, or an ablation of one."""
    return any(method == name or method.startswith(f"{name}-") for name in names)


def _write(path: Path, heading: Line, lines: Sequence[Line]) -> None:
    write_atomic(path, "".join(dumps(entry) + "\n" for entry in (heading, *lines)))
