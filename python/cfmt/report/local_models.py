"""The table of the shared model against clients' own."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from cfmt.experiment.local_models import LocalComparison, LocalModels
from cfmt.report.tables import new_table

__all__ = ["local_models_table"]

_MOST_LISTED = 40
_MOST_NAMED = 12
_ORDER = ("harmed", "undecided", "helped", "not comparable")


def local_models_table(models: LocalModels) -> RenderableType:
    """Lay out each client's ROC-AUC under the shared model and under its own, the harmed ones first.

    Parameters
    ----------
    models : LocalModels
        The comparison.

    Returns
    -------
    rich renderable

    Examples
    --------
    >>> from rich.console import Console
    >>> from cfmt.experiment.local_models import LocalComparison, LocalModels
    >>> from cfmt.report.local_models import local_models_table
    >>> one = LocalComparison("site a", 400, 100, 20, 0.7, 0.9, -0.2, -0.3, -0.1)
    >>> console = Console(width=200)
    >>> with console.capture() as captured:
    ...     console.print(local_models_table(LocalModels((one,), length="1,000 steps")))
    >>> "harms 1 of 1 clients that can be compared: site a" in captured.get()
    True
    """
    table = new_table(
        f"ROC-AUC on own validation rows: shared model and own ({models.length} alone)",
        ("client", "rows", "attacks", "shared", "own", "difference [95 %]", "shared model"),
    )
    ordered = sorted(models.clients, key=lambda one: (_ORDER.index(one.verdict), -one.n_rows))
    if len(ordered) > _MOST_LISTED:
        ordered = [one for one in ordered if one.verdict != _ORDER[-1]]
    for one in ordered[:_MOST_LISTED]:
        table.add_row(*_cells(one))
    n_more = len(models.clients) - table.row_count
    if n_more:
        table.caption = f"{n_more:,} more clients stand in summary.json"
    return Group(table, Text(_conclusion(models)))


def _cells(one: LocalComparison) -> tuple[str, ...]:
    """Write the row of a client."""
    interval = "n/a" if one.low != one.low else f"{one.difference:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
    return (
        escape(one.name),
        f"{one.n_rows:,}",
        f"{one.n_attacks:,}",
        *("n/a" if value != value else f"{value:.3f}" for value in (one.shared, one.local)),
        escape(interval),
        one.verdict,
    )


def _conclusion(models: LocalModels) -> str:
    """Name whom the shared model harms, and say how much chance there is in it."""
    harmed, helped = models.names("harmed"), models.names("helped")
    n_left_out = len(models.names("not comparable"))
    n_compared = len(models.clients) - n_left_out
    named = ", ".join(harmed[:_MOST_NAMED]) + (", ..." if len(harmed) > _MOST_NAMED else "")
    lines = [
        f"The shared model harms {len(harmed)} of {n_compared} clients that can be compared"
        + (f": {named}" if harmed else "")
        + f"; it helps {len(helped)}."
    ]
    if n_compared:
        lines.append(f"By chance alone about {0.025 * n_compared:.1f} would count as harmed.")
    if n_left_out:
        lines.append(f"{n_left_out} have fewer than 5 attacks or 5 normal rows for validation.")
    return " ".join(lines)
