"""Curves over rounds, and final figures side by side, with intervals over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.experiment.record import Measured, by_method
from cfmt.experiment.setting import Setting
from cfmt.experiment.statistics import Interval, interval
from cfmt.report.figures import MethodStyle, method_styles, new_figure, tidy
from cfmt.report.labels import all_attack, label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_curves", "plot_intervals"]

_PANELS = {"loss": "test cross-entropy [nats]", "f1": "F1 of attacks at 0.5", "roc_auc": "ROC-AUC"}
_HIGHEST = {"loss": math.inf, "f1": 1.0, "roc_auc": 1.0}


def plot_curves(records: Iterable[Measured], setting: Setting) -> Figure:
    """Draw loss, F1 and ROC-AUC on the main test set over the rounds, one line for each method.

    Parameters
    ----------
    records : iterable of Measured
        Finished runs; all methods on the same seeds.
    setting : Setting
        For the title.

    Returns
    -------
    Figure
        Lines are means over seeds, bands their 95 % Student intervals; one seed has no band.

    Raises
    ------
    ValueError
        If there are no runs, methods differ in their seeds, or the runs of one method in their rounds.
    MissingExtraError
        If matplotlib is not installed.
    """
    groups = by_method(records)
    styles = method_styles(groups)
    figure = new_figure(12, 4.4 + 0.2 * ((len(groups) - 1) // 6))
    panels = figure.subplots(1, len(_PANELS), sharex=True)
    for axes, (measure, title) in zip(panels, _PANELS.items(), strict=True):
        curves = {name: [_values(record, measure) for record in group] for name, group in groups.items()}
        for name, values in curves.items():
            _draw_curve(axes, values, styles[name], name)
        axes.set(title=title, xlabel="round of training", ylim=_limits(curves.values(), _HIGHEST[measure]))
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        tidy(axes)
    figure.suptitle(f"{_test_name(groups)}: {setting.describe()}", fontsize=11)
    _add_legend(figure, panels[0], len(groups), n_seeds=len(setting.seeds))
    return figure


def _values(record: Measured, measure: str) -> list[float]:
    """Return a measure of a run for each round."""
    return [getattr(point, measure) for point in record.curve]


def _limits(curves: Iterable[Sequence[Sequence[float]]], highest: float) -> tuple[float, float]:
    """Frame the single seeds with a margin: the band of two or three seeds would flatten all lines."""
    values = np.concatenate([np.ravel(of_method) for of_method in curves])
    values = values[np.isfinite(values)]
    if len(values) == 0:  # the ROC-AUC of a test set with one class
        return 0.0, 1.0
    low, high = values.min(), values.max()
    margin = max(0.12 * (high - low), 0.005)
    return max(low - margin, -0.01), min(high + margin, highest + 0.01)


def _test_name(groups: Mapping[str, Sequence[Measured]]) -> str:
    """Return the name of the main test set, which is the same in all runs."""
    return next(iter(next(iter(groups.values()))[0].metrics))


def _draw_curve(axes: Axes, curves: Sequence[Sequence[float]], style: MethodStyle, name: str) -> None:
    """Draw one method: ``curves`` holds the values of each seed over the rounds."""
    if len({len(curve) for curve in curves}) > 1:
        raise ValueError(
            f"runs of {name} must have equal rounds, got {sorted(len(curve) for curve in curves)}"
        )
    points = [interval(values) for values in zip(*curves, strict=True)]
    rounds = np.arange(1, len(points) + 1)
    mean = [point.mean for point in points]
    marker = "o" if len(points) == 1 else None
    axes.plot(
        rounds,
        mean,
        label=name,
        color=style.colour,
        linestyle=style.dashes,
        linewidth=style.width,
        marker=marker,
    )
    if len(curves) > 1:
        low, high = ([getattr(point, bound) for point in points] for bound in ("low", "high"))
        axes.fill_between(rounds, low, high, color=style.colour, alpha=0.14, linewidth=0)


def _add_legend(figure: Figure, axes: Axes, n_methods: int, n_seeds: int) -> None:
    """Put the legend of the methods below all panels; over several seeds it explains the band."""
    handles, names = axes.get_legend_handles_labels()
    title = "mean over seeds; band: 95 % Student interval, which may leave the panel" if n_seeds > 1 else None
    figure.legend(
        handles,
        names,
        title=title,
        loc="outside lower center",
        ncols=min(n_methods, 6),
        frameon=False,
        handlelength=3,
        title_fontsize=9,
    )


def plot_intervals(
    methods: Mapping[str, Mapping[str, Interval]],
    setting: Setting,
    *,
    test: str,
    metrics: Sequence[str] = ("roc_auc", "f1_at_threshold"),
) -> Figure:
    """Draw the final figures of each method as a dot with its 95 % interval, best first.

    Parameters
    ----------
    methods : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    setting : Setting
        For the title.
    test : str
        Name of the test set, for the title.
    metrics : sequence of str, default=("roc_auc", "f1_at_threshold")
        One panel for each; the first sorts the methods.

    Returns
    -------
    Figure
        Small dots are single seeds.

    Raises
    ------
    ValueError
        If there are no methods.
    MissingExtraError
        If matplotlib is not installed.
    """
    if not methods:
        raise ValueError("methods must hold at least one method, got none")
    names = sorted(methods, key=lambda name: np.nan_to_num(methods[name][metrics[0]].mean, nan=-np.inf))
    styles = method_styles(methods)
    figure = new_figure(max(9.0, 1.5 + 2.2 * len(metrics)), 1.7 + 0.34 * len(names))
    panels = np.ravel(figure.subplots(1, len(metrics), sharey=True, squeeze=False))
    for axes, metric in zip(panels, metrics, strict=True):
        for place, name in enumerate(names):
            _draw_interval(axes, place, methods[name][metric], styles[name].colour)
        _draw_reference(axes, methods[names[0]], metric)
        axes.set_xlabel(label_of(metric).title.replace("\n", " "))
        tidy(axes, grid="x")
        _stay_in_range(axes, [value for of in methods.values() for value in of[metric].values])
        axes.xaxis.get_major_locator().set_params(nbins=5)
    panels[0].set_yticks(np.arange(len(names)), names)
    panels[0].set_ylim(-0.6, len(names) - 0.4)
    what = "\nmean and 95 % Student interval; small dots are seeds" if len(setting.seeds) > 1 else ""
    figure.suptitle(f"{test}: {setting.describe()}{what}", fontsize=10)
    return figure


def _draw_interval(axes: Axes, place: int, found: Interval, colour: str) -> None:
    """Draw a mean as a dot, its interval as a line, and the seeds as small dots beside it."""
    seeds: npt.NDArray[np.float64] = np.array(found.values)
    if len(seeds) > 1:
        axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(seeds, np.full(len(seeds), place - 0.22), ".", color=colour, alpha=0.5, markersize=4)
    axes.plot(found.mean, place, "o", color=colour, markersize=7)


def _stay_in_range(axes: Axes, values: Sequence[float]) -> None:
    """Cut the axis of shares to [0, 1], which intervals of few seeds may leave, at the cost of the rest."""
    if all(0 <= value <= 1 for value in values):
        low, high = axes.get_xlim()
        axes.set_xlim(max(low, -0.02), min(high, 1.02))


def _draw_reference(axes: Axes, column: Mapping[str, Interval], metric: str) -> None:
    """Draw where calling every row an attack would stand, if that is known."""
    if "f1_all_attack" not in column:
        return
    value = all_attack(column["f1_all_attack"].mean).get(metric)
    if value is None or metric == "roc_auc":  # 1/2 is known to all, and would squeeze the rest
        return
    axes.axvline(value, color="#606060", linewidth=1, linestyle=":")
    axes.annotate(
        "all attack",
        (value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, -2),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#606060",
    )
