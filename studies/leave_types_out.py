"""What each part is worth on attack types that training lacked: the lines of a study, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cfmt.errors import RunDirectoryError
from cfmt.experiment.fold_score import CRITERION, FoldScore, score_of
from cfmt.experiment.statistics import summarise_runs
from cfmt.report.tables import sorted_names
from studies.markdown import differences_table, methods_table
from studies.study import Heading, read_results

__all__ = ["FoldRow", "leave_types_out_name", "leave_types_out_report"]

_SHOWN = (*CRITERION, "score", "roc_auc")
_TITLE = "## What each part is worth on attack types left out of training\n"
_TEXT = """\
Training rows alone, judged on attack types that training lacked: unlike scores on {test}, these may be used
to choose, and they do not say how a method does on the traffic of {test}.
"""
_TUNED = """\
They favour the settings that were found for a method over an ablation of them, because the search judged on
the same rows of the fold, with other seeds.
"""
_SCENARIO = """\
{opening}.
Traffic: {data}; {rounds} rounds, seeds {first} to {last}. Means are over {folds} folds of attack types first,
then over seeds; *score* is the mean of the two macro averages over attack types. Of {n} differences that
are none, about one in twenty excludes 0.
"""


@dataclass(frozen=True)
class FoldRow:
    """A finished run, judged on one fold of attack types left out of training.

    Parameters
    ----------
    method : str
        Name of the method.
    fingerprint : str
        Of everything that decides the run but its seed, the fold among it.
    judged : FoldScore
        Fold, seed and figures.
    """

    method: str
    fingerprint: str
    judged: FoldScore

    @staticmethod
    def has_all(entry: Mapping[str, Any]) -> bool:
        """Whether a line has every figure that runs have today."""
        return entry.keys() >= {field.name for field in fields(FoldScore)}

    def to_entry(self) -> dict[str, Any]:
        """Return what a line of the file holds."""
        return {"method": self.method, "fingerprint": self.fingerprint, **asdict(self.judged)}

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> FoldRow:
        """Read a line of the file."""
        figures = dict(entry)
        return cls(figures.pop("method"), figures.pop("fingerprint"), FoldScore(**figures))


def leave_types_out_name(scenario: str) -> str:
    """Name the study of a scenario on attack types left out of training."""
    return f"leave-types-out-{scenario}"


def leave_types_out_report(folder: Path, scenarios: Sequence[str], *, ours: str, test: str) -> Iterator[str]:
    """Write the part of the results page on attack types left out of training.

    Parameters
    ----------
    folder : Path
        Folder of the files of results.
    scenarios : sequence of str
        In the order of the page; those without a file are left out.
    ours : str
        Method from which the others' differences are taken.
    test : str
        Name of the test set, which has no part in this.

    Yields
    ------
    str
        Parts of the page; none where there is no file.

    Raises
    ------
    RunDirectoryError
        If a file is damaged, lacks runs, or mixes runs under different settings.
    """
    files = {name: folder / f"{leave_types_out_name(name)}.jsonl" for name in scenarios}
    found = {name: _whole(path) for name, path in files.items() if path.exists()}
    if found:
        yield _TITLE
        yield _TEXT.format(test=test)
    if any(heading.settings for heading, _ in found.values()):
        yield _TUNED
    for name, (heading, rows) in found.items():
        yield from _scenario(name, heading, rows, ours)


def _whole(path: Path) -> tuple[Heading, tuple[FoldRow, ...]]:
    """Read a study, and refuse one of which runs are missing or of different settings."""
    heading, rows = read_results(path, FoldRow.from_entry)
    wanted = sorted((seed, fold) for seed in heading.seeds for fold in range(heading.folds))
    methods = dict.fromkeys(row.method for row in rows)
    for method in methods:
        own = [row for row in rows if row.method == method]
        if sorted((row.judged.seed, row.judged.fold) for row in own) != wanted:
            raise RunDirectoryError(f"{path}: lacks some runs of {method}; resume with: make results")
        if len({(row.judged.fold, row.fingerprint) for row in own}) != heading.folds:
            raise RunDirectoryError(
                f"{path}: mixes runs of {method} under different settings; resume with: make results"
            )
    if not methods:
        raise RunDirectoryError(f"{path}: lacks all runs; resume with: make results")
    return heading, rows


def _scenario(name: str, heading: Heading, rows: Sequence[FoldRow], ours: str) -> Iterator[str]:
    runs = {
        method: [_over_folds(rows, method, seed) for seed in heading.seeds]
        for method in dict.fromkeys(row.method for row in rows)
    }
    methods, differences = summarise_runs(runs, baseline=ours)
    order = sorted_names(methods, "score")
    yield f"### {name}\n"
    yield _SCENARIO.format(
        opening=heading.opening,
        data="SYNTHETIC, which says nothing about real traffic" if heading.synthetic else heading.data,
        first=heading.seeds[0],
        last=heading.seeds[-1],
        rounds=heading.rounds,
        folds=heading.folds,
        n=len(differences),
    )
    yield methods_table(methods, order, _SHOWN)
    ordered = {method: differences[method] for method in order if method in differences}
    yield differences_table(ordered, ("score",), first=f"minus `{ours}`")


def _over_folds(rows: Sequence[FoldRow], method: str, seed: int) -> dict[str, float]:
    """Average the figures of a method's seed over the folds; NaN where a fold has no figure."""
    own = [row.judged for row in rows if row.method == method and row.judged.seed == seed]
    figures = {name: [getattr(one, name) for one in own] for name in _SHOWN if name != "score"}
    means = {name: float(np.mean(np.array(values, np.float64))) for name, values in figures.items()}
    score = score_of(own)
    return means | {"score": float("nan") if score is None else score}
