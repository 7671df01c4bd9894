"""Tables for the terminal: a comparison over seeds, and a single run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cfmt.experiment.setting import Setting
from cfmt.experiment.statistics import Interval
from cfmt.report.labels import all_attack, attack_kinds, format_interval, format_number, label_of

__all__ = [
    "DIFFERENCES",
    "METRIC_TABLES",
    "best_mean",
    "comparison_tables",
    "heading",
    "new_table",
    "sorted_names",
]

Intervals = Mapping[str, Mapping[str, Interval]]

METRIC_TABLES = {
    "Ranking of rows by score": ("roc_auc", "pr_auc", "recall_at_fpr_1", "recall_at_fpr_5"),
    "Decisions": ("f1", "macro_f1", "f1_at_threshold", "macro_f1_at_threshold", "fpr_at_threshold"),
    "Recall at the threshold, by kind of attack": (),
    "Clients and cost": ("worst_client_f1", "p10_client_f1", "alerts_per_million", "megabytes", "seconds"),
}
DIFFERENCES = ("roc_auc", "pr_auc", "f1", "f1_at_threshold", "recall_at_fpr_5")


def comparison_tables(
    methods: Intervals,
    differences: Intervals,
    setting: Setting,
    *,
    test: str,
    sort_by: str = "roc_auc",
    baseline: str = "fedavg",
) -> RenderableType:
    """Lay a comparison out: detection, recall by kind of attack, clients and cost, paired differences.

    A table that is wider than the terminal is cut into several under each other, between its columns.

    Parameters
    ----------
    methods, differences : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    setting : Setting
        For the heading; synthetic data are announced as such.
    test : str
        Name of the test set.
    sort_by : str, default="roc_auc"
        Metric by which methods are sorted, best first.
    baseline : str, default="fedavg"
        Method that the differences are taken against.

    Returns
    -------
    rich renderable
        At most 100 columns wide for names of up to 20 characters, and no wider than a narrower terminal.

    Raises
    ------
    ValueError
        If there are no methods, or none has the metric to sort by.
    """
    names = sorted_names(methods, sort_by)
    parts: list[RenderableType] = [heading(setting, test)]
    for title, metrics in METRIC_TABLES.items():
        shown = metrics or attack_kinds(methods[names[0]])
        parts += [_Fitted(partial(_methods_table, title, methods, names), shown), ""]
    other_rules = [metric for metric in methods[names[0]] if "@" in metric]
    if other_rules:
        title = "Decisions by other threshold rules"
        parts += [_Fitted(partial(_methods_table, title, methods, names), other_rules), ""]
    if differences:
        others = [name for name in names if name != baseline]
        parts.append(_Fitted(partial(_differences_table, differences, others, baseline), DIFFERENCES))
    return Group(*parts)


@dataclass(frozen=True)
class _Fitted:
    """A table with a column for each metric, or several tables, so that no figure is cut off."""

    table: Callable[[Sequence[str]], Table]
    metrics: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unlimited = options.update(width=10_000)
        for n in range(len(self.metrics), 0, -1):
            tables = [self.table(self.metrics[i : i + n]) for i in range(0, len(self.metrics), n)]
            if (
                max(Measurement.get(console, unlimited, table).maximum for table in tables)
                <= options.max_width
            ):
                break
        for place, table in enumerate(tables):
            yield from ([""] if place else [])
            yield table


def heading(setting: Setting, test: str) -> Text:
    """Say what was measured, and aloud where the data are synthetic.

    Parameters
    ----------
    setting : Setting
        What to say.
    test : str
        Name of the test set.

    Returns
    -------
    Text
    """
    text = Text(f"{test}: {setting.describe()}\n", style="bold")
    if setting.synthetic:
        text.append("SYNTHETIC data: these figures say nothing about real traffic.\n", style="bold yellow")
    return text


def new_table(title: str, columns: Sequence[str], *, caption: str | None = None) -> Table:
    """Start a table: a column of names on the left, then columns of numbers.

    Parameters
    ----------
    title : str
        Title.
    columns : sequence of str
        Headings, that of the names first.
    caption : str or None, default=None
        Line under the table.

    Returns
    -------
    Table
    """
    table = Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="dim",
        padding=(0, 1, 0, 0),
    )
    table.add_column(Text(columns[0]), no_wrap=True)
    for column in columns[1:]:
        table.add_column(Text(column), justify="right", no_wrap=True)
    return table


def sorted_names(methods: Intervals, sort_by: str) -> list[str]:
    """Sort methods by a metric, best first.

    Parameters
    ----------
    methods : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    sort_by : str
        The metric.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there are no methods, or none has the metric.
    """
    if not methods:
        raise ValueError("methods must hold at least one method, got none")
    known = next(iter(methods.values()))
    if sort_by not in known:
        raise ValueError(f"sort_by must be one of {', '.join(known)}, got {sort_by!r}")
    sign = 1 if label_of(sort_by).better == "low" else -1
    return sorted(methods, key=lambda name: np.nan_to_num(sign * methods[name][sort_by].mean, nan=np.inf))


def _methods_table(title: str, methods: Intervals, names: Sequence[str], metrics: Sequence[str]) -> Table:
    """Tabulate the mean of each metric by method; the best of several methods is marked."""
    several = len(methods[names[0]][metrics[0]].values) > 1
    notes = ["mean ± half the 95 % Student interval over seeds"] if several else []
    notes += ["* best mean"] if len(names) > 1 else []
    headings = ["method", *(label_of(metric).title for metric in metrics)]
    table = new_table(title, headings, caption="; ".join(notes) or None)
    best = {metric: best_mean(methods, metric) for metric in metrics}
    for name in names:
        found = {metric: methods[name][metric] for metric in metrics}
        texts = (
            (format_interval(f, label_of(m).digits), round(f.mean, label_of(m).digits) == best[m])
            for m, f in found.items()
        )
        table.add_row(Text(name), *(_marked(*text) for text in texts))
    if "f1_all_attack" in methods[names[0]]:
        trivial = all_attack(methods[names[0]]["f1_all_attack"].mean)
        cells = (_reference(trivial.get(m, math.nan), label_of(m).digits, several) for m in metrics)
        table.add_row("all attack", *cells, style="dim italic")
    return table


def best_mean(methods: Intervals, metric: str) -> float:
    """Find the best mean of a metric, rounded as it is shown.

    Parameters
    ----------
    methods : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    metric : str
        The metric.

    Returns
    -------
    float
        NaN, which equals nothing, where all are shown alike or none is better than another.
    """
    label = label_of(metric)
    means = {round(column[metric].mean, label.digits) for column in methods.values()}
    means = {mean for mean in means if not math.isnan(mean)}
    if label.better == "neither" or len(means) < 2:
        return math.nan
    return max(means) if label.better == "high" else min(means)


def _differences_table(
    differences: Intervals, names: Sequence[str], baseline: str, metrics: Sequence[str]
) -> Table:
    """Tabulate paired differences from the baseline; intervals that exclude 0 are marked."""
    headings = ["method", *(label_of(metric).title for metric in metrics)]
    several = any(len(column[metrics[0]].values) > 1 for column in differences.values())
    caption = "* the 95 % interval excludes 0" if several else "one seed: no intervals"
    table = new_table(f"Difference from {baseline}, paired by seed", headings, caption=caption)
    for name in names:
        found = {metric: differences[name][metric] for metric in metrics}
        texts = (
            (format_interval(f, label_of(m).digits, signed=True), f.low > 0 or f.high < 0)
            for m, f in found.items()
        )
        table.add_row(Text(name), *(_marked(*text) for text in texts))
    return table


def _marked(text: str, is_marked: bool) -> Text:
    """Return a cell with a star and in colour, or with a space, so that numbers stay aligned."""
    return Text(f"{text}*", style="bold green") if is_marked else Text(f"{text} ")


def _reference(value: float, digits: int, several: bool) -> Text:
    """Write a figure without an interval so that it stands under the means."""
    return Text(format_number(value, digits) + " " * (digits + 3 if several else 1))
