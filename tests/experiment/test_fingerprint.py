"""Runs of older versions still count: keys that they lack are left out while they say nothing."""

from __future__ import annotations

from cfmt.config import build_config
from cfmt.data import load_synthetic
from cfmt.experiment.fingerprint import decisive, fingerprint

TABLES = load_synthetic(10, 0, seed=0)


def test_an_older_run_keeps_its_fingerprint() -> None:
    config = build_config({"scenario": {"name": "iid"}})
    assert fingerprint(decisive(config, TABLES)) == "b92611c7e2f700ba"  # of before clients had a column


def test_a_new_key_that_says_something_counts() -> None:
    one, other = (
        decisive(build_config({"partition": keys}), TABLES) for keys in ({"clients_by": "service"}, {})
    )
    assert one["config"]["partition"]["clients_by"] == "service"
    assert "clients_by" not in other["config"]["partition"]
    assert fingerprint(one) != fingerprint(other)
