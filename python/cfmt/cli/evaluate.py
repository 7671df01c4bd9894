"""``cfmt evaluate``: what a trained detector is worth on labelled flows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.files import DetectorFile, InputFormat
from cfmt.cli.options import JsonFlag, Quiet
from cfmt.cli.tables import make_table, show
from cfmt.strict_json import dumps

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.detector import Detector, DetectorFigures

__all__ = ["evaluate"]

LabelledFlows = Annotated[
    str, typer.Argument(metavar="LABELLED", help="Flows with labels: a file, a pattern or a folder.")
]


def evaluate(
    detector: DetectorFile,
    labelled: LabelledFlows,
    format: InputFormat = "auto",
    json_only: JsonFlag = False,
    quiet: Quiet = False,
) -> None:
    """Compare a detector's alerts with the labels of flows.

    Shows figures of the scores, figures at the detector's own threshold, and
    the recall of each attack type.
    """
    from cfmt.detector import Detector, evaluate_detector

    found = Detector.load(detector)
    figures = evaluate_detector(found, _tables(found, labelled, format))
    if json_only:
        typer.echo(dumps(figures.to_dict()))
    else:
        _show(figures, labelled)
    if figures.n_unknown and not quiet:
        typer.echo(
            f"note: {figures.n_unknown:,} of {figures.n_rows:,} rows have a word that training never had",
            err=True,
        )


def _tables(detector: Detector, source: str, format: str) -> Iterator[Table]:
    """Read labelled rows of the detector's kind."""
    if detector.columns is None:
        from cfmt.data import load_nsl_kdd_file

        yield load_nsl_kdd_file(source, part="test")
    else:
        from cfmt.data.flow_table import load_labelled

        yield load_labelled(source, detector.columns, format=format)


def _show(figures: DetectorFigures, source: str) -> None:
    """Print the figures, and the recall of each type."""
    rows = [
        ("rows", f"{figures.n_rows:,}"),
        ("attacks", f"{figures.n_attacks:,}"),
        ("ROC-AUC", _number(figures.roc_auc)),
        ("PR-AUC", _number(figures.average_precision)),
        ("recall at 5 % FPR", _number(figures.recall_at_fpr)),
        ("threshold", f"{figures.threshold:.4g}"),
        ("alerts", f"{figures.n_alerts:,}"),
        ("F1", _number(figures.f1)),
        ("recall", _number(figures.recall)),
        ("precision", _number(figures.precision)),
        ("FPR", _number(figures.fpr)),
    ]
    types = [(one.name, f"{one.n_rows:,}", f"{one.n_caught:,}", _number(one.recall)) for one in figures.types]
    show(
        make_table(f"On {Path(source).name}", ("figure", "value"), rows, numbers=1),
        make_table("Attack types", ("type", "rows", "alerts", "recall"), types, numbers=3),
    )


def _number(value: float) -> str:
    """Write a figure with three decimals, and a dash where it is not defined."""
    return "-" if value != value else f"{value:.3f}"  # NaN alone differs from itself
