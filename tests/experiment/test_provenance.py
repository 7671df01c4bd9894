"""What a detector remembers: what decided it, and neither where nor when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import cfmt
from cfmt.config import build_config, with_saved_partition
from cfmt.data import load_synthetic
from cfmt.experiment.plan import plan_methods
from cfmt.experiment.provenance import detector_metadata
from cfmt.experiment.traffic import load_tables
from cfmt.federated import Federation, simulate
from cfmt.partition import PartitionSpec, save_partition
from cfmt.ragged import Ragged
from cfmt.strict_json import plain

DATA = {"train_rows": 1500, "test_rows": 200}


def metadata_of(tree: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], Federation]:
    quick = {"training": {"rounds": 1, "steps": 2, "hidden": 4, "threads": 2}, "data": DATA}
    config = build_config(with_saved_partition(quick | tree))
    train, tests = load_tables(config.data, lambda _: None)
    (one,) = plan_methods(config, train, tests, lambda _: None)
    federation = one.build(0)
    run = simulate(federation, one.method, one.settings, seed=0)
    return detector_metadata(one, run, federation, train, tests), federation


def test_attack_types_are_those_of_training_rows() -> None:
    train, test = load_synthetic(2000, 50, seed=0)
    rows = np.flatnonzero((train.family <= 1) & (np.arange(2000) < 1500))  # normal and dos
    federation = Federation.build(train, (test,), Ragged.from_list([rows[::2], rows[1::2]]), seed=0)
    known = {train.attack_types[code] for code in np.unique(train.attack_type[rows])}
    assert {"neptune"} <= set(federation.attack_types) <= known - {"normal"}


def test_the_settings_are_the_methods_own() -> None:
    tree: dict[str, Any] = {
        "methods": {"names": ["fed-under"], "weighting": "sqrt"},
        "partition": {"clients": 5},
    }
    found, federation = metadata_of(tree)
    assert found == plain(found)
    assert found["cfmt"] == cfmt.__version__
    assert found["settings"]["method"]["aggregator"] == {"is": "WeightedMean", "weighting": "sqrt"}
    assert found["settings"]["partition"]["clients"] == found["training"]["clients"] == 5
    assert found["settings"]["data"] == {"split": "official", "generator_seed": 0, **DATA}
    assert not {"threads", "group_size", "device", "engine"} & found["settings"]["training"].keys()
    assert found["training"]["rows"] == federation.train.sizes.sum()
    (figures,) = found["figures"]
    assert (figures["test"], figures["rows"]) == ("synthetic", 200)


def test_folds_are_named() -> None:
    data = DATA | {"split": "types", "folds": 3, "fold": 1}
    tree: dict[str, Any] = {"methods": {"names": ["fedavg"]}, "partition": {"clients": 5}, "data": data}
    found, _ = metadata_of(tree)
    assert found["settings"]["data"]["fold"] == 1
    assert set(found["attack_types"]).isdisjoint({"normal"})
    assert found["figures"][0]["recall_novel"] is not None


def test_a_saved_partition_leaves_no_path(tmp_path: Path) -> None:
    train, _ = load_synthetic(1500, 200, seed=0)
    spec = PartitionSpec(n_clients=4, scheme="iid", prevalence=None)
    parts = spec.split(train.family, train.is_attack, seed=0)
    labels: dict[str, Any] = {"family": train.family, "is_attack": train.is_attack}
    save_partition(tmp_path / "parts", parts, spec=spec, seed=0, **labels)
    tree: dict[str, Any] = {
        "methods": {"names": ["fedavg"]},
        "partition": {"source": str(tmp_path / "parts")},
    }
    found, _ = metadata_of(tree)
    assert found["settings"]["partition"]["drawn"] is False
    assert found["settings"]["partition"]["clients"] == 4
    assert str(tmp_path) not in json.dumps(found)
