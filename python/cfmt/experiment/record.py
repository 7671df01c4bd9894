"""What is kept of a finished run: everything that tables, plots and summaries are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, TypeVar

from cfmt.federated.evaluation import CurvePoint, Decision, Evaluation
from cfmt.federated.simulation import Run
from cfmt.federated.state import RoundReport
from cfmt.strict_json import dumps, loads, numbers

__all__ = ["Measured", "RunRecord", "by_method", "metrics_by_method", "round_entry"]

_FORMAT = 3
_CURVE = {field.name: f"test_{field.name}" for field in fields(CurvePoint)}


class Measured(Protocol):
    """What tables and plots over seeds need of a finished run.

    Examples
    --------
    >>> from cfmt.experiment.record import RunRecord, by_method
    >>> from cfmt.federated import Evaluation
    >>> nothing = Evaluation((), {}, {}, {}, ())
    >>> records = [RunRecord(name, 0, {}, nothing, (), ()) for name in ("fedavg", "cfmt")]
    >>> list(by_method(records))  # takes anything that is Measured
    ['fedavg', 'cfmt']
    """

    @property
    def method(self) -> str:
        """Name of the method."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the run."""
        ...

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """For each test set, the main one first, its figures."""
        ...

    @property
    def curve(self) -> tuple[CurvePoint, ...]:
        """One point for each round, on the main test set."""
        ...


MeasuredT = TypeVar("MeasuredT", bound=Measured)


