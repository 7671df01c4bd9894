"""The run directory: readable whenever it is cut off, and resumed without the halves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfmt.errors import RunDirectoryError
from cfmt.experiment.record import RunRecord, by_method, metrics_by_method
from cfmt.experiment.run_directory import RunDirectory
from cfmt.strict_json import dumps, numbers
from support.report_histories import made_up_record, made_up_records


def begin(path: Path) -> RunDirectory:
    directory = RunDirectory.create(path)
    directory.write_config("[training]\nrounds = 3\n")
    return directory


def append_rounds(directory: RunDirectory, record: RunRecord, n: int | None = None) -> None:
    for report, point in list(zip(record.reports, record.curve, strict=True))[:n]:
        directory.append_round(record.method, record.seed, report, point)


def test_create_makes_parents_and_takes_an_empty_directory(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    RunDirectory.create(path)
    assert RunDirectory.create(path).path == path


@pytest.mark.parametrize("occupied", ["file", "directory"])
def test_create_refuses_what_is_there_and_names_the_remedy(tmp_path: Path, occupied: str) -> None:
    path = tmp_path / "run"
    if occupied == "file":
        path.write_text("mine")
    else:
        (path / "sub").mkdir(parents=True)
    with pytest.raises(RunDirectoryError, match=r"run: .*choose another --out"):
        RunDirectory.create(path)
    assert path.exists()


def test_open_wants_a_run_that_was_begun(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"holds no config\.toml"):
        RunDirectory.open(tmp_path)
    begin(tmp_path)
    assert RunDirectory.open(tmp_path).config_path.read_text() == "[training]\nrounds = 3\n"


def test_lines_hold_report_and_curve_with_null_for_nan(tmp_path: Path) -> None:
    directory, record = begin(tmp_path), made_up_record("fedavg", 3, n_rounds=2)
    append_rounds(directory, record)
    first, second = directory.read_rounds()
    assert first["method"] == "fedavg"
    assert first["seed"] == 3
    assert [first["round"], second["round"]] == [1, 2]
    assert first["mu"] is None
    assert first["loss"] == record.reports[0].loss
    assert first["test_loss"] == record.curve[0].loss
    assert first["cluster_sizes"] == [20]


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_is_ignored(tmp_path: Path, cut: int) -> None:
    directory = begin(tmp_path)
    append_rounds(directory, made_up_record("fedavg", 0, n_rounds=3))
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert [entry["round"] for entry in directory.read_rounds()] == [1, 2]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    (tmp_path / "metrics.jsonl").write_text(
        '{"method": "a", "seed": 0}\n{"method"\n{"method": "a", "seed": 0}\n'
    )
    with pytest.raises(RunDirectoryError, match=r"metrics\.jsonl, line 2"):
        directory.read_rounds()


def test_a_run_comes_back_whole(tmp_path: Path) -> None:
    record = made_up_record("cfmt", 4)
    directory = begin(tmp_path)
    directory.write_run(record)
    (found,) = directory.read_runs()
    assert (found.method, found.seed) == ("cfmt", 4)
    assert found.to_json() == record.to_json()
    assert found.evaluation.threshold == record.evaluation.threshold
    assert found.reports[1:] == record.reports[1:]
    assert found.curve == record.curve
    assert np.isnan(found.evaluation.clusters[1]["roc_auc_cluster"])


def test_an_infinite_threshold_survives_strict_json() -> None:
    text = dumps({"threshold": np.inf, "low": -np.inf, "f1": np.float32("nan"), "n": np.arange(2)})
    assert text == '{"threshold": "Infinity", "low": "-Infinity", "f1": null, "n": [0, 1]}'
    found = numbers(json.loads(text))
    assert found["threshold"] == np.inf
    assert found["low"] == -np.inf
    assert np.isnan(found["f1"])


def test_resuming_keeps_finished_runs_and_forgets_the_rest(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    done, cut_off = made_up_record("fedprox", 0, n_rounds=3), made_up_record("cfmt", 0, n_rounds=3)
    append_rounds(directory, done)
    directory.write_run(done)
    append_rounds(directory, cut_off, 2)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"method": "cf')
    before = directory.read_rounds()[:3]

    (kept,) = RunDirectory.open(tmp_path).drop_unfinished()

    assert (kept.method, kept.seed) == ("fedprox", 0)
    assert directory.read_rounds() == before
    append_rounds(directory, cut_off)
    assert [entry["method"] for entry in directory.read_rounds()] == ["fedprox"] * 3 + ["cfmt"] * 3


def test_resuming_before_the_first_round_is_no_error(tmp_path: Path) -> None:
    assert begin(tmp_path).drop_unfinished() == []


def test_runs_come_in_the_order_in_which_they_were_run(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    for record in made_up_records(["fedprox", "cfmt", "fedavg"], [2, 10], n_rounds=2):
        append_rounds(directory, record)
        directory.write_run(record)
    found = [(record.method, record.seed) for record in directory.read_runs()]
    assert found == [(name, seed) for seed in (2, 10) for name in ("fedprox", "cfmt", "fedavg")]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 99}', '{"format": 1, "method": "a"}'])
def test_a_damaged_run_names_the_file_and_the_remedy(tmp_path: Path, content: str) -> None:
    directory = begin(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a-seed0.json").write_text(content)
    with pytest.raises(RunDirectoryError, match=r"a-seed0\.json.*--resume"):
        directory.read_runs()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = begin(tmp_path)
    directory.write_summary({"old": 1})

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full") as caught:
        directory.write_summary({"new": 2})
    assert caught.value.filename == str(tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == {"old": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "summary.json"]


def test_models_of_a_comparison_have_a_folder(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    assert directory.model_path() == tmp_path / "model.safetensors"
    path = directory.model_path("fed-over", 3)
    assert path == tmp_path / "models" / "fed-over-seed3.safetensors"
    assert path.parent.is_dir()
    with pytest.raises(ValueError, match="method must be letters"):
        directory.model_path("../up", 0)


def test_methods_are_grouped_with_seeds_in_order() -> None:
    records = made_up_records(["fedavg", "cfmt"], [5, 1])
    assert {name: [r.seed for r in group] for name, group in by_method(records).items()} == {
        "fedavg": [1, 5],
        "cfmt": [1, 5],
    }
    column = metrics_by_method(records, "KDDTest-21")["cfmt"]
    assert [figures["f1_all_attack"] for figures in column] == [0.8998, 0.8998]


def test_methods_on_different_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="records must hold at least one"):
        by_method([])
    with pytest.raises(ValueError, match=r"\[0\] for fedavg and \[1\] for cfmt; finish .* --resume"):
        by_method([made_up_record("fedavg", 0), made_up_record("cfmt", 1)])


@pytest.mark.parametrize("line", ["3", '{"method": "cfmt"}'])
def test_a_line_that_is_no_round_is_named(tmp_path: Path, line: str) -> None:
    directory = begin(tmp_path)
    (tmp_path / "metrics.jsonl").write_text(f"{line}\n")
    with pytest.raises(RunDirectoryError, match=r"metrics\.jsonl, line 1: is no round; remove the line"):
        directory.read_rounds()


@pytest.mark.parametrize("damage", [None, b"", b"[]", b'{"sources": 3}'])
def test_a_run_on_unknown_data_is_not_gone_on_with(tmp_path: Path, damage: bytes | None) -> None:
    directory = begin(tmp_path)
    if damage is not None:
        (tmp_path / "environment.json").write_bytes(damage)
    with pytest.raises(RunDirectoryError, match=r"environment\.json: cannot be read, .* start anew"):
        directory.check_unchanged([])
