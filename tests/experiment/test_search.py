"""The search: what it draws, what it keeps, and that a comparison takes up what it found."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cfmt.cli import app, errors
from cfmt.config import ExperimentConfig, build_config, for_method, read_tuned
from cfmt.errors import ConfigError, RunDirectoryError
from cfmt.experiment.fold_score import CRITERION, MICRO, FoldScore, score_of
from cfmt.experiment.spaces import Among, LogUniform, Uniform, draw_near, draw_trial, space_of
from cfmt.experiment.trial import Trial
from cfmt.experiment.tuning import search, winner, with_keys
from cfmt.federated.methods import METHODS
from studies import check_folds

TINY: dict[str, dict[str, Any]] = {
    "data": {"train_rows": 2000, "split": "types", "folds": 2},
    "partition": {"clients": 6},
    "training": {"rounds": 2, "steps": 3, "hidden": 4},
    "seeds": {"count": 2},
    "methods": {"names": ["fedprox", "cfmt"]},
}


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def run_search(
    folder: Path, trials: int = 3, refine: int = 0, **sections: dict[str, Any]
) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    config = build_config(TINY | sections)
    for method, trial in search(config, folder, trials=trials, refine=refine, seed=0, note=lambda _: None):
        found.setdefault(method, []).append(trial)
    return found


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Trial]]]:
    folder = tmp_path_factory.mktemp("search")
    return folder, run_search(folder)


def without_time(trials: list[Trial]) -> list[tuple[object, ...]]:
    return [(trial.trial, trial.keys, trial.score, trial.runs) for trial in trials]


@pytest.mark.parametrize("method", [*METHODS, "cfmt-no-prox"])
def test_every_value_of_a_space_is_allowed(method: str) -> None:
    space = space_of(method)
    for trial in range(40):
        keys = draw_trial(space, trial, seed=1)
        assert set(keys) == (set(space) if trial else set())
        config = with_keys(ExperimentConfig(), keys | {"methods.names": [method]})
        assert len(config.method_values()) == 1
        assert for_method(build_config({"tuned": {method: keys}}), method) == config


def test_draws_stay_in_their_bounds() -> None:
    draws = np.random.default_rng(0)
    logs = [LogUniform(0.01, 10).draw(draws) for _ in range(500)]
    assert 0.01 <= min(logs) < 0.03 < 3 < max(logs) <= 10
    assert 0.2 < np.mean(np.array(logs) < 0.1) < 0.47
    assert all(-1 <= Uniform(-1, 1).draw(draws) <= 1 for _ in range(100))
    assert {Among((1, 2)).draw(draws) for _ in range(30)} == {1, 2}


def test_trials_of_two_methods_agree_in_what_they_share() -> None:
    fedavg, cfmt = (draw_trial(space_of(name), 5, seed=0) for name in ("fedavg", "cfmt"))
    assert fedavg.items() <= cfmt.items()
    assert draw_trial(space_of("cfmt"), 5, seed=1) != cfmt


def test_a_score_is_the_mean_over_folds_and_seeds(
    searched: tuple[Path, dict[str, list[Trial]]],
) -> None:
    for trials in searched[1].values():
        for trial in trials:
            assert [(run.fold, run.seed) for run in trial.runs] == [(0, 0), (0, 1), (1, 0), (1, 1)]
            figures = [
                (run.roc_auc_macro_types or 0) / 2 + (run.f1_macro_types or 0) / 2 for run in trial.runs
            ]
            assert trial.score == pytest.approx(np.mean(figures))
            alike = [(run.roc_auc or 0) / 2 + (run.f1_at_threshold or 0) / 2 for run in trial.runs]
            assert score_of(trial.runs, MICRO) == pytest.approx(np.mean(alike))
            assert trial.score != score_of(trial.runs, MICRO)
    one = FoldScore(0, 0, 0.9, None, roc_auc_macro_types=0.5, f1_macro_types=0.3)
    assert score_of([one]) == pytest.approx(0.4)
    assert score_of([one], MICRO) is None
    assert score_of([]) is None


def test_the_first_trial_is_the_configuration_as_it_is(
    searched: tuple[Path, dict[str, list[Trial]]],
) -> None:
    assert all(trials[0].keys == {} for trials in searched[1].values())


def test_the_best_trial_becomes_a_file(searched: tuple[Path, dict[str, list[Trial]]]) -> None:
    folder, found = searched
    for method, trials in found.items():
        best = winner(trials)
        assert best.score == max(trial.score for trial in trials if trial.score is not None)
        written = tomllib.loads((folder / f"{method}.toml").read_text())
        assert read_tuned(folder)["tuned"][method] == best.keys
        comment = (folder / f"{method}.toml").read_text().splitlines()[0]
        assert comment.endswith(
            f"score {best.score:.4f} on folds of the training rows, macro average over attack types"
        )
        assert written == {} or set(written) <= {"preprocessing", "training", "methods", "cfmt"}


def test_a_tie_goes_to_the_earlier_trial_and_none_never_wins() -> None:
    trials = [Trial(i, {}, score, (), 0.0) for i, score in enumerate((None, 0.5, 0.7, 0.7))]
    assert winner(trials).trial == 2
    with pytest.raises(ConfigError, match="no trial has a score"):
        winner(trials[:1])


@pytest.mark.parametrize("engine", ["native", "torch"])
def test_a_trial_that_diverges_has_no_score_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    drawn = {0: {}, 1: {"training.learning_rate": 1e30}, 2: {"training.learning_rate": 0.1}}
    monkeypatch.setattr("cfmt.experiment.tuning.draw_trial", lambda space, number, seed: drawn[number])
    where: dict[str, Any] = {
        "methods": {"names": ["cfmt"]},
        "training": TINY["training"] | {"engine": engine},
    }
    first, lost, last = run_search(tmp_path, **where)["cfmt"]
    assert (lost.score, lost.runs) == (None, ())
    assert lost.reason.startswith("round 1: the update of client ")
    assert (first.reason, last.reason) == ("", "")
    assert None not in (first.score, last.score)
    assert read_tuned(tmp_path)["tuned"]["cfmt"] == winner([first, last]).keys
    entries = [json.loads(line) for line in (tmp_path / "cfmt.jsonl").read_text().splitlines()[1:]]
    known = ["trial", "keys", "score", "runs", "seconds"]
    assert [list(entry) for entry in entries] == [known, [*known, "reason"], known]
    monkeypatch.setattr("cfmt.experiment.tuning.evaluate_folds", None)
    assert run_search(tmp_path, **where)["cfmt"] == [first, lost, last]
    with pytest.raises(ConfigError, match="no trial has a score: round 1: the update of client"):
        winner([lost])


def test_a_search_tells_of_a_trial_that_diverges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {0: {}, 1: {"training.learning_rate": 1e30}}
    monkeypatch.setattr("cfmt.experiment.tuning.draw_trial", lambda space, number, seed: drawn[number])
    tiny = ["--train-rows", 2000, "--clients", 6, "--rounds", 2, "--steps", 3, "--hidden", 4, "--seeds", 1]
    code, out, err = invoke("tune", *tiny, "--folds", 2, "--trials", 2, "--out", tmp_path)
    assert code == 0, err
    assert "cfmt [2/2] no score " in err.splitlines()[-1]
    assert "lower learning_rate" in err.splitlines()[-1]
    assert "no score" in out


def test_a_search_goes_on_where_it_was_cut_off(
    searched: tuple[Path, dict[str, list[Trial]]], tmp_path: Path
) -> None:
    folder, found = searched
    lines = (folder / "cfmt.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cfmt.jsonl").write_bytes(b"".join(lines[:3]) + lines[3][:20])
    again = run_search(tmp_path, methods={"names": ["cfmt"]})
    assert without_time(again["cfmt"]) != []
    assert [trial.score for trial in again["cfmt"]] == [trial.score for trial in found["cfmt"]]
    assert again["cfmt"][:2] == found["cfmt"][:2]
    entries = [json.loads(line) for line in (tmp_path / "cfmt.jsonl").read_text().splitlines()]
    assert [entry.get("trial") for entry in entries] == [None, 0, 1, 2]


def test_more_trials_keep_those_that_are_there(
    searched: tuple[Path, dict[str, list[Trial]]], tmp_path: Path
) -> None:
    folder, found = searched
    (tmp_path / "fedprox.jsonl").write_bytes((folder / "fedprox.jsonl").read_bytes())
    more = run_search(tmp_path, trials=4, methods={"names": ["fedprox"]})["fedprox"]
    assert more[:3] == found["fedprox"]
    assert len(more) == 4


def test_refined_trials_change_some_values_of_the_best_so_far(
    searched: tuple[Path, dict[str, list[Trial]]], tmp_path: Path
) -> None:
    (tmp_path / "cfmt.jsonl").write_bytes((searched[0] / "cfmt.jsonl").read_bytes())
    where: dict[str, Any] = {"methods": {"names": ["cfmt"]}}
    trials = run_search(tmp_path, refine=5, **where)["cfmt"]
    assert trials[:3] == searched[1]["cfmt"]
    assert [trial.parent for trial in trials[:3]] == [None] * 3
    for place, trial in enumerate(trials[3:], start=3):
        assert trial.parent == winner(trials[:place]).trial
        assert trial.keys != trials[trial.parent].keys
    assert read_tuned(tmp_path)["tuned"]["cfmt"] == winner(trials).keys
    again = run_search(tmp_path, refine=6, **where)["cfmt"]
    assert again[:8] == trials
    with pytest.raises(RunDirectoryError, match=r"trial 3 was made near trial \d; give as many --trials"):
        run_search(tmp_path, trials=4, **where)


@pytest.mark.parametrize("method", [*METHODS, "cfmt-no-prox"])
def test_a_step_from_a_trial_stays_in_the_space(method: str) -> None:
    space = space_of(method)
    start = draw_trial(space, 1, seed=1)
    changed = []
    for trial in range(2, 200):
        keys = draw_near(space, start, trial, seed=1)
        assert keys == draw_near(space, start, trial, seed=1)
        assert set(keys) == set(space)
        changed.append([keys[key] != start[key] for key in space])
        for key, values in space.items():
            if isinstance(values, Among):
                assert keys[key] in values.values
            else:
                assert values.low <= keys[key] <= values.high
    assert np.all(np.sum(changed, axis=1) >= 1)
    assert np.all(np.mean(changed, axis=0) < 0.75)
    assert set(draw_near(space, {}, 2, seed=1)) == set(space)


def test_steps_are_a_fifth_of_the_range() -> None:
    draws = np.random.default_rng(0)
    steps = [Uniform(0, 10).near(5, draws) - 5 for _ in range(2000)]
    assert np.std(steps) == pytest.approx(2, rel=0.1)
    logs = np.log10([LogUniform(1e-5, 1e5).near(1.0, draws) for _ in range(2000)])
    assert np.std(logs) == pytest.approx(2, rel=0.1)
    assert max(Uniform(0, 1).near(0.99, draws) for _ in range(50)) == 1
    assert {Among((1, 2, 3)).near(2, draws) for _ in range(30)} == {1, 3}


def test_a_log_of_another_search_is_not_gone_on_with(
    searched: tuple[Path, dict[str, list[Trial]]],
) -> None:
    with pytest.raises(RunDirectoryError, match=r"was begun under other conditions \(config\)"):
        run_search(searched[0], training={"rounds": 3})


def as_of_an_older_cfmt(log: Path) -> str:
    """The lines of a log as they were when rows, not attack types, counted the same."""
    header, *entries = (json.loads(line) for line in log.read_text().splitlines())
    del header["criterion"]
    for run in (run for entry in entries for run in entry["runs"]):
        for figure in CRITERION:
            del run[figure]
    return "".join(json.dumps(line) + "\n" for line in (header, *entries))


def test_a_log_with_scores_by_other_figures_is_refused(
    searched: tuple[Path, dict[str, list[Trial]]], tmp_path: Path
) -> None:
    log = tmp_path / "fedprox.jsonl"
    log.write_text(as_of_an_older_cfmt(searched[0] / "fedprox.jsonl"))
    with pytest.raises(RunDirectoryError, match=r"was begun under other conditions \(criterion\)"):
        run_search(tmp_path, methods={"names": ["fedprox"]})
    result = CliRunner().invoke(check_folds.app, ["check", str(tmp_path)])
    code, err = result.exit_code, result.stderr
    assert code == errors.MISUSED
    words = (
        "the search must be by roc_auc_macro_types, f1_macro_types, was by roc_auc, f1_at_threshold; search"
    )
    assert words in " ".join(err.split())


def test_the_log_says_what_was_searched_and_no_path(
    searched: tuple[Path, dict[str, list[Trial]]],
) -> None:
    header = json.loads((searched[0] / "cfmt.jsonl").read_text().splitlines()[0])
    assert header["method"] == "cfmt"
    assert header["criterion"] == list(CRITERION)
    assert header["space"]["training.learning_rate"] == {"kind": "LogUniform", "low": 0.03, "high": 1.0}
    assert "source" not in header["config"]["data"]
    assert "threads" not in header["config"]["training"]


def test_the_test_files_choose_nothing(tmp_path: Path) -> None:
    code, _, err = invoke("tune", "--split", "official", "--out", tmp_path / "s")
    assert code == errors.MISUSED
    assert "--split must be types or random for a search, got official" in err
    assert not (tmp_path / "s").exists()


def test_the_command_searches_and_a_comparison_takes_it_up(tmp_path: Path) -> None:
    tiny = ["--train-rows", 2000, "--clients", 6, "--rounds", 2, "--steps", 3, "--hidden", 4, "--seeds", 2]
    options = [*tiny, "--scenario", "prevalence-5", "--folds", 2, "--trials", 2]
    options += ["--refine", 1, "--out", tmp_path / "s"]
    code, out, err = invoke("tune", "--method", "cfmt", *options)
    assert code == 0, err
    assert "cfmt: best of 3 trials" in out
    assert "cfmt [3/3]" in err
    compare = ["compare", *tiny, "--test-rows", 300, "--methods", "fedavg,cfmt,cfmt-no-prox"]
    (tmp_path / "s" / "cfmt.toml").write_text("[training]\nlearning_rate = 0.01\n[methods]\nprox_mu = 0.5\n")
    code, _, err = invoke(*compare, "--tuned", tmp_path / "s", "--out", tmp_path / "run")
    assert code == 0, err
    assert "note: fedavg is not tuned" in err
    assert "cfmt-no-prox is not tuned" not in err
    written = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert written["tuned"] == {"cfmt": {"training.learning_rate": 0.01, "methods.prox_mu": 0.5}}
    code, _, err = invoke("compare", "--resume", tmp_path / "run")
    assert code == 0, err
    code, _, err = invoke(*compare, "--tuned", tmp_path / "s", "--learning-rate", 0.1)
    assert code == errors.MISUSED
    assert "--learning-rate is given as an option, and tuned for cfmt; leave one out" in err


def test_a_search_has_the_rounds_of_its_scenario_unless_others_are_given(tmp_path: Path) -> None:
    tiny = ["--train-rows", 2000, "--clients", 6, "--steps", 2, "--hidden", 4, "--seed", 1000, "--seeds", 1]
    options = [*tiny, "--split", "types", "--folds", 2, "--trials", 1, "--method", "fedavg", "--quiet"]
    search_it = ["tune", "--scenario", "prevalence-5", *options, "--out", tmp_path]
    code, _, err = invoke(*search_it)
    assert code == 0, err
    log = (tmp_path / "fedavg.jsonl").read_bytes()
    assert json.loads(log.splitlines()[0])["config"]["training"]["rounds"] == 100
    code, _, err = invoke(*search_it, "--rounds", 100)
    assert code == 0, err
    assert (tmp_path / "fedavg.jsonl").read_bytes() == log
    code, _, err = invoke(*search_it, "--rounds", 2)
    assert code != 0
    assert "was begun under other conditions (config)" in " ".join(err.split())


def test_tuned_settings_are_those_of_one_method() -> None:
    tuned = {"cfmt": {"training.learning_rate": 0.01, "methods.prox_mu": 0.7}}
    config = build_config({"tuned": tuned, "methods": {"names": ["fedavg", "cfmt", "cfmt-no-prox"]}})
    rates = {name: for_method(config, name).training.learning_rate for name in config.methods.names}
    assert rates == {"fedavg": 0.05, "cfmt": 0.01, "cfmt-no-prox": 0.01}
    (method,) = for_method(config, "cfmt").method_values()
    assert method.prox_mu == 0.7


@pytest.mark.parametrize(
    ("tuned", "message"),
    [
        ({"cfmt": {"training.rounds": 5}}, "tuned.cfmt: training.rounds cannot differ between methods"),
        ({"cfmt": {"partition.alpha": 5}}, "tuned.cfmt: partition.alpha cannot differ between methods"),
        ({"cfmt": 3}, 'tuned.cfmt must hold "section.key" = value, got 3'),
    ],
)
def test_what_all_methods_share_cannot_be_tuned(tuned: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config({"tuned": tuned})


def test_a_tuned_value_out_of_range_names_its_method() -> None:
    config = build_config({"tuned": {"cfmt": {"cfmt.sigma": -1.0}}})
    with pytest.raises(ConfigError, match=r"tuned\.cfmt: cfmt\.sigma must be a finite number > 0, got -1\.0"):
        for_method(config, "cfmt")


def test_a_folder_without_settings_is_an_error_of_one_line(tmp_path: Path) -> None:
    code, _, err = invoke("compare", "--tuned", tmp_path)
    assert code == errors.MISUSED
    assert "holds no METHOD.toml; make some with: cfmt tune" in err