def round_entry(report: RoundReport, point: CurvePoint) -> dict[str, Any]:
    """Join what happened in a round and how its model did on the test set.

    Parameters
    ----------
    report : RoundReport
        Its fields keep their names.
    point : CurvePoint
        Its fields get the prefix ``test_``.

    Returns
    -------
    dict of str to object

    Examples
    --------
    >>> from cfmt.experiment.record import round_entry
    >>> from cfmt.federated import CurvePoint, RoundReport
    >>> report = RoundReport(1, 5, 400, 0.6, (5,), float("nan"), float("nan"), 2000, 2020, 0.1)
    >>> entry = round_entry(report, CurvePoint(loss=0.5, roc_auc=0.9, f1=0.7))
    >>> entry["round"], entry["loss"], entry["test_loss"]
    (1, 0.6, 0.5)
    """
    return asdict(report) | {_CURVE[name]: value for name, value in asdict(point).items()}


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished run without its arrays.

    Parameters
    ----------
    method : str
        Name of the method.
    seed : int
        Seed of the run.
    metrics : dict of str to dict of str to float
        For each test set, the main one first, what :meth:`cfmt.federated.simulation.Run.metrics` returns.
    evaluation : Evaluation
        Of the model after the last round.
    reports : tuple of RoundReport
        One for each round.
    curve : tuple of CurvePoint
        One for each round, on the main test set.

    Examples
    --------
    >>> from cfmt.experiment.record import RunRecord
    >>> from cfmt.federated import Evaluation
    >>> figures = {"KDDTest+": {"roc_auc": 0.9}}
    >>> record = RunRecord("fedavg", 0, figures, Evaluation((), {}, {}, {}, ()), reports=(), curve=())
    >>> RunRecord.from_json(record.to_json()).metrics
    {'KDDTest+': {'roc_auc': 0.9}}
    """

    method: str
    seed: int
    metrics: dict[str, dict[str, float]]
    evaluation: Evaluation
    reports: tuple[RoundReport, ...]
    curve: tuple[CurvePoint, ...]

    @classmethod
    def of(cls, run: Run) -> RunRecord:
        """Keep what is worth keeping of a run."""
        return cls(
            method=run.method.name,
            seed=run.seed,
            metrics={test: run.metrics(test) for test in run.evaluation.tests},
            evaluation=run.evaluation,
            reports=run.reports,
            curve=run.curve,
        )

    def to_json(self) -> str:
        """Write the record as a JSON object that :meth:`from_json` reads back bit by bit."""
        content = {
            "format": _FORMAT,
            "method": self.method,
            "seed": self.seed,
            "metrics": self.metrics,
            "evaluation": asdict(self.evaluation),
            "rounds": [round_entry(*pair) for pair in zip(self.reports, self.curve, strict=True)],
        }
        return dumps(content, indent=1)

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """Read what :meth:`to_json` wrote.

        Parameters
        ----------
        text : str
            The JSON object.

        Returns
        -------
        RunRecord

        Raises
        ------
        ValueError
            If the text is no such record, or one of a format that this version does not know.
        """
        content = loads(text)
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise ValueError(f"format must be {_FORMAT}; a finished run of another cfmt, or none at all")
        try:
            evaluation = numbers(content["evaluation"])
            evaluation["clusters"] = tuple(evaluation["clusters"])
            evaluation["decisions"] = tuple(Decision(**decision) for decision in evaluation["decisions"])
            rounds = [_round(numbers(entry)) for entry in content["rounds"]]
            return cls(
                method=content["method"],
                seed=content["seed"],
                metrics=numbers(content["metrics"]),
                evaluation=Evaluation(**evaluation),
                reports=tuple(report for report, _ in rounds),
                curve=tuple(point for _, point in rounds),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a finished run with missing or unknown entries: {error}") from error


def by_method(records: Iterable[MeasuredT]) -> dict[str, list[MeasuredT]]:
    """Group runs by method.

    Parameters
    ----------
    records : iterable of Measured
        Such as RunRecord; in any order.

    Returns
    -------
    dict of str to list of Measured
        Methods in the order in which they come, the runs of each by seed.

    Raises
    ------
    ValueError
        If there are no runs, or two methods were not run on the same seeds.

    Examples
    --------
    >>> from cfmt.experiment.record import RunRecord, by_method
    >>> from cfmt.federated import Evaluation
    >>> nothing = Evaluation((), {}, {}, {}, ())
    >>> runs = ("cfmt", 1), ("fedavg", 1), ("fedavg", 0), ("cfmt", 0)
    >>> records = [RunRecord(name, seed, {}, nothing, (), ()) for name, seed in runs]
    >>> {name: [record.seed for record in group] for name, group in by_method(records).items()}
    {'fedavg': [0, 1], 'cfmt': [0, 1]}
    """
    groups: dict[str, list[MeasuredT]] = {}
    for record in sorted(records, key=lambda record: record.seed):
        groups.setdefault(record.method, []).append(record)
    seeds = {name: [record.seed for record in group] for name, group in groups.items()}
    if not seeds:
        raise ValueError("records must hold at least one finished run, got none")
    first = next(iter(seeds))
    for name in seeds:
        if seeds[name] != seeds[first]:
            raise ValueError(
                f"methods must be run on the same seeds, got {seeds[first]} for {first} and "
                f"{seeds[name]} for {name}; finish the comparison with --resume"
            )
    return groups


def metrics_by_method(
    records: Iterable[Measured], test: str | None = None
) -> dict[str, list[dict[str, float]]]:
    """Lay the metrics out for :func:`cfmt.experiment.statistics.summarise_runs`.

    Parameters
    ----------
    records : iterable of Measured
        Such as RunRecord; in any order.
    test : str or None, default=None
        A test set; None is the main one.

    Returns
    -------
    dict of str to list of dict of str to float
        For each method, the metrics of each seed.

    Raises
    ------
    ValueError
        If the seeds differ between methods; see :func:`by_method`.

    Examples
    --------
    >>> from cfmt.experiment.record import RunRecord, metrics_by_method
    >>> from cfmt.federated import Evaluation
    >>> nothing = Evaluation((), {}, {}, {}, ())
    >>> figures = {0: {"main": {"f1": 0.5}}, 1: {"main": {"f1": 0.6}}}
    >>> records = [RunRecord("cfmt", seed, figures[seed], nothing, (), ()) for seed in (0, 1)]
    >>> metrics_by_method(records)
    {'cfmt': [{'f1': 0.5}, {'f1': 0.6}]}
    """

    def metrics(record: Measured) -> dict[str, float]:
        """Return a run's figures on the test set that is asked for."""
        return record.metrics[test or next(iter(record.metrics))]

    return {name: [metrics(record) for record in group] for name, group in by_method(records).items()}


def _round(entry: dict[str, Any]) -> tuple[RoundReport, CurvePoint]:
    """Take the entry of a round apart again; the inverse of :func:`round_entry`."""
    point = CurvePoint(**{name: entry.pop(key) for name, key in _CURVE.items()})
    return RoundReport(**entry | {"cluster_sizes": tuple(entry["cluster_sizes"])}), point
