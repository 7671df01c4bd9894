"""How rows and families are spread over clients, from one client to a million."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cfmt.partition import gini, jensen_shannon
from cfmt.report.figures import family_colours, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_clients"]

_MOST_BARS = 100
_BINS = 25
_MOST_NAMES = 40
_LONGEST_NAME = 24
_LEGEND_WIDTH = 110  # characters

Counts = npt.NDArray[np.int64]


def plot_clients(counts: Counts, families: Sequence[str], *, title: str, names: Sequence[str] = ()) -> Figure:
    """Draw the rows of each family on each client; above 100 clients, distributions over clients.

    Parameters
    ----------
    counts : ndarray of shape (n_clients, n_families), int64
        Rows of each family on each client, normal traffic first.
    families : sequence of str
        Names of the families.
    title : str
        Title; should say the data set, and that it is synthetic if it is.
    names : sequence of str, default=()
        Names of the clients, where they have some; shown at up to 40 bars.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no clients or no rows, or shapes or names do not fit.
    MissingExtraError
        If matplotlib is not installed.
    """
    if counts.ndim != 2 or counts.shape[1] != len(families) or len(families) < 2:
        raise ValueError(
            f"counts must have shape (n_clients, {len(families)}) with a column for normal traffic and each "
            f"attack family, got {counts.shape}"
        )
    if names and len(names) != len(counts):
        raise ValueError(f"names must have one entry for each of {len(counts)} clients, got {len(names)}")
    if counts.sum() == 0:
        raise ValueError(f"counts must hold at least one row, got none on {len(counts)} clients")
    if len(counts) <= _MOST_BARS:
        return _plot_bars(counts, families, title, names)
    return _plot_distributions(counts, families, title)


def _plot_bars(counts: Counts, families: Sequence[str], title: str, names: Sequence[str]) -> Figure:
    """Draw a bar for each client, largest first: rows by family above, their shares below."""
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    counts = counts[order]
    totals = counts.sum(axis=1, keepdims=True)
    figure = new_figure(10, 5.6)
    rows, shares = figure.subplots(2, 1, sharex=True)
    places = np.arange(1, len(counts) + 1)
    _stack_bars(rows, places, counts, families, width=0.9)
    _stack_bars(shares, places, 100 * counts / np.maximum(totals, 1), families, width=0.9)
    rows.set_ylabel("rows")
    rows.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    shares.set(
        ylabel="share of the client's rows [%]", xlabel="clients, by falling number of rows", ylim=(0, 100)
    )
    margin = max(0.0, (8 - len(counts)) / 2)  # few clients get no broader bars
    shares.set_xlim(0.25 - margin, len(counts) + 0.75 + margin)
    if names and len(counts) <= _MOST_NAMES:
        short = [_shortened(names[client]) for client in order]
        shares.set_xticks(places, short, rotation=90 if len(counts) > 6 else 0, fontsize=8)
    elif len(counts) <= 20:
        shares.set_xticks(places)
    figure.suptitle(f"{title}\n{_spread(counts)}", fontsize=11)
    _add_legend(figure, rows)
    return figure


def _shortened(name: str) -> str:
    """Cut a long name in the middle, and keep matplotlib from reading it as mathematics."""
    cut = name if len(name) <= _LONGEST_NAME else f"{name[:11]}…{name[-12:]}"
    return cut.replace("$", r"\$")


def _plot_distributions(counts: Counts, families: Sequence[str], title: str) -> Figure:
    """Draw how sizes, attack shares, divergences and family mixes spread over many clients."""
    sizes = counts.sum(axis=1)
    own = counts[sizes > 0]
    figure = new_figure(10, 7)
    (upper_left, upper_right), (lower_left, lower_right) = figure.subplots(2, 2)
    _draw_sizes(upper_left, sizes[sizes > 0])
    attack = 100 * (1 - own[:, 0] / own.sum(axis=1))
    _draw_histogram(upper_right, attack, np.linspace(0, 100, _BINS + 1), "share of attacks [%]")
    divergence = jensen_shannon(own)
    _draw_histogram(
        lower_left, divergence, np.linspace(0, 1, _BINS + 1), "Jensen-Shannon divergence from all rows [bit]"
    )
    _draw_mixes(lower_right, own[np.argsort(attack, kind="stable")], families)
    n_empty = int(np.sum(sizes == 0))
    empty = f" · {n_empty:,} empty clients left out" if n_empty else ""
    figure.suptitle(f"{title}\n{_spread(counts)}{empty}", fontsize=11)
    _add_legend(figure, lower_right)
    return figure


def _spread(counts: Counts) -> str:
    """Write the rows in all, the clients' sizes and their Gini coefficient on one line."""
    sizes = counts.sum(axis=1)
    low, middle, high = np.quantile(sizes, [0, 0.5, 1])
    extent = (
        f"{sizes.sum():,} rows · client sizes {low:,.0f} / {middle:,.0f} / {high:,.0f} (min / median / max)"
    )
    return f"{extent} · Gini {gini(sizes):.2f}"


