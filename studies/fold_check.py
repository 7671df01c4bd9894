"""What the check of the folds found: its log, rank correlations, and their table on the results page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cfmt.errors import ConfigError, RunDirectoryError
from cfmt.experiment.statistics import rank_correlation
from cfmt.files import read_json_lines
from cfmt.report.labels import format_number
from cfmt.streams import generator
from studies.markdown import markdown_table

__all__ = [
    "COLUMNS",
    "CRITERIA",
    "LOG",
    "OFFICIAL",
    "Correlation",
    "Scored",
    "cells_of",
    "check_report",
    "correlations",
]

LOG = "fold-check.jsonl"
OFFICIAL = "official"
CRITERIA: Mapping[str, str] = {
    "types": "types left out, macro average (the search)",
    "types-micro": "types left out, micro average",
    "random": "random rows, micro average",
}
"""What settings might be chosen by, and what it is called."""
COLUMNS = ("fold", "rank correlation", "95 % interval", "within a method", "trials")

_RESAMPLES = 2000
_TEXT = """\
Spearman's rank correlation, over the random trials of the search, between a trial's score on folds of
the training rows and its score on the test file, (ROC-AUC + F1 at the threshold) / 2 micro-averaged; the
interval is of trials drawn again. It was measured by `python -m studies.check_folds check` after those
trials, and chose
nothing.
"""


@dataclass(frozen=True)
class Scored:
    """A trial by one criterion.

    Parameters
    ----------
    method : str
        Method that was tried.
    trial : int
        Number of the trial.
    criterion : str
        A key of ``CRITERIA``, or ``OFFICIAL``: what it was judged by.
    score : float or None
        Mean of (ROC-AUC + F1 at the threshold) / 2; None where a run had no figure.
    """

    method: str
    trial: int
    criterion: str
    score: float | None


@dataclass(frozen=True)
class Correlation:
    """How a criterion orders trials, beside how the test file does.

    Parameters
    ----------
    criterion : str
        A key of ``CRITERIA``.
    rho : float
        Spearman's rank correlation with the test file over all trials of all methods.
    low, high : float
        Bounds of its 95 % interval, by resampling trials.
    within : float
        Mean over methods of the correlation among a method's own trials.
    n_trials : int
        Trials with a score by every criterion.
    """

    criterion: str
    rho: float
    low: float
    high: float
    within: float
    n_trials: int


def correlations(scored: Sequence[Scored], *, seed: int = 0) -> tuple[Correlation, ...]:
    """Correlate what the criteria say of trials with what the test file says.

    Parameters
    ----------
    scored : sequence of Scored
        Every trial by every criterion and on the test file.
    seed : int, default=0
        Seed of the resampling.

    Returns
    -------
    tuple of Correlation
        One for each of ``CRITERIA``.

    Raises
    ------
    ConfigError
        If fewer than three trials have a score everywhere.
    """
    by_trial: dict[tuple[str, int], dict[str, float]] = {}
    for one in scored:
        if one.score is not None:
            by_trial.setdefault((one.method, one.trial), {})[one.criterion] = one.score
    whole = {key: scores for key, scores in by_trial.items() if scores.keys() >= {*CRITERIA, OFFICIAL}}
    if len(whole) < 3:
        raise ConfigError(f"a correlation needs at least 3 trials with a score everywhere, got {len(whole)}")
    methods = np.array([method for method, _ in whole])
    official = np.array([scores[OFFICIAL] for scores in whole.values()])
    values = {name: np.array([scores[name] for scores in whole.values()]) for name in CRITERIA}
    return tuple(_correlation(name, values[name], official, methods, seed) for name in CRITERIA)


def cells_of(found: Correlation) -> tuple[str, ...]:
    """Write a correlation as a row under ``COLUMNS``."""
    rho, low, high, within = (
        format_number(value, 2, signed=True) for value in (found.rho, found.low, found.high, found.within)
    )
    return CRITERIA[found.criterion], rho, f"{low} to {high}", within, str(found.n_trials)


def check_report(folder: Path | None, test: str) -> Iterator[str]:
    """Write the part of the results page on every check in a folder.

    Parameters
    ----------
    folder : Path or None
        Folder of the search.
    test : str
        Name of the test set.

    Yields
    ------
    str
        Parts of the page; none where there is no log.

    Raises
    ------
    RunDirectoryError
        If a log lacks trials.
    ConfigError
        If a log has fewer than three trials with a score everywhere.
    """
    logs = sorted(folder.rglob(LOG)) if folder else []
    if logs:
        yield f"## Do the folds predict {test}?\n"
        yield _TEXT
    for log in logs:
        yield markdown_table(COLUMNS, [cells_of(found) for found in correlations(_read_whole(log))])


def _read_whole(log: Path) -> list[Scored]:
    """Read a log and refuse an unfinished one: the trials of the last methods are not left out."""
    scored = [Scored(**entry) for entry in read_json_lines(log)[1:]]
    found = {(one.method, one.trial, one.criterion) for one in scored}
    trials = {(one.method, one.trial) for one in scored}
    if len(found) != len(trials) * (len(CRITERIA) + 1):
        raise RunDirectoryError(
            f"{log}: lacks some trials; resume with: python -m studies.check_folds check {log.parent}"
        )
    return scored


def _correlation(
    criterion: str,
    on_folds: npt.NDArray[np.float64],
    official: npt.NDArray[np.float64],
    methods: npt.NDArray[np.str_],
    seed: int,
) -> Correlation:
    draws = generator(seed, "exploration", round=1)  # the search draws its trials in round 0
    picked = (draws.integers(len(official), size=len(official)) for _ in range(_RESAMPLES))
    resampled = [rank_correlation(on_folds[rows], official[rows]) for rows in picked]
    low, high = np.nanquantile(resampled, [0.025, 0.975]).tolist()
    own = [rank_correlation(on_folds[methods == m], official[methods == m]) for m in np.unique(methods)]
    known = [rho for rho in own if not np.isnan(rho)]
    within = float(np.mean(known)) if known else float("nan")
    return Correlation(criterion, rank_correlation(on_folds, official), low, high, within, len(official))
