"""``cfmt calibrate``: a threshold for one site, from its own benign flows, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.errors import tell
from cfmt.cli.files import DetectorFile, Force, InputFormat, check_new, write_notes
from cfmt.cli.tables import make_table, show
from cfmt.errors import ConfigError, listed

if TYPE_CHECKING:
    from cfmt.detector import BenignScores, Budget, Calibration

__all__ = ["calibrate"]

_MOST_LABELS = 3  # of those left out, by name

BenignFile = Annotated[
    str, typer.Argument(metavar="BENIGN", help="The site's own benign flows, as cfmt score takes them.")
]
Fpr = Annotated[
    float | None, typer.Option("--fpr", metavar="SHARE", help="Largest share of benign flows that alert.")
]
AlertsPerDay = Annotated[
    float | None, typer.Option("--alerts-per-day", metavar="N", help="Most false alerts a day.")
]
FlowsPerDay = Annotated[
    float | None,
    typer.Option(
        "--flows-per-day",
        metavar="M",
        help=r"Flows a day at the site. [dim]\[default: BENIGN is one day][/dim]",
    ),
]
NewDetector = Annotated[Path, typer.Option("--out", metavar="FILE", help="File for the new detector.")]


def calibrate(
    detector: DetectorFile,
    benign: BenignFile,
    out: NewDetector,
    fpr: Fpr = None,
    alerts_per_day: AlertsPerDay = None,
    flows_per_day: FlowsPerDay = None,
    format: InputFormat = "auto",
    force: Force = False,
) -> None:
    """Set a detector's threshold by a site's own benign flows.

    The new detector alerts on at most that share of them, or that many a day.
    It remembers what was done; cfmt inspect shows it. Flows with another label
    than normal are left out.
    """
    from cfmt.data.flow_stream import stream_like
    from cfmt.detector import Detector, score_benign
    from cfmt.detector import calibrate as set_threshold

    _check_options(fpr, alerts_per_day, flows_per_day)
    check_new(out, force=force)
    trained = Detector.load(detector)
    scores = score_benign(trained, stream_like(trained.columns, benign, format=format))
    budget = _budget(fpr, alerts_per_day, flows_per_day, len(scores.scores))
    _tell_left_out(scores)
    new, found = set_threshold(trained, scores, budget)
    new.save(out)
    _show(found)
    write_notes(out)


def _check_options(fpr: float | None, alerts: float | None, flows: float | None) -> None:
    """Refuse options that exclude each other, and numbers that cannot be."""
    if (fpr is None) == (alerts is None):
        both = "" if fpr is None else f", got --fpr {fpr:g} and --alerts-per-day {alerts:g}"
        raise ConfigError(f"give one of --fpr and --alerts-per-day{both or ', got neither'}; try --fpr 0.01")
    if flows is not None and alerts is None:
        raise ConfigError(f"--flows-per-day {flows:g} goes with --alerts-per-day; leave it out with --fpr")
    if fpr is not None and not 0 < fpr < 1:
        raise ConfigError(f"--fpr must lie in (0, 1), got {fpr:g}; --fpr 0.01 lets 1 % of benign flows alert")
    for name, number in (("--alerts-per-day", alerts), ("--flows-per-day", flows)):
        if number is not None and not 0 < number < float("inf"):
            raise ConfigError(f"{name} must be a finite number above 0, got {number:g}; try {name} 20")


def _budget(fpr: float | None, alerts: float | None, flows: float | None, n_rows: int) -> Budget:
    """Return what the options allow; the file counts as one day where they do not say."""
    from cfmt.detector import Budget

    if alerts is None:
        return Budget(fpr or 0.0)
    day = n_rows if flows is None else flows
    if alerts >= day:
        raise ConfigError(
            f"--alerts-per-day {alerts:g} is not fewer than the {day:,.0f} benign flows of a day; "
            "allow fewer, or say --flows-per-day"
        )
    if flows is None:
        typer.echo(
            f"note: BENIGN counts as one day, {n_rows:,} flows; say otherwise with --flows-per-day", err=True
        )
    return Budget.daily(alerts, day)


def _tell_left_out(scores: BenignScores) -> None:
    """Name the labels whose flows were left out, and count words that training did not have."""
    if scores.left_out:
        words = [f"{label} {count:,}" for label, count in scores.left_out.items()]
        total = sum(scores.left_out.values())
        tell(f"note: left out {total:,} flows with other labels: {listed(words, _MOST_LABELS)}")
    if scores.n_unknown:
        typer.echo(
            f"note: {scores.n_unknown:,} flows have a word that training did not; it counts as none", err=True
        )


def _show(found: Calibration) -> None:
    """Print both thresholds, what alerts by each, and how sure the new rate is."""
    from cfmt.detector import rows_needed

    budget, n = found.budget, found.n_rows
    shares = [f"{count:,} ({_percent(count / n)})" for count in (found.n_before, found.n_alerts)]
    thresholds = [f"{threshold:.6g}" for threshold in (found.old_threshold, found.threshold)]
    rows = [("threshold", *thresholds), ("alerts", *shares)]
    typer.echo(f"{n:,} benign flows; allowed: {budget}")
    show(make_table("", ("", "before", "now"), rows, numbers=2))
    low, high = found.low, found.high
    text = f"Of benign flows like these, {_percent(low)} to {_percent(high)} will alert (95 % interval)"
    if budget.flows_per_day is not None:
        per_day = f"{low * budget.flows_per_day:,.1f} to {high * budget.flows_per_day:,.1f}"
        text += f":\n{per_day} alerts a day"
    typer.echo(f"{text}.\nFlows that come in bursts say less than their number.")
    typer.echo(f"To tell a rate of {_percent(budget.fpr)} takes {rows_needed(budget.fpr):,} benign flows.")
    if found.threshold == float("inf"):
        typer.echo("Too many benign flows score 1: the new detector NEVER alerts. Train another.")


def _percent(share: float) -> str:
    """Write a share in percent, with three digits that count."""
    return f"{100 * share:.3g} %"
