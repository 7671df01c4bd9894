"""Seconds of a round and peak memory against the number of clients, ours and the peers'."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from cfmt.report.figures import method_styles, new_figure, save_figure, tidy
from peers.registry import OURS
from peers.results import Entry

MARKERS = "osD^vPX<>*hdp8"


def draw(workloads: list[Entry], folder: Path) -> None:
    """Draw the workloads with sizes alike as performance.svg."""
    loads = [load for load in workloads if load["kind"] == "iid"] or workloads
    figure = new_figure(10.5, 5.0)
    left, right = figure.subplots(1, 2)
    curves(left, loads, "seconds of a round, median", lambda entry: statistics.median(entry["seconds"]))
    curves(right, loads, "peak memory, MiB", lambda entry: entry["peak_bytes"] / 2**20)
    plain_numbers(left.yaxis, (1.0,))
    plain_numbers(right.yaxis, (1.0, 2.0, 5.0))
    figure.legend(handles=slowest_first(left), loc="outside right center", frameon=False, fontsize=8)
    save_figure(figure, folder, "performance", kinds=("svg",))


def curves(axes: Axes, loads: list[Entry], title: str, value: Callable[[Entry], float]) -> None:
    """Draw one curve for each engine over the numbers of clients."""
    labels = {e["name"]: e["label"] for load in loads for e in load["peers"] if "seconds" in e}
    styles = method_styles("cfmt" if name == OURS.name else name for name in labels)  # ours is strong
    for place, (name, label) in enumerate(labels.items()):
        found = [(load["clients"], e) for load in loads for e in load["peers"] if e["name"] == name]
        points = [(clients, value(entry)) for clients, entry in found if "seconds" in entry]
        colour, dashes, width = styles["cfmt" if name == OURS.name else name]
        marker = MARKERS[place % len(MARKERS)]
        axes.plot(
            *zip(*points, strict=True), dashes, color=colour, lw=width, marker=marker, ms=4, label=label
        )
    axes.set(xscale="log", yscale="log", xlabel="clients", title=title)
    plain_numbers(axes.xaxis, (1.0,))
    tidy(axes)


def plain_numbers(axis: Axis, steps: tuple[float, ...]) -> None:
    """Write a logarithmic axis without powers of ten, at these multiples of them."""
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator() if len(steps) > 1 else LogLocator(subs="auto"))
    axis.set_minor_formatter(NullFormatter())


def slowest_first(axes: Axes) -> list[Line2D]:
    """List the legend's curves from top to bottom, by where they end."""
    return sorted(axes.get_lines(), key=lambda line: float(np.asarray(line.get_ydata())[-1]), reverse=True)
