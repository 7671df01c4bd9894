"""The summary and the environment: strictly valid JSON that says what was measured, and on what."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cfmt.data import Source
from cfmt.experiment.environment import describe_environment
from cfmt.experiment.record import metrics_by_method
from cfmt.experiment.run_directory import RunDirectory
from cfmt.experiment.statistics import summarise_runs
from cfmt.experiment.summary import summary_dict
from support.report_histories import made_up_records


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def made_up_summary(seeds: range) -> dict[str, Any]:
    runs = metrics_by_method(made_up_records(["fedavg", "cfmt"], seeds))
    runs["cfmt"][0]["worst_client_f1"] = float("nan")
    methods, differences = summarise_runs(runs, baseline="fedavg")
    return summary_dict(methods, differences, data={"name": "NSL-KDD"}, config={"training": {"rounds": 20}})


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_summary_is_valid_json_with_null_for_nan(tmp_path: Path, n_seeds: int) -> None:
    directory, summary = RunDirectory.create(tmp_path), made_up_summary(range(n_seeds))
    directory.write_summary(summary)
    found = json.loads((tmp_path / "summary.json").read_text(), parse_constant=refuse)
    assert found == summary == json.loads(json.dumps(summary, allow_nan=False))
    auc = found["methods"]["cfmt"]["roc_auc"]
    assert len(auc["values"]) == n_seeds
    assert (auc["low"] is None) == (n_seeds == 1)
    assert found["methods"]["cfmt"]["worst_client_f1"]["mean"] is None
    assert found["reference"] == {"all_attack_f1": pytest.approx(0.7255)}
    assert found["data"] == {"name": "NSL-KDD"}
    assert found["config"] == {"training": {"rounds": 20}}


def test_differences_are_paired_and_leave_the_baseline_out() -> None:
    summary = made_up_summary(range(3))
    assert summary["baseline"] == "fedavg"
    assert list(summary["paired"]) == ["cfmt"]
    columns = (summary["methods"][name]["f1"]["values"] for name in ("cfmt", "fedavg"))
    expected = [a - b for a, b in zip(*columns, strict=True)]
    assert summary["paired"]["cfmt"]["f1"]["values"] == expected


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="methods must hold at least one"):
        summary_dict({}, {}, data={}, config={})


def test_environment_names_versions_hardware_and_data() -> None:
    source = Source("KDDTrain+.txt", "ab" * 32, 125_973, True)
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    found = describe_environment([source], command=["cfmt", "train"], started=started, threads=2)
    json.dumps(found, allow_nan=False)
    assert found["started"] == "2026-01-02T02:04:05+00:00"
    assert found["command"] == ["cfmt", "train"]
    assert set(found["versions"]) == {"cfmt", "python", "numpy", "torch"}
    assert found["threads"] == 2
    assert found["cores"] >= 1
    assert found["sources"] == [
        {"name": "KDDTrain+.txt", "sha256": "ab" * 32, "n_rows": 125_973, "published": True}
    ]


def test_environment_does_without_git_and_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    found = describe_environment([], command=[], started=datetime.now(UTC))
    assert found["git"] is None
    assert found["gpu"] is None


def test_environment_refuses_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="started must have a time zone"):
        describe_environment([], command=[], started=datetime(2026, 1, 1))
