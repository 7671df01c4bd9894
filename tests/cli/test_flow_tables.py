"""A stranger's flow table from the command line: look, train, score new flows, compare with labels."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cfmt.cli import app, errors
from cfmt.data.columns import Columns
from cfmt.detector import Detector
from support.flows import own_rows, write_csv

LABEL = ("--label", "verdict", "--normal", "ok")
TINY = ("--clients", 5, "--rounds", 4, "--steps", 10, "--hidden", 8, "--min-size", 5, "--method", "fed-over")


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def own(path: Path, n_rows: int, seed: int) -> Path:
    return write_csv(path, *own_rows(n_rows, seed))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("own")
    train, test = own(folder / "june.csv", 800, 0), own(folder / "july.csv", 300, 1)
    out = folder / "run"
    code, text, err = invoke("train", "--data", train, "--test", test, *LABEL, *TINY, "--out", out)
    assert code == 0, err
    return folder, text, err


def test_training_says_what_was_made_of_the_columns(trained: tuple[Path, str, str]) -> None:
    folder, out, err = trained
    assert "note: 2 numeric and 1 categorical columns are features" in err
    assert "note: no features: uid (id), src (address)" in err
    assert "june" in out
    detector = Detector.load(folder / "run" / "model.safetensors")
    assert detector.columns is not None
    assert detector.columns.label == "verdict"
    summary = json.loads((folder / "run" / "summary.json").read_text())
    metrics = next(iter(summary["methods"].values()))
    assert metrics["roc_auc"]["mean"] > 0.8


def test_new_flows_are_scored_with_their_ids(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    folder = trained[0]
    header, rows = own_rows(50, 2)
    flows = write_csv(tmp_path / "new.csv", header[:-1], [row[:-1] for row in rows])
    code, out, err = invoke("score", folder / "run" / "model.safetensors", flows)
    assert code == 0, err
    found = list(csv.DictReader(io.StringIO(out)))
    assert list(found[0]) == ["row", "score", "alert", "uid", "src"]
    assert [row["uid"] for row in found] == [f"C{row}" for row in range(50)]
    assert "50 rows" in err
    code, lines, _ = invoke("score", folder / "run" / "model.safetensors", flows, "--output", "jsonl", "-q")
    scores = [json.loads(line)["score"] for line in lines.splitlines()]
    assert scores == [float(row["score"]) for row in found]


def test_rows_that_cannot_be_scored_are_counted_and_the_first_is_named(
    trained: tuple[Path, str, str], tmp_path: Path
) -> None:
    header, rows = own_rows(50, 2)
    rows[3][2], rows[9][2] = "x", ""
    flows = write_csv(tmp_path / "new.csv", header, rows)
    code, out, err = invoke("score", trained[0] / "run" / "model.safetensors", flows)
    assert code == 0
    assert len(out.splitlines()) == 1 + 48
    assert f"warning: {flows}: line 5: column bytes must be a number, got 'x'; such rows are dropped" in err
    assert "50 rows" in err
    assert "2 rows dropped" in err


def test_a_gzipped_table_gives_the_same_scores(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    plain = own(tmp_path / "new.csv", 60, 3)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    model = trained[0] / "run" / "model.safetensors"
    assert invoke("score", model, plain, "-q")[:2] == invoke("score", model, packed, "-q")[:2]


def test_a_table_of_another_exporter_is_refused(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    flows = write_csv(tmp_path / "new.csv", ["ts", "octets"], [["1", "2"]])
    code, _, err = invoke("score", trained[0] / "run" / "model.safetensors", flows)
    assert code == errors.FAILED
    assert err.startswith(f"error: {flows}: lacks the column bytes, duration, proto; it has ts, octets")


def test_a_detector_is_evaluated_on_labelled_flows(trained: tuple[Path, str, str]) -> None:
    folder = trained[0]
    model = folder / "run" / "model.safetensors"
    code, out, err = invoke("evaluate", model, folder / "july.csv")
    assert code == 0, err
    assert "ROC-AUC" in out
    assert "flood" in out
    code, out, _ = invoke("evaluate", model, folder / "july.csv", "--json")
    found = json.loads(out)
    summary = json.loads((folder / "run" / "summary.json").read_text())
    metrics = next(iter(summary["methods"].values()))
    assert found["roc_auc"] == pytest.approx(metrics["roc_auc"]["mean"], abs=1e-9)
    assert found["recall"] == pytest.approx(
        sum(one["n_caught"] for one in found["types"]) / sum(one["n_rows"] for one in found["types"])
    )
    assert found["n_alerts"] / found["n_rows"] < 1


@pytest.mark.parametrize("split", ["types", "order", "random"])
def test_one_table_is_split(tmp_path: Path, split: str) -> None:
    header, rows = own_rows(600, 4)
    rows = [
        [*row[:-1], row[-1] + str(place % 2) if row[-1] != "ok" else "ok"] for place, row in enumerate(rows)
    ]
    table = write_csv(tmp_path / "own.csv", header, rows)
    given = ["train", "--data", table, *LABEL, *TINY, "--out", tmp_path / "run", "--folds", 2]
    code, _, err = invoke(*given, "--split", split)
    assert code == 0, err
    assert ("figures on it flatter" in err) == (split == "random")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "error: --data: {table} has no known test part; give it by --test, or set --split to types"),
        (["--split", "types", "--normal", "fine"], "no row of column verdict is 'fine'; its values are ok ("),
        (["--test", "{table}"], "holds the same bytes as the training file own.csv"),
        (["--test", "nowhere.csv"], "nowhere.csv: no such file"),
        (["--split", "order", "--format", "xml"], "format must be one of auto, csv, parquet"),
    ],
)
def test_what_cannot_be_trained_on_ends_in_one_line(tmp_path: Path, given: list[str], message: str) -> None:
    table = own(tmp_path / "own.csv", 100, 0)
    arguments = [text.format(table=table) for text in given]
    code, out, err = invoke("train", "--data", table, *LABEL, *TINY, *arguments, "--out", tmp_path / "run")
    assert code in (errors.FAILED, errors.MISUSED)
    assert out == ""
    assert message.format(table=table) in err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_a_schema_is_written_changed_and_enforced(tmp_path: Path) -> None:
    table = own(tmp_path / "own.csv", 200, 0)
    schema = tmp_path / "schema.toml"
    code, out, err = invoke("data", "schema", table, *LABEL, "--out", schema)
    assert code == 0, err
    assert "passed through" in out
    assert f"wrote {schema}" in err
    assert invoke("data", "schema", table, *LABEL, "--out", schema)[0] == errors.MISUSED
    columns = Columns.load(schema)
    assert columns.numeric == ("bytes", "duration")
    schema.write_text(
        schema.read_text().replace('["bytes", "duration"]', '["duration"]').replace('["bytes"]', "[]")
    )
    given = ["--data", table, "--schema", schema, "--split", "order", *TINY]
    code, _, err = invoke("train", *given, "--out", tmp_path / "run")
    assert code == 0, err
    detector = Detector.load(tmp_path / "run" / "model.safetensors")
    assert detector.columns is not None
    assert detector.columns.numeric == ("duration",)


def test_inspect_shows_a_table_and_what_its_columns_are_for(tmp_path: Path) -> None:
    table = own(tmp_path / "own.csv", 200, 0)
    code, out, err = invoke("data", "inspect", table)
    assert code == 0, err
    assert "service buckets" not in out
    assert "near-identifier" not in out
    assert "words (2)" in out
    code, out, err = invoke("data", "inspect", table, *LABEL)
    assert code == 0, err
    assert "flood" in out


def test_a_run_on_an_own_table_is_resumed_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(tmp_path / "own.csv", 300, 0)
    monkeypatch.chdir(tmp_path)
    code, _, err = invoke("train", "--data", "own.csv", *LABEL, "--split", "order", *TINY, "--out", "run")
    assert code == 0, err
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    code, _, err = invoke("train", "--resume", tmp_path / "run")
    assert code == 0, err


@pytest.mark.parametrize("split", ["types", "order"])
def test_rt_iot2022_is_trained_on_and_scored(rt_iot2022: Path, tmp_path: Path, split: str) -> None:
    given: list[Any] = [
        "train",
        "--data",
        rt_iot2022,
        "--split",
        split,
        "--method",
        "fed-over",
        "--scaling",
        "quantile",
    ]
    given += [
        "--clients",
        20,
        "--rounds",
        5,
        "--partition-on",
        "label",
        "--out",
        tmp_path / "run",
        "--threads",
        2,
    ]
    code, _, err = invoke(*given)
    assert code == 0, err
    assert "recognised as rt-iot2022" in err
    model = tmp_path / "run" / "model.safetensors"
    code, _, err = invoke("score", model, rt_iot2022, "--output", "csv", "--out", tmp_path / "scores.csv")
    assert code == 0, err
    assert "123,117 rows" in err
    scores = np.loadtxt(tmp_path / "scores.csv", delimiter=",", skiprows=1, usecols=1)
    assert len(scores) == 123_117


def test_test_rows_of_one_class_are_told(tmp_path: Path) -> None:
    header, rows = own_rows(300, 4)
    rows.sort(key=lambda row: row[-1] != "ok")
    table = write_csv(tmp_path / "own.csv", header, rows)
    given = ["train", "--data", table, *LABEL, *TINY, "--fold-share", 0.1, "--out", tmp_path / "run"]
    code, _, err = invoke(*given, "--split", "order")
    assert code == 0, err
    assert "warning: the test rows are attacks only, so no ROC-AUC is defined" in err


def test_traffic_is_monitored(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    model = trained[0] / "run" / "model.safetensors"
    header, rows = own_rows(2000, 8)
    calm = write_csv(tmp_path / "calm.csv", header, [row for row in rows if row[-1] == "ok"])
    code, out, err = invoke("monitor", model, calm)
    assert (code, err) == (0, "")
    assert "None is past 0.25" in out
    moved = [[*row[:2], str(int(float(row[2])) * 50 + 90_000), *row[3:]] for row in rows if row[-1] == "ok"]
    code, out, _ = invoke("monitor", model, write_csv(tmp_path / "moved.csv", header, moved), "--json")
    found = json.loads(out)
    assert code == errors.DRIFTED
    assert "bytes" in found["past"]
    code, _, _ = invoke("monitor", model, tmp_path / "moved.csv", "--limit", 99)
    assert code == 0


def test_a_central_reference_stands_beside(trained: tuple[Path, str, str]) -> None:
    folder = trained[0]
    model = folder / "run" / "model.safetensors"
    given = ["evaluate", model, folder / "july.csv", "--reference", folder / "june.csv"]
    code, out, err = invoke(*given)
    assert code == 0, err
    assert "central trees" in out
    found = json.loads(invoke(*given, "--json")[1])
    assert found["reference"]["roc_auc"] > 0.85
    assert set(found["reference"]) == {"roc_auc", "average_precision", "recall_at_fpr"}


def test_columns_of_words_need_not_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    header, rows = own_rows(400, 0)
    header = [*header[:-1], "application", header[-1]]
    rows = [[*row[:-1], "web" if len(row[2]) > 3 else "mail", row[-1]] for row in rows]
    flows = write_csv(tmp_path / "june.csv", header, rows)
    given = ("--data", flows, "--split", "random", *LABEL, *TINY, "--out", tmp_path / "run")
    code, _, err = invoke("train", *given)
    assert code == 0, err
    detector = Detector.load(tmp_path / "run" / "model.safetensors")
    assert detector.columns is not None
    assert list(detector.columns.words) == ["proto", "application"]
    code, _, err = invoke("evaluate", tmp_path / "run" / "model.safetensors", flows)
    assert code == 0, err
