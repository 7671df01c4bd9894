"""Clients that people have: each row goes to its own, and they keep their names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cfmt.errors import DataError
from cfmt.partition import PartitionSpec, load_partition, partition_by_client, save_partition

CLIENT = np.array([2, 0, 2, 1, 0, 2])
FAMILY = np.array([0, 1, 0, 0, 0, 1])
ATTACK = FAMILY.astype(np.uint8)
SPEC = PartitionSpec(n_clients=3, scheme="column", column="site")


def test_each_row_goes_to_its_client_once() -> None:
    rng = np.random.default_rng(0)
    client = rng.integers(0, 50, 1000)
    parts = partition_by_client(client, 60)
    assert parts.n_clients == 60
    assert np.sort(parts.values).tolist() == list(range(1000))
    for one in range(60):
        assert parts.of(one).tolist() == np.flatnonzero(client == one).tolist()


def test_spec_takes_the_clients_and_no_seed_moves_them() -> None:
    one, other = (SPEC.split(FAMILY, ATTACK, client=CLIENT, seed=seed) for seed in (0, 1))
    assert [one.of(k).tolist() for k in range(3)] == [[1, 4], [3], [0, 2, 5]]
    assert (one.values == other.values).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"client\[1\] must be in 0..1, got 5"):
        partition_by_client(np.array([0, 5]), 2)
    with pytest.raises(ValueError, match="client must name the client of each of the 6 rows"):
        SPEC.split(FAMILY, ATTACK, seed=0)
    with pytest.raises(ValueError, match="column must be given for the scheme column"):
        PartitionSpec(n_clients=3, scheme="column")
    with pytest.raises(ValueError, match="and for no other, got 'site'"):
        PartitionSpec(n_clients=3, column="site")


def test_names_are_kept_with_the_partition(tmp_path: Path) -> None:
    parts = SPEC.split(FAMILY, ATTACK, client=CLIENT, seed=0)
    names = ("site a", "Straße", "(none)")
    save_partition(tmp_path / "p", parts, spec=SPEC, seed=0, family=FAMILY, is_attack=ATTACK, names=names)
    saved = load_partition(tmp_path / "p")
    assert saved.names == names
    assert saved.spec == SPEC
    page = json.loads((tmp_path / "p" / "partition.json").read_text())
    assert page["spec"] == {"n_clients": 3, "scheme": "column", "column": "site"}
    with pytest.raises(ValueError, match="one entry for each of 3 clients, got 2"):
        save_partition(
            tmp_path / "q", parts, spec=SPEC, seed=0, family=FAMILY, is_attack=ATTACK, names=names[:2]
        )
    assert not (tmp_path / "q").exists()


def test_a_partition_without_names_is_still_read(tmp_path: Path) -> None:
    parts = SPEC.split(FAMILY, ATTACK, client=CLIENT, seed=0)
    save_partition(tmp_path / "p", parts, spec=SPEC, seed=0, family=FAMILY, is_attack=ATTACK)
    page = tmp_path / "p" / "partition.json"
    content = json.loads(page.read_text())
    del content["names"]
    page.write_text(json.dumps(content))
    assert load_partition(tmp_path / "p").names == ()
    content["spec"]["column"] = ""
    page.write_text(json.dumps(content))
    with pytest.raises(DataError, match="is damaged"):
        load_partition(tmp_path / "p")
