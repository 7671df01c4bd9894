"""The shared model against clients' own, which are those that each would train by itself."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from cfmt.experiment.local_models import LocalComparison, LocalModels
from cfmt.federated import Federation, Settings
from cfmt.federated.local import alone, local_scores
from cfmt.mlp import MLP
from cfmt.nn import Group, LocalTraining, make_engine
from cfmt.ragged import Ragged
from cfmt.report.local_models import local_models_table
from support.detectors import invoke
from support.federations import odd_federation
from support.flows import own_rows, write_csv


def test_a_client_alone_takes_its_steps_of_all_rounds() -> None:
    assert alone(Settings(rounds=10, cohort=0.5, local=LocalTraining(steps=7))).steps == 35
    epochs = alone(Settings(rounds=10, local=LocalTraining(steps=None, epochs=2, prox_mu=0.1)))
    assert (epochs.epochs, epochs.steps, epochs.prox_mu) == (20, None, 0.0)
    assert alone(Settings(rounds=2, cohort=0.01, local=LocalTraining(steps=7))).steps == 7


def _one_by_one(federation: Federation, mlp: MLP, local: LocalTraining) -> np.ndarray:
    """Train each client in a call of its own, over the same table."""
    engine = make_engine("native", mlp, federation.X, federation.is_attack)
    start = mlp.initial(seed=3)[np.newaxis]
    found = []
    for client in range(federation.n_clients):
        rows = Ragged.from_list([federation.train.of(client)])
        group = Group(start, np.zeros(1, np.int64), rows, np.array([client]), seed=3, round=1)
        (result,) = engine.train(group, local)
        own = Ragged.from_list([federation.validation.of(client)])
        found.append(engine.client_scores(start + result.deltas, own))
    return np.concatenate(found)


def test_one_call_trains_what_each_client_trains_by_itself() -> None:
    federation = odd_federation()  # of one class, of one row, and empty among them
    mlp, local = MLP(federation.n_features, 8), LocalTraining(steps=60, positive_weight="balanced")
    engine = make_engine("native", mlp, federation.X, federation.is_attack, group_size=2)
    scores = local_scores(federation, engine, local, seed=3)
    expected = _one_by_one(federation, mlp, local)
    assert scores.tolist() == expected.tolist()
    start = engine.scores(mlp.initial(seed=3)[np.newaxis])[0][federation.validation.values]
    assert (scores != start).mean() > 0.9


def _client(name: str, low: float, high: float) -> LocalComparison:
    return LocalComparison(name, 80, 20, 9, 0.7, 0.8, (low + high) / 2, low, high)


def test_verdicts_follow_the_interval() -> None:
    nan = float("nan")
    bounds = ((-0.2, -0.1), (0.1, 0.2), (-0.1, 0.1), (0.0, 0.0), (nan, nan))
    found = [_client("", *pair).verdict for pair in bounds]
    assert found == ["harmed", "helped", "undecided", "undecided", "not comparable"]


def test_many_clients_are_cut_and_harmed_ones_stand_first() -> None:
    from rich.console import Console

    clients = (*(_client(f"ok {k}", 0.1, 0.2) for k in range(60)), _client("[bold]$x", -0.2, -0.1))
    console = Console(width=200)
    with console.capture() as captured:
        console.print(local_models_table(LocalModels(clients, "20 steps")))
    text = captured.get()
    assert "harms 1 of 61 clients that can be compared: [bold]$x; it helps 60" in text
    assert "21 more clients stand in summary.json" in text
    assert text.index("[bold]$x") < text.index("ok 0")


def _opposed(path: Path, seed: int) -> Path:
    """Write flows of three sites, of which one calls attack what the others call normal."""
    header, rows = own_rows(3000, seed)
    for place, row in enumerate(rows):
        row[1] = ("rome", *["berlin", "oslo"] * 4)[place % 9]
        if row[1] == "rome":
            row[-1] = "flood" if row[-1] == "ok" else "ok"
    return write_csv(path, header, rows)


def test_train_names_the_site_that_the_shared_model_harms(tmp_path: Path) -> None:
    data = ("--data", _opposed(tmp_path / "a.csv", 0), "--test", _opposed(tmp_path / "b.csv", 1))
    few = ("--rounds", 10, "--steps", 10, "--hidden", 8, "--method", "fedavg", "--out", tmp_path / "run")
    given = (*data, "--label", "verdict", "--normal", "ok", "--clients-by", "src", *few)
    code, out, err = invoke("train", *given, "--local-models")
    assert code == 0, err
    assert "harms 1 of 3 clients that can be compared: rome; it helps" in out
    found = json.loads((tmp_path / "run" / "summary.json").read_text())["local_models"]
    assert found["harmed"] == ["rome"]
    assert found["trained_alone"] == "100 steps"
    rome = found["clients"][2]
    assert rome["name"] == "rome"
    assert rome["local"] > 0.7 > rome["shared"]
    assert rome["n_train"] + rome["n_rows"] == 334
    code, text, _ = invoke("train", "--resume", tmp_path / "run", "--local-models", "--json")
    assert json.loads(text)["local_models"] == found
    (tmp_path / "run" / "summary.json").unlink()  # as if it was killed before
    code, text, _ = invoke("train", "--resume", tmp_path / "run", "--json")
    assert json.loads(text)["local_models"] == found


def test_train_without_the_option_says_nothing_of_local_models(tmp_path: Path) -> None:
    code, text, _ = invoke("train", "--train-rows", 500, "--clients", 3, "--rounds", 1, "--hidden", 4,
                           "--method", "fedavg", "--json", "--out", tmp_path / "run")  # fmt: skip
    assert code == 0
    assert "local_models" not in json.loads(text)
    code, text, err = invoke("train", "--resume", tmp_path / "run", "--local-models", "--json")
    assert code == 0, err
    found = json.loads(text)["local_models"]
    (tmp_path / "run" / "summary.json").write_text("damaged")
    code, text, _ = invoke("train", "--resume", tmp_path / "run", "--json")
    assert "local_models" not in json.loads(text)  # neither settings nor summary ask for it
    invoke("train", "--resume", tmp_path / "run", "--local-models", "--json")
    code, text, _ = invoke("train", "--resume", tmp_path / "run", "--json")
    assert json.loads(text)["local_models"] == found


def test_clients_of_one_class_cannot_be_compared(tmp_path: Path) -> None:
    few = ("--train-rows", 800, "--rounds", 1, "--hidden", 4, "--method", "fedavg", "--out", tmp_path / "run")
    code, out, err = invoke("train", *few, "--clients-by", "service", "--local-models")
    assert code == 0, err
    found = json.loads((tmp_path / "run" / "summary.json").read_text())["local_models"]["clients"]
    odd = [one for one in found if one["n_attacks"] in (0, one["n_rows"])]
    assert odd
    assert all(one["verdict"] == "not comparable" and one["shared"] is None for one in odd)
    assert not any(isinstance(one["low"], float) and math.isnan(one["low"]) for one in found)
    assert "have fewer than 5 attacks or 5 normal rows" in out
