"""``cfmt evaluate``: what a trained detector is worth on labelled flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import RenderableType

from cfmt.cli.files import DetectorFile, InputFormat
from cfmt.cli.options import JsonFlag, Quiet
from cfmt.cli.tables import make_table, show
from cfmt.strict_json import dumps

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.detector import Detector, DetectorFigures

__all__ = ["evaluate"]

_MOST_LISTED = 40

ReferenceRows = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="TRAIN",
        help="Labelled training rows, for gradient-boosted trees that see them all in one place.",
    ),
]

ClientColumn = Annotated[
    str,
    typer.Option(
        "--clients-by",
        metavar="COLUMN",
        help="Also show figures of each client: a column that names them, or file for one per file.",
    ),
]

LabelledFlows = Annotated[
    str, typer.Argument(metavar="LABELLED", help="Flows with labels: a file, a pattern or a folder.")
]


def evaluate(
    detector: DetectorFile,
    labelled: LabelledFlows,
    reference: ReferenceRows = None,
    clients_by: ClientColumn = "",
    format: InputFormat = "auto",
    json_only: JsonFlag = False,
    quiet: Quiet = False,
) -> None:
    """Compare a detector's alerts with the labels of flows.

    Shows figures of the scores, figures at the detector's own threshold, and
    the recall of each attack type; with --clients-by, those of each client, too.
    """
    from cfmt.detector import Detector, evaluate_detector

    found = Detector.load(detector)
    table = _table(found, labelled, format, "test", clients_by)
    figures = evaluate_detector(found, [table])
    beside = None if reference is None else _reference(found, reference, table, format)
    if json_only:
        typer.echo(dumps(figures.to_dict() | ({"reference": beside} if beside else {})))
    else:
        _show(figures, labelled, beside)
    if figures.n_unknown and not quiet:
        typer.echo(
            f"note: {figures.n_unknown:,} of {figures.n_rows:,} rows have a word that training never had",
            err=True,
        )


def _table(
    detector: Detector, source: str, format: str, part: Literal["train", "test"], clients_by: str = ""
) -> Table:
    """Read labelled rows of the detector's kind."""
    if detector.columns is None:
        from cfmt.data import load_nsl_kdd_file
        from cfmt.data.clients import with_clients_by_feature

        table = load_nsl_kdd_file(source, part=part)
        return with_clients_by_feature(table, clients_by) if clients_by else table
    from cfmt.data.flow_table import load_labelled

    return load_labelled(source, detector.columns, format=format, clients_by=clients_by)


def _reference(detector: Detector, source: str, test: Table, format: str) -> dict[str, float]:
    """Return the figures of gradient-boosted trees that saw all training rows in one place."""
    from cfmt.experiment.reference import reference_scores
    from cfmt.metrics import average_precision, recall_at_fpr, roc_auc

    scores = reference_scores(detector, _table(detector, source, format, "train"), test)
    labels = test.is_attack
    return {
        "roc_auc": roc_auc(scores, labels),
        "average_precision": average_precision(scores, labels),
        "recall_at_fpr": recall_at_fpr(scores, labels, 0.05),
    }


def _show(figures: DetectorFigures, source: str, reference: Mapping[str, float] | None) -> None:
    """Print the figures, those of the reference beside them, and the recall of each type."""
    rows: list[tuple[str, ...]] = [
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
    titles: tuple[str, ...] = ("figure", "value")
    if reference is not None:
        names = {"ROC-AUC": "roc_auc", "PR-AUC": "average_precision", "recall at 5 % FPR": "recall_at_fpr"}
        beside = {name: _number(reference[key]) for name, key in names.items()}
        rows = [(*row, beside.get(row[0], "")) for row in rows]
        titles = (*titles, "central trees")
    show(
        make_table(f"On {Path(source).name}", titles, rows, numbers=len(titles) - 1),
        make_table("Attack types", ("type", "rows", "alerts", "recall"), types, numbers=3),
        *_clients(figures),
    )


def _clients(figures: DetectorFigures) -> Iterator[RenderableType]:
    """Tabulate the figures of each client, or of those that are worst off where there are many."""
    from cfmt.detector import worst_tenth

    clients = figures.clients
    if not clients:
        return
    title = "Clients, at the threshold"
    if len(clients) > _MOST_LISTED:
        clients = tuple(sorted(clients, key=lambda one: (one.f1 != one.f1, one.f1))[:_MOST_LISTED])
        title = f"The {_MOST_LISTED} of {len(figures.clients):,} clients with the lowest F1"
    rows = []
    for one in clients:
        values = map(_or_na, (one.recall, one.fpr, one.roc_auc, one.f1))
        rows.append((one.name, f"{one.n_rows:,}", f"{one.n_attacks:,}", *values))
    rows.append(("(worst tenth)", "", "", *map(_or_na, worst_tenth(figures.clients).values())))
    yield make_table(title, ("client", "rows", "attacks", "recall", "FPR", "ROC-AUC", "F1"), rows, numbers=6)


def _or_na(value: float) -> str:
    """Write a figure with three decimals, and n/a where the client lacks a class for it."""
    return "n/a" if value != value else f"{value:.3f}"


def _number(value: float) -> str:
    """Write a figure with three decimals, and a dash where it is not defined."""
    return "-" if value != value else f"{value:.3f}"  # NaN alone differs from itself
