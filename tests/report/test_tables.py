"""Tables: what they must say, and that they fit a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from cfmt.experiment.record import metrics_by_method
from cfmt.experiment.setting import Setting
from cfmt.experiment.statistics import Interval, summarise_runs
from cfmt.federated.methods import ablations, cfmt
from cfmt.partition import PartitionSpec
from cfmt.report.labels import METRICS, all_attack, format_interval, format_number, label_of
from cfmt.report.run_table import run_tables
from cfmt.report.tables import comparison_tables
from support.report_histories import FAMILIES, made_up_record, made_up_records

NAMES = ["fedavg", "fedprox", "cfmt"]


def setting(seeds: tuple[int, ...] = (0, 1, 2), *, synthetic: bool = False) -> Setting:
    return Setting("NSL-KDD", synthetic, PartitionSpec(n_clients=100, alpha=0.3, prevalence=0.05), seeds)


def render(renderable: RenderableType, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(renderable)
    return console.export_text()


def compared(
    names: list[str], seeds: tuple[int, ...], *, synthetic: bool = False, sort_by: str = "roc_auc"
) -> str:
    methods, differences = summarise_runs(metrics_by_method(made_up_records(names, seeds)), baseline="fedavg")
    shown = comparison_tables(
        methods, differences, setting(seeds, synthetic=synthetic), test="KDDTest+", sort_by=sort_by
    )
    return render(shown)


def first_table(text: str) -> list[str]:
    """The names in the first table, from its rule to its reference row."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("──"))
    names = [line.split("  ")[0].strip() for line in lines[start + 1 :]]
    return names[: names.index("all attack") + 1]


def test_comparison_sorts_marks_and_refers() -> None:
    text = compared(NAMES, (0, 1, 2))
    assert "KDDTest+: NSL-KDD · 100 clients · Dirichlet alpha = 0.3 by family · attacks 5 % · 3 seeds" in text
    assert first_table(text) == ["cfmt", "fedprox", "fedavg", "all attack"]
    best = next(line for line in text.splitlines() if line.startswith("cfmt"))
    assert "*" in best
    assert "±" in best
    for word in ("0.725", "Difference from fedavg", *FAMILIES[1:], "[MB]", "[s]", "novel"):
        assert word in text
    assert "SYNTHETIC" not in text


def test_comparison_sorts_by_what_is_good() -> None:
    assert first_table(compared(NAMES, (0, 1), sort_by="fpr_at_threshold"))[0] == "fedavg"
    with pytest.raises(ValueError, match=r"sort_by must be one of roc_auc, .* got 'auc'"):
        compared(NAMES, (0, 1), sort_by="auc")


def test_synthetic_data_are_announced() -> None:
    assert "SYNTHETIC data: these figures say nothing about real traffic." in compared(
        NAMES, (0,), synthetic=True
    )
    assert "SYNTHETIC" in render(run_tables(made_up_record("cfmt", 0), setting((0,), synthetic=True)))


def test_a_split_that_seeds_do_not_move_is_announced() -> None:
    assert "3 seeds, one split for all" in replace(setting((0, 1, 2)), saved=True).describe()
    assert "one split" not in replace(setting((0,)), saved=True).describe()


def test_one_seed_has_no_interval_and_one_method_no_best() -> None:
    text = compared(["cfmt"], (0,))
    assert "±" not in text
    assert "*" not in text
    assert "Difference" not in text


def test_one_seed_promises_no_interval_of_differences() -> None:
    text = compared(["fedavg", "cfmt"], (0,)).split("Difference from fedavg")[1]
    assert "one seed: no intervals" in text
    assert "95 %" not in text


def test_differences_are_marked_where_their_interval_leaves_out_zero() -> None:
    text = compared(["fedavg", "fedprox", "cfmt"], (0, 1, 2, 3, 4)).split("Difference from fedavg")[1]
    assert "fedavg " not in text.split("\n", 1)[1]
    assert "+0.0" in text
    assert "*" in text


def test_nothing_is_cut_off_at_100_columns() -> None:
    text = compared(["fedavg", "cfmt", *ablations(cfmt())], (0, 1, 2))
    assert "…" not in text
    assert "cfmt-receive-cluster" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("width", [60, 80, 90])