def _stack_bars(
    axes: Axes,
    places: npt.NDArray[Any],
    heights: npt.NDArray[Any],
    families: Sequence[str],
    *,
    width: float,
) -> None:
    """Draw bars at ``places``, of shape (n_bars,), as high as ``heights``, of shape (n_bars, n_families)."""
    floor = np.zeros(len(heights))
    for column, (name, (colour, hatch)) in enumerate(
        zip(families, family_colours(len(families)), strict=True)
    ):
        bars = axes.bar(
            places, heights[:, column], width, bottom=floor, label=name, color=colour, linewidth=0
        )
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white")
        floor = floor + heights[:, column]
    tidy(axes)


def _draw_sizes(axes: Axes, sizes: Counts) -> None:
    """Draw sizes on a logarithmic axis, with edges between whole numbers of rows."""
    from matplotlib.ticker import LogFormatter

    edges = np.unique(np.floor(np.geomspace(sizes.min(), sizes.max() + 1, _BINS + 1))) - 0.5
    edges[-1] = sizes.max() + 0.5
    _draw_histogram(axes, sizes, edges, "rows of a client")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(LogFormatter())  # 40, not 4 x 10^1
    axes.xaxis.set_minor_formatter(LogFormatter())


def _draw_histogram(
    axes: Axes, values: npt.NDArray[np.float64] | Counts, edges: npt.NDArray[np.float64], title: str
) -> None:
    """Draw how many clients lie in each bin, and mark the median."""
    heights, _ = np.histogram(values, edges)
    axes.stairs(heights, edges, fill=True, color="#0072b2", alpha=0.75)
    axes.axvline(float(np.median(values)), color="#d55e00", linewidth=1.4)
    axes.annotate(
        "median",
        (float(np.median(values)), 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -2),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#d55e00",
    )
    axes.set(xlabel=title, ylabel="clients")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    tidy(axes)


def _draw_mixes(axes: Axes, counts: Counts, families: Sequence[str]) -> None:
    """Draw the mean mix of each percent of the clients, which come by rising share of attacks."""
    n_bars = min(_MOST_BARS, len(counts))
    starts = np.linspace(0, len(counts), n_bars, endpoint=False).astype(np.int64)
    shares = counts / counts.sum(axis=1, keepdims=True)
    groups = np.add.reduceat(shares, starts, axis=0) / np.diff(starts, append=len(counts))[:, np.newaxis]
    width = 100 / n_bars
    _stack_bars(axes, width * (np.arange(n_bars) + 0.5), 100 * groups, families, width=width)
    axes.set(
        xlabel="clients by rising share of attacks [percentile]",
        ylabel="mean share of rows [%]",
        xlim=(0, 100),
        ylim=(0, 100),
    )


def _add_legend(figure: Figure, axes: Axes) -> None:
    """Put the legend of the families below all panels, in as many columns as their names leave room for."""
    handles, names = axes.get_legend_handles_labels()
    ncols = min(len(names), 8, max(1, _LEGEND_WIDTH // (max(map(len, names)) + 6)))
    figure.legend(handles, names, loc="outside lower center", ncols=ncols, frameon=False)
