"""A study as a small file: one line that says what was run, then one line for each finished run.

These files are what docs/results.md is made of. They hold figures and no rows of data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from cfmt.errors import RunDirectoryError
from cfmt.experiment.setting import Setting
from cfmt.federated.evaluation import CurvePoint
from cfmt.federated.simulation import Run
from cfmt.files import read_json_lines
from cfmt.partition import PartitionSpec
from cfmt.report.labels import METRICS
from cfmt.strict_json import numbers, plain

__all__ = ["Heading", "ResultRow", "Study", "read_results", "read_study"]

Row = TypeVar("Row")

_DIGITS = 6  # of a figure; the fourth is the last that is shown
_CURVE_DIGITS = 4


@dataclass(frozen=True)
class Heading:
    """What was run.

    Parameters
    ----------
    study : str
        Name of the scenario, or of a study beside the scenarios.
    summary : str
        What is particular about it.
    data : str
        Name of the data set.
    synthetic : bool
        Whether the traffic is generated.
    partition : dict of str to object
        Arguments of :class:`cfmt.partition.PartitionSpec`.
    seeds : tuple of int
        Seeds that were asked for.
    rounds : int
        Rounds of a run.
    quick : bool
        Whether this is the short form, which proves nothing.
    threshold : tuple of str
        Threshold rules, the main one first.
    settings : dict of str to dict of str to object
        For each tuned method, what was found for it.
    ablations : tuple of str
        Names of the methods that are CFMT with one thing changed.
    environment : dict of str to object
        Software, machine class and commit.
    folds : int, default=1
        Folds of attack types, each left out of training in its turn; 1 where nothing was.
    """

    study: str
    summary: str
    data: str
    synthetic: bool
    partition: dict[str, Any]
    seeds: tuple[int, ...]
    rounds: int
    quick: bool
    threshold: tuple[str, ...]
    settings: dict[str, dict[str, Any]]
    ablations: tuple[str, ...]
    environment: dict[str, Any]
    folds: int = 1

    @property
    def opening(self) -> str:
        """The summary, with the capital of a sentence."""
        return f"{self.summary[0].upper()}{self.summary[1:]}"

    @property
    def setting(self) -> Setting:
        """The setting, for titles."""
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in self.partition.items()
        }
        return Setting(self.data, self.synthetic, PartitionSpec(**given), self.seeds)

    def to_entry(self) -> dict[str, Any]:
        """Return what the first line of the file holds."""
        entry: dict[str, Any] = plain(asdict(self))
        return entry

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Heading:
        """Read the first line of a file."""
        lists = {name: tuple(entry[name]) for name in ("seeds", "threshold", "ablations")}
        return cls(**{**entry, **lists})


@dataclass(frozen=True)
class ResultRow:
    """A finished run: final figures and learning curve.

    Parameters
    ----------
    method : str
        Name of the method.
    seed : int
        Seed of the run.
    fingerprint : str
        Of everything that decides the run but its seed; a run under other settings has another.
    metrics : dict of str to dict of str to float
        For each test set, the main one first, what :meth:`cfmt.federated.simulation.Run.metrics` returns.
    curve : tuple of CurvePoint
        One for each round, on the main test set.
    """

    method: str
    seed: int
    fingerprint: str
    metrics: dict[str, dict[str, float]]
    curve: tuple[CurvePoint, ...]

    @staticmethod
    def has_all(entry: Mapping[str, Any]) -> bool:
        """Whether a line has every figure that runs have today; one of an older cfmt has not."""
        return all(figures.keys() >= set(METRICS) for figures in entry["metrics"].values())

    @classmethod
    def of(cls, run: Run, fingerprint: str) -> ResultRow:
        """Keep what is worth keeping of a run, rounded to what is shown and two digits more."""
        metrics = {
            test: {name: float(f"{value:.{_DIGITS}g}") for name, value in run.metrics(test).items()}
            for test in run.evaluation.tests
        }
        curve = (CurvePoint(*(round(x, _CURVE_DIGITS) for x in _values(point))) for point in run.curve)
        return cls(run.method.name, run.seed, fingerprint, metrics, tuple(curve))

    def to_entry(self) -> dict[str, Any]:
        """Return what a line of the file holds."""
        curve = {field.name: [getattr(p, field.name) for p in self.curve] for field in fields(CurvePoint)}
        entry: dict[str, Any] = plain(
            {
                "method": self.method,
                "seed": self.seed,
                "fingerprint": self.fingerprint,
                "metrics": self.metrics,
                "curve": curve,
            }
        )
        return entry

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> ResultRow:
        """Read a line of a file."""
        curve = numbers(entry["curve"])
        points = zip(*(curve[field.name] for field in fields(CurvePoint)), strict=True)
        return cls(
            entry["method"],
            entry["seed"],
            entry["fingerprint"],
            numbers(entry["metrics"]),
            tuple(CurvePoint(*point) for point in points),
        )


@dataclass(frozen=True)
class Study:
    """What a file of results holds.

    Parameters
    ----------
    heading : Heading
        What was run.
    rows : tuple of ResultRow
        The finished runs, by method in the order in which they were first run, then by seed.
    """

    heading: Heading
    rows: tuple[ResultRow, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods that have runs."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    def of(self, *, ablations: bool) -> tuple[ResultRow, ...]:
        """Return the methods side by side, or CFMT with its ablations."""
        apart = set(self.heading.ablations)
        if ablations:
            return tuple(row for row in self.rows if row.method in apart or row.method == "cfmt")
        return tuple(row for row in self.rows if row.method not in apart)


def read_study(path: Path) -> Study:
    """Read a file of results.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Study

    Raises
    ------
    RunDirectoryError
        If it is missing, empty, damaged, or of another form.
    """
    return Study(*read_results(path, ResultRow.from_entry))


def read_results(path: Path, of: Callable[[Mapping[str, Any]], Row]) -> tuple[Heading, tuple[Row, ...]]:
    """Read a file of results whose runs have a form of their own.

    Parameters
    ----------
    path : Path
        The file.
    of : callable
        Reads a line that is not the first.

    Returns
    -------
    heading : Heading
    rows : tuple
        In the order of the file.

    Raises
    ------
    RunDirectoryError
        If it is missing, empty, damaged, or of another form.
    """
    lines = read_json_lines(path)
    if not lines:
        raise RunDirectoryError(f"{path}: holds no results; make them with: make results")
    try:
        return Heading.from_entry(lines[0]), tuple(of(line) for line in lines[1:])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{path}: is of another form ({error}); remove it and run it again"
        ) from error


def _values(point: CurvePoint) -> tuple[float, ...]:
    return tuple(getattr(point, field.name) for field in fields(CurvePoint))
