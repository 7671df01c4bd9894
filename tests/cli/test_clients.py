"""Clients that people have, from the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cfmt.cli import app
from support.flows import own_rows, write_csv

LABEL = ("--label", "verdict", "--normal", "ok")
TINY = ("--rounds", 4, "--steps", 10, "--hidden", 8, "--method", "fed-over")


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def sites(path: Path, n_rows: int, seed: int) -> Path:
    """Write flows of our exporter: one address has one row, another has attacks only."""
    header, rows = own_rows(n_rows, seed)
    rows = [row for row in rows if row[1] != "192.0.2.8" or row[-1] != "ok"]
    return write_csv(path, header, [*rows, ["Clast", "192.0.2.99", "500", "tcp", "0.1", "ok"]])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("clients")
    train, test = sites(folder / "june.csv", 800, 0), sites(folder / "july.csv", 300, 1)
    given = ("--data", train, "--test", test, *LABEL, *TINY, "--clients-by", "src", "--out", folder / "run")
    code, out, err = invoke("train", *given)
    assert code == 0, err
    return folder, out, err


def test_training_takes_the_clients_of_a_column(trained: tuple[Path, str, str]) -> None:
    folder, out, err = trained
    assert "june · 10 clients · by src · zscore scaling" in out
    assert "2 of 10 clients with training rows of one class" in err
    assert "1 of 10 clients too small for validation rows" in err
    kept = tomllib.loads((folder / "run" / "config.toml").read_text())["partition"]
    assert kept == {"source": "drawn", "clients_by": "src", "validation_share": 0.2}
    told = json.loads((folder / "run" / "summary.json").read_text())["clients"]
    assert [one["name"] for one in told] == sorted(one["name"] for one in told)
    assert told[-1] == {"name": "192.0.2.99", "rows": 1, "attacks": 0}
    assert told[-2]["rows"] == told[-2]["attacks"] > 0
    assert "alpha" not in json.loads((folder / "run" / "summary.json").read_text())["config"]["partition"]
    assert "192.0.2.99" in (folder / "run" / "clients.svg").read_text()


def test_a_run_by_column_is_resumed(trained: tuple[Path, str, str]) -> None:
    code, out, err = invoke("train", "--resume", trained[0] / "run")
    assert code == 0, err
    assert out == trained[1]


def test_partition_shows_and_keeps_the_names(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    data = ("--data", trained[0] / "june.csv", "--test", trained[0] / "july.csv", *LABEL)
    code, out, err = invoke("partition", *data, "--clients-by", "src", "--out", tmp_path / "p")
    assert code == 0, err
    assert "june · 10 clients · by src\n" in out
    assert "192.0.2.99" in out
    assert json.loads((tmp_path / "p" / "partition.json").read_text())["names"][-1] == "192.0.2.99"
    code, again, err = invoke("partition", *data, "--partition-from", tmp_path / "p")
    assert code == 0, err
    assert again == out
    train = ("train", *data, *TINY, "--partition-from", tmp_path / "p", "--out", tmp_path / "run")
    code, figures, err = invoke(*train)
    assert code == 0, err
    same = [line for line in trained[1].splitlines() if "time of training" not in line]
    assert [line for line in figures.splitlines() if "time of training" not in line] == same
    code, _, err = invoke("partition", *data, "--partition-from", tmp_path / "p", "--clients-by", "proto")
    assert code == 2
    assert "--clients-by = 'proto': the partition in" in err
    assert "was made with 'src'" in err


def test_a_saved_partition_is_for_the_clients_that_it_was_made_of(
    trained: tuple[Path, str, str], tmp_path: Path
) -> None:
    text = (trained[0] / "june.csv").read_text()
    (tmp_path / "june.csv").write_text(text.replace("192.0.2.99", "192.0.2.77"))
    test = ("--test", trained[0] / "july.csv", *LABEL)
    invoke(
        "partition", "--data", trained[0] / "june.csv", *test, "--clients-by", "src", "--out", tmp_path / "p"
    )
    code, _, err = invoke(
        "partition", "--data", tmp_path / "june.csv", *test, "--partition-from", tmp_path / "p"
    )
    assert code == 1
    assert "other clients than the data name (they differ in 192.0.2.77, 192.0.2.99)" in err


@pytest.mark.parametrize(
    "beside",
    [("--clients", 5), ("--alpha", 0.3), ("--prevalence", 0.1), ("--min-size", 1), ("--scenario", "iid")],
)
def test_what_draws_clients_is_refused_beside_a_column(beside: tuple[object, ...]) -> None:
    code, out, err = invoke("partition", "--clients-by", "service", *beside)
    assert code == 2
    assert out == ""
    assert "is for clients that are drawn, and --clients-by = 'service' gives each client its own rows" in err


def test_nsl_kdd_has_clients_by_its_words_alone() -> None:
    code, out, _ = invoke("partition", "--train-rows", 500, "--clients-by", "protocol_type")
    assert code == 0
    assert "3 clients · by protocol_type" in out
    code, _, err = invoke("partition", "--train-rows", 500, "--clients-by", "file")
    assert code == 1
    assert "'file' (clients_by, --clients-by on the command line) cannot name clients there" in err


def test_many_clients_are_listed_by_size(tmp_path: Path) -> None:
    code, out, err = invoke("partition", "--train-rows", 2000, "--clients-by", "service")
    assert code == 0, err
    assert "Rows of the 20 largest clients" in out


def test_compare_runs_all_methods_on_the_same_clients(trained: tuple[Path, str, str], tmp_path: Path) -> None:
    data = ("--data", trained[0] / "june.csv", "--test", trained[0] / "july.csv", *LABEL)
    few = ("--rounds", 2, "--steps", 5, "--hidden", 4, "--methods", "fedavg,cfmt", "--seeds", 2)
    code, out, err = invoke("compare", *data, *few, "--clients-by", "src", "--out", tmp_path / "run")
    assert code == 0, err
    assert "10 clients · by src" in out
    assert "one split for all" in out
    assert "note: all seeds share the clients" in err


def test_evaluate_shows_each_client(trained: tuple[Path, str, str]) -> None:
    folder = trained[0]
    given = ("evaluate", folder / "run" / "model.safetensors", folder / "july.csv", "--clients-by", "src")
    code, out, err = invoke(*given)
    assert code == 0, err
    code, text, _ = invoke(*given, "--json")
    found = json.loads(text)
    clients = {one["name"]: one for one in found["clients"]}
    assert sum(one["n_rows"] for one in clients.values()) == found["n_rows"]
    assert sum(one["n_attacks"] for one in clients.values()) == found["n_attacks"]
    caught = sum(one["recall"] * one["n_attacks"] for one in clients.values() if one["n_attacks"])
    assert caught == pytest.approx(found["recall"] * found["n_attacks"])
    only_attacks, one_row = clients["192.0.2.8"], clients["192.0.2.99"]
    assert only_attacks["fpr"] is only_attacks["roc_auc"] is only_attacks["f1"] is None
    assert one_row["recall"] is None
    assert one_row["fpr"] in (0, 1)
    assert f"192.0.2.8 {only_attacks['n_rows']} {only_attacks['n_attacks']}" in " ".join(out.split())
    assert out.count("n/a") == 6
    assert "(worst tenth)" in out
    assert found["worst_tenth"]["roc_auc"] == min(one["roc_auc"] or 1 for one in clients.values())


def test_evaluate_without_clients_is_as_it_was(trained: tuple[Path, str, str]) -> None:
    folder = trained[0]
    _, text, _ = invoke("evaluate", folder / "run" / "model.safetensors", folder / "july.csv", "--json")
    assert {"clients", "worst_tenth"}.isdisjoint(json.loads(text))
    wrong = ("evaluate", folder / "run" / "model.safetensors", folder / "july.csv", "--clients-by", "site")
    code, out, err = invoke(*wrong)
    assert (code, out) == (1, "")
    assert "has no column 'site' to name the clients by" in err
