"""Tables as Markdown, with the labels, digits and marks of the tables on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from cfmt.experiment.statistics import Interval
from cfmt.report.labels import all_attack, format_interval, format_number, label_of
from cfmt.report.tables import best_mean

__all__ = ["differences_table", "markdown_table", "methods_table"]

Intervals = Mapping[str, Mapping[str, Interval]]


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """Lay rows out under their titles.

    Parameters
    ----------
    columns : sequence of str
        Titles.
    rows : iterable of sequence of str
        What stands in each row.
    texts : int, default=1
        How many of the first columns hold text; the others are aligned on the right.

    Returns
    -------
    str
        Ends with a line break.
    """
    rule = ["---" if place < texts else "---:" for place in range(len(columns))]
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in (columns, rule, *rows))
    return "".join(f"| {line} |\n" for line in lines)


def methods_table(methods: Intervals, names: Sequence[str], metrics: Sequence[str]) -> str:
    """Write means with half their 95 % intervals, the best mean bold, and the all-attack reference if known.

    Parameters
    ----------
    methods : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    names : sequence of str
        Methods, in the order of the rows.
    metrics : sequence of str
        One column for each.

    Returns
    -------
    str
    """
    best = {metric: best_mean(methods, metric) for metric in metrics}
    rows = []
    for name in names:
        found = {metric: methods[name][metric] for metric in metrics}
        rows.append([f"`{name}`", *(_bold(m, f, best[m]) for m, f in found.items())])
    if "f1_all_attack" in methods[names[0]]:
        trivial = all_attack(methods[names[0]]["f1_all_attack"].mean)
        reference = (format_number(trivial.get(m, math.nan), label_of(m).digits) for m in metrics)
        rows.append(["*all attack*", *(f"*{number}*" for number in reference)])
    return markdown_table(["method", *(_title(metric) for metric in metrics)], rows)


def differences_table(differences: Intervals, metrics: Sequence[str], *, first: str) -> str:
    """Write paired differences, bold where the 95 % interval excludes 0.

    Parameters
    ----------
    differences : mapping of str to mapping of str to Interval
        By row.
    metrics : sequence of str
        One column for each.
    first : str
        Title of the column with the rows' names.

    Returns
    -------
    str
    """
    rows = []
    for name, column in differences.items():
        cells = []
        for metric in metrics:
            found = column[metric]
            text = format_interval(found, label_of(metric).digits, signed=True)
            cells.append(f"**{text}**" if found.low > 0 or found.high < 0 else text)
        rows.append([f"`{name}`", *cells])
    return markdown_table([first, *(_title(metric) for metric in metrics)], rows)


def _bold(metric: str, found: Interval, best: float) -> str:
    digits = label_of(metric).digits
    text = format_interval(found, digits)
    return f"**{text}**" if round(found.mean, digits) == best else text


def _title(metric: str) -> str:
    return label_of(metric).title.replace("\n", " ")
