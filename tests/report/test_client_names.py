"""Plots of clients that have names, and of attack types with long ones."""

from __future__ import annotations

import numpy as np
import pytest

from cfmt.report.clients import plot_clients

COUNTS = np.array([[3, 1], [9, 0], [0, 5]])


def test_bars_carry_the_names_of_their_clients() -> None:
    names = ("small", "a site whose name is far too long for an axis", "$5")
    figure = plot_clients(COUNTS, ("normal", "attack"), title="sites", names=names)
    shares = figure.axes[1]
    assert [label.get_text() for label in shares.get_xticklabels()] == [
        f"{names[1][:11]}…{names[1][-12:]}",
        r"\$5",
        "small",
    ]
    figure.canvas.draw()  # the dollar must not begin mathematics


def test_many_bars_go_without_names() -> None:
    counts = np.tile(COUNTS, (20, 1))
    names = [f"site {k}" for k in range(60)]
    figure = plot_clients(counts, ("normal", "attack"), title="sites", names=names)
    shown = {label.get_text() for label in figure.axes[1].get_xticklabels()}
    assert not shown & set(names)


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one entry for each of 3 clients, got 1"):
        plot_clients(COUNTS, ("normal", "attack"), title="sites", names=("a",))


def test_a_legend_of_long_names_stays_within_the_figure() -> None:
    families = ("normal", *(f"Metasploit_Brute_Force_{k}" for k in range(12)))
    figure = plot_clients(np.ones((4, 13), np.int64), families, title="types")
    figure.canvas.draw()
    (legend,) = figure.legends
    extent = legend.get_window_extent()
    assert 0 <= extent.x0 < extent.x1 <= figure.bbox.x1