def test_a_narrow_terminal_cuts_tables_between_columns_and_no_figure(width: int) -> None:
    names = ["fedavg", "cfmt", "cfmt-random-clusters"]
    methods, differences = summarise_runs(
        metrics_by_method(made_up_records(names, (0, 1, 2))), baseline="fedavg"
    )
    shown = comparison_tables(methods, differences, setting((0, 1, 2)), test="KDDTest+")
    narrow, wide = (render(shown, width=columns) for columns in (width, 100))
    assert "…" not in narrow
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= width
    assert set(wide.replace("─", "").split()) <= set(narrow.split())
    assert narrow.count("\nmethod ") > wide.count("\nmethod ") == 6


def test_run_table_shows_threshold_families_and_clusters() -> None:
    record = made_up_record("cfmt", 7)
    text = render(run_tables(record, setting()))
    for word in (
        "cfmt: NSL-KDD",
        "seed 7",
        "0.1370",
        "48,213",
        "5 % FPR",
        "KDDTest-21",
        "u2r",
        "0.991",
        "Clusters",
    ):
        assert word in text
    assert "…" not in text
    assert "Clusters" not in render(run_tables(made_up_record("fedavg", 7), setting()))


def test_an_infinite_threshold_is_shown() -> None:
    record = made_up_record("cfmt", 0)
    nothing = replace(record.evaluation.decisions[0], threshold=float("inf"), alerts_per_million=0.0)
    record = replace(record, evaluation=replace(record.evaluation, decisions=(nothing,)))
    assert "∞" in render(run_tables(record, setting((0,))))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Interval(0.5, 0.4, 0.6, (0.4, 0.6)), "0.500±.100"),
        (Interval(-2.5, -4.0, -1.0, (-2.0, -3.0)), "-2.500±1.500"),
        (Interval(0.5, float("nan"), float("nan"), (0.5,)), "0.500"),
        (Interval(float("nan"), float("nan"), float("nan"), (float("nan"), 1.0)), "-"),
    ],
)
def test_intervals_are_written_short(found: Interval, text: str) -> None:
    assert format_interval(found, 3) == text


def test_numbers_and_names() -> None:
    assert format_number(float("-inf"), 2) == "-∞"
    assert format_number(0.25, 2, signed=True) == "+0.25"
    assert format_interval(Interval(1234.0, 1230.6, 1237.4, (1.0, 2.0)), 0) == "1,234±3"
    assert label_of("recall_dos").title == "dos"
    assert all(label_of(metric).title for metric in METRICS)


def test_all_attack_follows_from_its_f1() -> None:
    share = 12_833 / 22_544  # attacks of KDDTest+
    found = all_attack(2 * share / (1 + share))
    assert found["pr_auc"] == pytest.approx(share)
    assert found["roc_auc"] == 0.5


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (PartitionSpec(n_clients=1, scheme="iid"), "1 client · IID"),
        (
            PartitionSpec(n_clients=1_000, alpha=0.1, on="label"),
            "1,000 clients · Dirichlet alpha = 0.1 by label",
        ),
        (PartitionSpec(n_clients=5, size_alpha=0.5), "Dirichlet alpha = 0.5 by family, sizes alpha = 0.5"),
        (PartitionSpec(n_clients=5, prevalence=(0.001, 0.1)), "attacks 0.1-10 %"),
    ],
)
def test_setting_describes_the_partition(spec: PartitionSpec, text: str) -> None:
    assert text in Setting("NSL-KDD", False, spec, (0,)).describe()


def test_setting_names_the_scaling_where_there_is_one() -> None:
    spec = PartitionSpec(n_clients=5)
    assert "quantile scaling · seed 0" in Setting("NSL-KDD", False, spec, (0,), "quantile").describe()
    assert "scaling" not in Setting("NSL-KDD", False, spec, (0,)).describe()


def test_many_kinds_of_attack_stand_under_each_other() -> None:
    record = made_up_record("fed-over", 7)
    kinds = {f"recall_kind of attack number {number}": 0.5 + number / 100 for number in range(9)}
    tests = {name: figures | kinds for name, figures in record.evaluation.tests.items()}
    many = replace(record, evaluation=replace(record.evaluation, tests=tests))
    text = render(run_tables(many, setting()), width=80)
    for number in range(9):
        assert re.search(rf"kind of attack number {number} +0\.5{number}0 +0\.5{number}0", text)
    assert "…" not in text
