"""``cfmt monitor``: whether traffic is still like that of a detector's training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.errors import DRIFTED
from cfmt.cli.files import DetectorFile, InputFormat
from cfmt.cli.options import JsonFlag
from cfmt.cli.tables import make_table, show
from cfmt.errors import DataError
from cfmt.strict_json import dumps

if TYPE_CHECKING:
    from cfmt.detector import Drift

__all__ = ["monitor"]

_SHOWN = 10

Traffic = Annotated[
    str, typer.Argument(metavar="TRAFFIC", help="Recent flows of the site, as cfmt score takes them.")
]
Limit = Annotated[
    float, typer.Option("--limit", metavar="PSI", min=0, help="Index past which a feature has drifted.")
]


def monitor(
    detector: DetectorFile,
    traffic: Traffic,
    limit: Limit = 0.25,
    format: InputFormat = "auto",
    json_only: JsonFlag = False,
) -> None:
    """Compare recent traffic with the normal rows of a detector's training.

    Shows the population stability index (PSI) of each feature and of the
    scores, alerts, and unknown words. Ends with exit code 3 if an index is past
    the limit, and past what chance gives with so few rows.
    """
    from cfmt.data.flow_stream import stream_like
    from cfmt.detector import Detector, Reference, measure_drift

    found = Detector.load(detector)
    kept = found.metadata.get("reference")
    if kept is None:
        raise DataError(f"{detector}: keeps no reference of its training; train it again with this cfmt")
    chunks = stream_like(found.columns, traffic, format=format)
    drift = measure_drift(
        found, Reference.from_dict(kept), ((chunk.table, chunk.n_dropped) for chunk in chunks)
    )
    past = drift.past(limit)
    if json_only:
        typer.echo(dumps(drift.to_dict() | {"limit": limit, "past": [one.feature for one in past]}))
    else:
        _show(drift, limit)
    if past:
        raise typer.Exit(DRIFTED)


def _show(drift: Drift, limit: float) -> None:
    """Print rows, alerts and unknown words, and the least stable features."""
    rows = [
        ("rows", f"{drift.reference_rows:,}", f"{drift.n_rows:,}"),
        ("alerts", *(_share(*pair) for pair in ((drift.reference_alerts, drift.reference_rows),
                                                (drift.n_alerts, drift.n_rows)))),
        ("with unknown words", "-", _share(drift.n_unknown, drift.n_rows)),
        ("dropped", "-", f"{drift.n_dropped:,}"),
    ]  # fmt: skip
    past = {one.feature for one in drift.past(limit)}
    features = [
        (one.feature, f"{one.psi:.3f}", f"{one.chance:.3f}", "drifted" if one.feature in past else "")
        for one in drift.features[:_SHOWN]
    ]
    show(
        make_table("", ("", "normal training rows", "this traffic"), rows, numbers=2),
        make_table("Least stable features", ("feature", "PSI", "by chance", ""), features),
    )
    count = f"{len(past)} of {len(drift.features)} are past" if past else "None is past"
    typer.echo(f"{count} {limit:g} and three times what chance gives.")


def _share(part: int, whole: int) -> str:
    """Write a count with its share."""
    return f"{part:,} ({100 * part / whole:.3g} %)" if whole else "-"
