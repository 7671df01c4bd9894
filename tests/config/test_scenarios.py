"""Named scenarios: what they set, and that given keys win over them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from typer.testing import CliRunner

from cfmt.cli import app, errors
from cfmt.config import SCENARIOS, Tree, build_config, departures, merge, to_toml


def config_of(name: str, **sections: dict[str, Any]) -> Any:
    return build_config({"scenario": {"name": name}} | sections)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_the_protocol(name: str) -> None:
    config = config_of(name)
    assert (config.partition.clients, config.training.cohort, config.training.rounds) == (100, 0.2, 100)
    assert (config.training.steps, config.training.batch_size, config.seeds.count) == (20, 32, 5)
    assert config.partition.on == "family"
    assert departures(config) == []


def test_scenarios_differ_in_the_partition() -> None:
    prevalence = {name: config_of(name).partition.prevalence for name in SCENARIOS}
    assert prevalence == {
        "natural-dirichlet-0.5": None,
        "natural-dirichlet-0.1": None,
        "prevalence-5": 0.05,
        "prevalence-1": 0.01,
        "mixed-prevalence": (0.005, 0.5),
        "iid": None,
    }
    assert config_of("natural-dirichlet-0.1").partition.alpha == 0.1
    assert config_of("iid").partition.scheme == "iid"


def test_given_keys_win_over_the_scenario_and_are_told() -> None:
    config = config_of("prevalence-5", training={"rounds": 3}, methods={"prox_mu": 0.5})
    assert (config.training.rounds, config.training.cohort, config.partition.prevalence) == (3, 0.2, 0.05)
    assert departures(config) == ["training.rounds: 100 -> 3"]


def test_epochs_replace_a_scenarios_steps() -> None:
    config = config_of("iid", training={"epochs": 2})
    assert (config.training.steps, config.training.epochs) == (None, 2)
    assert departures(config) == ['training.steps: 20 -> "none"']


def test_a_later_scenario_wins_over_the_keys_of_an_earlier_tree() -> None:
    file: Tree = {"scenario": {"name": "iid"}, "training": {"rounds": 3, "batch_size": 8}}
    config = build_config(merge(file, {"scenario": {"name": "prevalence-1"}, "training": {"rounds": 4}}))
    assert config.partition.prevalence == 0.01
    assert (config.training.rounds, config.training.batch_size) == (4, 32)


def test_the_written_configuration_names_its_scenario_and_keeps_what_differs() -> None:
    config = config_of("mixed-prevalence", training={"rounds": 7})
    written = tomllib.loads(to_toml(config))
    assert written["scenario"] == "mixed-prevalence"
    assert build_config(written) == config


def test_the_listing_names_every_scenario() -> None:
    result = CliRunner().invoke(app, ["scenarios"])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in SCENARIOS)
    assert "100 clients, 20% of them in a round, 100 rounds of 20 steps of 32 rows" in result.stdout


def test_an_option_names_the_scenario() -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["partition", "--scenario", "prevalence-1", "--clients", "20"])
    assert shown.exit_code == 0
    assert "20 clients · Dirichlet alpha = 0.3 by family · attacks 1 %" in shown.stdout
    wrong = runner.invoke(app, ["compare", "--scenario", "prevalence-2"])
    assert wrong.exit_code == errors.MISUSED
    assert "scenario must be one of 'custom', 'natural-dirichlet-0.5'" in wrong.stderr
