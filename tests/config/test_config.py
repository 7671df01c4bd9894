"""The configuration: errors that name key, value and remedy; TOML there and back."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.config import ExperimentConfig, build_config, differences, merge, read_toml, to_toml
from cfmt.errors import ConfigError
from cfmt.metrics import AtFpr, LeastCost

REFUSED = [
    ("partition", "alpha", 0, "partition.alpha must be a finite number > 0, got 0"),
    ("partition", "alpha", float("nan"), "partition.alpha must be a finite number > 0, got nan"),
    ("partition", "alpha", float("inf"), "partition.alpha must be a finite number > 0, got inf"),
    ("partition", "alpha", "0.3", "partition.alpha must be a finite number > 0, got '0.3'"),
    ("partition", "prevalence", 1.5, "a range low,high of such numbers, or none, got 1.5"),
    ("partition", "prevalence", [0.1, 1.0], "a range low,high of such numbers, or none, got (0.1, 1.0)"),
    ("partition", "prevalence", [0.2, 0.1], "partition.prevalence must run from low to high, got 0.2,0.1"),
    ("partition", "rows_per_client", 10, "a range low,high of whole numbers >= 1, or none, got 10"),
    ("partition", "clients", 0, "partition.clients must be a whole number >= 1, got 0"),
    ("partition", "clients", 2.5, "partition.clients must be a whole number >= 1, got 2.5"),
    ("partition", "clients", True, "partition.clients must be a whole number >= 1, got True"),
    ("partition", "scheme", "dirichlett", "must be one of 'dirichlet' or 'iid', got 'dirichlett'"),
    ("partition", "validation_share", 1, "partition.validation_share must be a number in [0, 1), got 1"),
    ("preprocessing", "scaling", "minmax", "must be one of 'zscore' or 'quantile', got 'minmax'"),
    ("training", "cohort", 0.0, "training.cohort must be a number in (0, 1], got 0.0"),
    ("training", "steps", "none", "exactly one of training.steps and training.epochs must be set"),
    ("methods", "names", [], "methods.names must be a list of names, got ()"),
    ("methods", "names", ["cfmt", "cfmt"], "methods.names must hold each name once, got cfmt again"),
    ("cfmt", "k", 6, "cfmt.k must not exceed cfmt.k_max = 5, got 6; raise k_max"),
    ("seeds", "first", -1, "seeds.first must be a whole number in [0, 2^63), got -1"),
    ("partition", "alhpa", 0.3, "unknown key partition.alhpa = 0.3; did you mean alpha?"),
    ("training", "zeal", 3, "unknown key training.zeal = 3; known are rounds, cohort,"),
]


@pytest.mark.parametrize(("section", "key", "value", "message"), REFUSED)
def test_a_bad_key_is_named_with_its_value_and_what_is_allowed(
    section: str, key: str, value: object, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config({section: {key: value}})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_section_is_named_with_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown section \[partitoin\]; did you mean partition\?"):
        build_config({"partitoin": {"alpha": 1.0}})


def test_epochs_take_the_place_of_the_default_steps() -> None:
    training = build_config({"training": {"epochs": 2}}).training
    assert (training.epochs, training.steps) == (2, None)


def test_an_option_of_epochs_takes_back_the_steps_of_a_file() -> None:
    merged = merge({"training": {"steps": 5, "rounds": 3}}, {"training": {"epochs": 2}})
    assert merged == {"training": {"rounds": 3, "epochs": 2}}


def test_steps_and_epochs_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="got 5 and 2"):
        build_config({"training": {"steps": 5, "epochs": 2}})


def test_later_trees_win_and_leave_the_earlier_ones_alone() -> None:
    first: dict[str, dict[str, Any]] = {"partition": {"alpha": 1.0, "clients": 5}}
    assert merge(first, {"partition": {"alpha": 2.0}}) == {"partition": {"alpha": 2.0, "clients": 5}}
    assert first == {"partition": {"alpha": 1.0, "clients": 5}}


positive = st.floats(min_value=1e-300, max_value=1e300)
shares = st.floats(min_value=1e-9, max_value=1 - 1e-9)
counts = st.integers(1, 10**12)
ranges = st.tuples(shares, shares).map(lambda pair: tuple(sorted(pair)))
text = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda word: word != "none")

trees = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries({"source": text}),
        "partition": st.fixed_dictionaries(
            {
                "clients": counts,
                "alpha": positive,
                "size_alpha": st.none() | positive,
                "prevalence": st.none() | shares | ranges,
                "rows_per_client": st.none() | st.tuples(counts, counts).map(lambda p: tuple(sorted(p))),
            }
        ),
        "training": st.one_of(
            st.fixed_dictionaries({"steps": counts}), st.fixed_dictionaries({"epochs": counts})
        ),
        "methods": st.fixed_dictionaries(
            {"names": st.lists(text, min_size=1, unique=True), "prox_mu": positive}
        ),
    }
)


@given(trees)
def test_toml_gives_back_what_was_written(tree: dict[str, dict[str, Any]]) -> None:
    config = build_config(tree)
    assert build_config(tomllib.loads(to_toml(config))) == config


def test_the_written_form_holds_every_key() -> None:
    written = tomllib.loads(to_toml(ExperimentConfig()))
    assert written.pop("scenario") == "custom"
    every_key = {name: list(keys) for name, keys in ExperimentConfig().model_dump().items()}
    assert {name: list(keys) for name, keys in written.items()} | {"scenario": ["name"]} == every_key


def test_a_file_names_its_scenario_above_the_sections(tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text('scenario = "prevalence-1"\n\n[training]\nrounds = 3\n')
    config = build_config(read_toml(file))
    assert (config.scenario.name, config.partition.prevalence, config.training.rounds) == (
        "prevalence-1",
        0.01,
        3,
    )
    file.write_text('[protocol]\nscenario = "iid"\n')
    with pytest.raises(ConfigError, match=r"\[protocol\] is no more; write scenario = "):
        read_toml(file)


def test_differences_name_the_keys() -> None:
    other = build_config({"partition": {"alpha": 0.5, "prevalence": "none"}})
    assert differences(ExperimentConfig(), other) == [
        "partition.alpha: 0.3 -> 0.5",
        'partition.prevalence: 0.05 -> "none"',
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[partition\n", "is not TOML"),
        ("alpha = 0.3\n", r"alpha = 0.3 must stand in a section: \[partition\]"),
        ("[partition]\nalpha = -1\n", "partition.alpha must be a finite number > 0, got -1"),
        ("[partition]\nalfa = 1\n", "did you mean alpha"),
    ],
)
def test_errors_of_a_file_name_the_file(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_toml(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_a_missing_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_toml(tmp_path / "nowhere.toml")


def test_a_tilde_before_no_users_name_is_the_files_own() -> None:
    given = build_config({"data": {"source": "~nobody of that name/flows.csv"}})
    assert given.data.source == str(Path("~nobody of that name/flows.csv").absolute())


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is no text in UTF-8, by line 1; save it as UTF-8"):
        read_toml(file)


def test_the_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ExperimentConfig().partition.alpha = 1.0


def test_the_partition_becomes_a_spec_of_the_library() -> None:
    given: dict[str, Any] = {
        "clients": 7,
        "alpha": 0.1,
        "prevalence": [0.01, 0.1],
        "on": "label",
        "size_alpha": 2.0,
    }
    spec = build_config({"partition": given}).partition_spec()
    assert (spec.n_clients, spec.alpha, spec.prevalence) == (7, 0.1, (0.01, 0.1))
    assert (spec.on, spec.size_alpha, spec.min_size) == ("label", 2.0, 10)


def test_the_settings_are_those_of_the_library() -> None:
    tree: dict[str, dict[str, Any]] = {
        "training": {"rounds": 3, "epochs": 2, "device": "cpu"},
        "evaluation": {"threshold": ["fpr:0.010", "cost:fn=10,fp=1"]},
    }
    settings = build_config(tree).settings()
    assert (settings.rounds, settings.local.epochs, settings.local.steps) == (3, 2, None)
    assert settings.device == "cpu"
    assert settings.thresholds == (AtFpr(0.01), LeastCost(fn=10, fp=1))


def test_defaults_are_those_of_the_library() -> None:
    from cfmt.federated.methods import METHODS

    names = list(METHODS)
    for method in build_config({"methods": {"names": names}}).method_values():
        assert method == METHODS[method.name]()


def test_options_reach_the_methods_and_their_ablations() -> None:
    from cfmt.federated import FixedMu, MetaSampler

    names = ["fedavg", "fedprox", "cfmt", "cfmt-no-prox", "cfmt-mu-0.25"]
    cfmt_keys: dict[str, Any] = {"sigma": 0.4, "policy": "fixed", "mu": 0.9, "k": 3, "budget": "under"}
    config = build_config({"methods": {"names": names, "prox_mu": 0.5}, "cfmt": cfmt_keys})
    fedavg, fedprox, cfmt, no_prox, quarter = config.method_values()
    assert (fedavg.prox_mu, fedprox.prox_mu, cfmt.prox_mu, no_prox.prox_mu) == (0.0, 0.5, 0.5, 0.0)
    assert isinstance(cfmt.sampler, MetaSampler)
    assert isinstance(quarter.sampler, MetaSampler)
    assert (cfmt.sampler.sigma, cfmt.sampler.policy, cfmt.sampler.budget) == (0.4, FixedMu(0.9), "under")
    assert (quarter.sampler.sigma, quarter.sampler.policy) == (0.4, FixedMu(0.25))
    assert cfmt.clustering is not None
    assert cfmt.clustering.k == 3


def test_an_unknown_method_is_named_with_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"got 'fedprx'; did you mean fedprox"):
        build_config({"methods": {"names": ["fedprx"]}}).method_values()


def test_importing_the_configuration_loads_no_heavy_package() -> None:
    code = (
        "import sys, cfmt.config; print(sorted({'torch', 'matplotlib', 'polars', 'flwr'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
