"""Plots: whole files that say on what they were drawn, for one client as for many."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from cfmt.errors import MissingExtraError
from cfmt.experiment.record import metrics_by_method
from cfmt.experiment.setting import Setting
from cfmt.experiment.statistics import summarise_runs
from cfmt.federated.methods import ablations, cfmt
from cfmt.partition import PartitionSpec
from cfmt.report.clients import plot_clients
from cfmt.report.curves import plot_curves, plot_intervals
from cfmt.report.figures import family_colours, method_styles, save_figure
from support.report_histories import FAMILIES, made_up_counts, made_up_record, made_up_records


def setting(seeds: range, *, synthetic: bool = False) -> Setting:
    return Setting(
        "NSL-KDD", synthetic, PartitionSpec(n_clients=100, alpha=0.3, prevalence=0.05), tuple(seeds)
    )


def saved_text(figure: Figure, folder: Path, stem: str) -> str:
    """Save a figure, check that both files are pictures, and return all text in the SVG."""
    png, svg = save_figure(figure, folder, stem)
    assert [png.name, svg.name] == [f"{stem}.png", f"{stem}.svg"]
    pixels = imread(png)
    assert pixels.std() > 0.01
    return " ".join(ElementTree.parse(svg).getroot().itertext())


@pytest.mark.parametrize(("n_seeds", "n_bands"), [(1, 0), (3, 2)])
def test_curves_have_a_band_for_several_seeds_only(tmp_path: Path, n_seeds: int, n_bands: int) -> None:
    seeds = range(n_seeds)
    figure = plot_curves(made_up_records(["fedavg", "cfmt"], seeds), setting(seeds))
    assert [len(axes.collections) for axes in figure.axes] == [n_bands] * 3
    text = saved_text(figure, tmp_path, "curves")
    for word in (
        "KDDTest+: NSL-KDD",
        "100 clients",
        "alpha = 0.3",
        "attacks 5 %",
        "fedavg",
        "cfmt",
        "ROC-AUC",
        "nats",
    ):
        assert word in text
    assert ("Student" in text) == (n_seeds > 1)
    assert "SYNTHETIC" not in text


def test_curves_draw_the_mean_over_seeds() -> None:
    records = made_up_records(["fedavg"], range(3), n_rounds=4)
    line = plot_curves(records, setting(range(3))).axes[1].lines[0]
    expected = np.mean([[point.f1 for point in record.curve] for record in records], axis=0)
    np.testing.assert_allclose(np.asarray(line.get_ydata()), expected)
    np.testing.assert_array_equal(np.asarray(line.get_xdata()), [1, 2, 3, 4])


def test_curves_are_framed_by_the_seeds_and_not_by_their_wide_bands() -> None:
    records = [made_up_record("cfmt", 0, n_rounds=3), made_up_record("cfmt", 1, level=-0.3, n_rounds=3)]
    f1 = plot_curves(records, setting(range(2))).axes[1]
    low, high = f1.get_ylim()
    seen = [point.f1 for record in records for point in record.curve]
    assert -0.01 <= low < min(seen) < max(seen) < high <= 1.01
    assert f1.collections[0].get_datalim(f1.transData).height > high - low


def test_a_curve_at_zero_does_not_lie_on_the_axis() -> None:
    record = made_up_record("fedavg", 0, n_rounds=2)
    flat = replace(record, curve=tuple(replace(point, f1=0.0) for point in record.curve))
    f1 = plot_curves([flat], setting(range(1))).axes[1]
    assert -0.02 < f1.get_ylim()[0] < 0


def test_curves_without_a_roc_auc_are_drawn(tmp_path: Path) -> None:
    record = made_up_record("cfmt", 0, n_rounds=3)
    curve = tuple(replace(point, roc_auc=float("nan")) for point in record.curve)
    save_figure(plot_curves([replace(record, curve=curve)], setting(range(1))), tmp_path, "curves")


def test_curves_of_one_round_and_of_all_ablations(tmp_path: Path) -> None:
    save_figure(plot_curves(made_up_records(["cfmt"], [0], n_rounds=1), setting(range(1))), tmp_path, "one")
    names = ["fedavg", "cfmt", *ablations(cfmt())]
    text = saved_text(
        plot_curves(made_up_records(names, [0], n_rounds=3), setting(range(1))), tmp_path, "all"
    )
    assert all(name in text for name in names)


def test_curves_refuse_runs_of_unequal_length() -> None:
    records = [made_up_record("cfmt", 0, n_rounds=3), made_up_record("cfmt", 1, n_rounds=4)]
    with pytest.raises(ValueError, match=r"runs of cfmt must have equal rounds, got \[3, 4\]"):
        plot_curves(records, setting(range(2)))


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_intervals_say_that_data_are_synthetic(tmp_path: Path, n_seeds: int) -> None:
    seeds = range(n_seeds)
    methods, _ = summarise_runs(
        metrics_by_method(made_up_records(["fedavg", "cfmt"], seeds)), baseline="fedavg"
    )
    figure = plot_intervals(methods, setting(seeds, synthetic=True), test="KDDTest+")
    text = saved_text(figure, tmp_path, "intervals")
    for word in ("SYNTHETIC", "KDDTest+", "all attack", "fedavg", "cfmt", "F1 at threshold"):
        assert word in text
    with pytest.raises(ValueError, match="methods must hold at least one"):
        plot_intervals({}, setting(seeds), test="KDDTest+")


def test_wide_intervals_of_shares_do_not_squeeze_the_rest() -> None:
    methods, _ = summarise_runs({"fedavg": [{"roc_auc": 0.2}, {"roc_auc": 0.99}]}, baseline="fedavg")
    assert methods["fedavg"]["roc_auc"].high > 2
    (axes,) = plot_intervals(methods, setting(range(2)), test="KDDTest+", metrics=["roc_auc"]).axes
    assert axes.get_xlim() == pytest.approx((-0.02, 1.02))


@pytest.mark.parametrize("n_clients", [1, 2, 100])
def test_few_clients_are_stacked_bars(tmp_path: Path, n_clients: int) -> None:
    counts = made_up_counts(n_clients)
    figure = plot_clients(counts, FAMILIES, title="NSL-KDD")
    rows, shares = figure.axes
    assert len(rows.patches) == n_clients * len(FAMILIES)
    heights = np.array([patch.get_height() for patch in rows.patches]).reshape(len(FAMILIES), n_clients)  # type: ignore[attr-defined]
    assert heights.sum() == counts.sum()
    assert (np.diff(heights.sum(axis=0)) <= 0).all()
    assert shares.get_ylim() == (0, 100)
    text = saved_text(figure, tmp_path, "clients")
    assert all(word in text for word in (*FAMILIES, "NSL-KDD", "Gini", "rows"))


@pytest.mark.parametrize("n_clients", [101, 100_000])
def test_many_clients_are_distributions(tmp_path: Path, n_clients: int) -> None:
    counts = made_up_counts(n_clients)
    counts[:3] = 0
    figure = plot_clients(counts, FAMILIES, title="NSL-KDD")
    assert sum(len(axes.patches) for axes in figure.axes) < 600
    sizes = figure.axes[0]
    assert sizes.get_xscale() == "log"
    shown = sizes.patches[0].get_data().values.sum()  # type: ignore[attr-defined]
    assert shown == np.sum(counts.sum(axis=1) > 0)
    text = saved_text(figure, tmp_path, "clients")
    assert f"{np.sum(counts.sum(axis=1) == 0)} empty clients left out" in text
    assert "Jensen-Shannon" in text


def test_many_equal_clients_have_a_distribution_too(tmp_path: Path) -> None:
    counts = np.tile(np.array([[9, 1]], np.int64), (500, 1))
    save_figure(plot_clients(counts, ("normal", "attack"), title="same"), tmp_path, "same")
    ones = np.tile(np.array([[1, 0]], np.int64), (500, 1))
    save_figure(plot_clients(ones, ("normal", "attack"), title="ones"), tmp_path, "ones")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.zeros((3, 5), np.int64), "counts must hold at least one row"),
        (np.zeros((0, 5), np.int64), "counts must hold at least one row"),
        (np.ones((3, 4), np.int64), r"counts must have shape \(n_clients, 5\)"),
    ],
)
def test_counts_that_cannot_be_drawn_are_refused(counts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_clients(counts, FAMILIES, title="")


def test_every_method_and_family_has_its_own_look() -> None:
    names = ["fedavg", "cfmt", *ablations(cfmt())]
    styles = method_styles(names)
    assert list(styles) == names
    assert len({style[:2] for style in styles.values()}) == len(names)
    assert len(set(family_colours(15))) == 15


def test_equal_figures_are_equal_files(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        (tmp_path / stem).mkdir()
        save_figure(plot_clients(made_up_counts(5), FAMILIES, title="x"), tmp_path / stem, "clients")
    for suffix in ("png", "svg"):
        assert (tmp_path / f"a/clients.{suffix}").read_bytes() == (
            tmp_path / f"b/clients.{suffix}"
        ).read_bytes()


def test_a_plot_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = plot_clients(made_up_counts(5), FAMILIES, title="x")
    png, _ = save_figure(figure, tmp_path, "clients")
    before = png.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(plot_clients(made_up_counts(9), FAMILIES, title="y"), tmp_path, "clients")
    assert png.read_bytes() == before


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'cfmt\[plots\]'"):
        plot_clients(made_up_counts(2), FAMILIES, title="")


def test_importing_the_report_leaves_matplotlib_and_its_state_alone() -> None:
    code = (
        "import sys, cfmt.report.curves, cfmt.experiment.run_directory; sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
