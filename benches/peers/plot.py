"""Seconds of a round and peak memory against the number of clients, ours and the peers'."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from cfmt.report.figures import method_styles, new_figure, save_figure, tidy
from peers.registry import OURS

MARKERS = "osD^vPX<>*hd"

Entry = dict[str, Any]


def draw(workloads: list[Entry], folder: Path) -> None:
    """Draw the workloads with sizes alike as performance.png and performance.svg."""
    loads = [load for load in workloads if load["kind"] == "iid"] or workloads
    figure = new_figure(9.5, 4.6)
    left, right = figure.subplots(1, 2)
    curves(left, loads, "seconds of a round, median", lambda entry: statistics.median(entry["seconds"]))
    curves(right, loads, "peak memory, MiB", lambda entry: entry["peak_bytes"] / 2**20)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8)
    save_figure(figure, folder, "performance")


def curves(axes: Axes, loads: list[Entry], title: str, value: Callable[[Entry], float]) -> None:
    """Draw one curve for each engine over the numbers of clients."""
    labels = list(dict.fromkeys(e["label"] for load in loads for e in load["peers"] if "seconds" in e))
    names = {label: "cfmt" if label == OURS.label else label for label in labels}  # the strong style for ours
    styles = method_styles(names.values())
    for place, label in enumerate(labels):
        found = [(load["clients"], e) for load in loads for e in load["peers"] if e["label"] == label]
        points = [(clients, value(entry)) for clients, entry in found if "seconds" in entry]
        colour, dashes, width = styles[names[label]]
        marker = MARKERS[place % len(MARKERS)]
        axes.plot(
            *zip(*points, strict=True), dashes, color=colour, lw=width, marker=marker, ms=4, label=label
        )
    axes.set(xscale="log", yscale="log", xlabel="clients", title=title)
    axes.xaxis.set_minor_formatter(NullFormatter())
    tidy(axes)
