"""The study on folds of attack types: what is run once, what is refused, what the page says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cfmt.config import for_method
from cfmt.errors import RunDirectoryError
from cfmt.experiment.fold_score import FoldScore, score_of
from cfmt.experiment.traffic import load_training
from cfmt.experiment.tuning import evaluate_folds, folds_of
from studies.leave_types_out import FoldRow, leave_types_out_report
from studies.plan import LEAVE_TYPES_OUT, PlannedStudy, run_study
from studies.results_page import write_page
from studies.study import Heading, read_results
from support.planned_studies import TINY, small, studies

NAME = LEAVE_TYPES_OUT[0]
METHODS = ("fedavg", "cfmt", "cfmt-receive-mixture-oracle")


def planned(**more: Any) -> PlannedStudy:
    """The study with few methods, on two folds of generated types."""
    sections: dict[str, Any] = {"data": {**TINY["data"], "folds": 2}, **more}
    return small(studies(quick=False, **sections)[NAME], METHODS)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "results"
    run_study(planned(), folder, tell=lambda _: None)
    return folder


def file_of(folder: Path) -> Path:
    return folder / f"{NAME}.jsonl"


def lines_of(folder: Path) -> list[str]:
    return file_of(folder).read_text().splitlines(keepends=True)


def runs_told(told: Iterable[str]) -> list[str]:
    return [line.split(":")[0] for line in told if "] " in line]


def test_every_method_and_seed_is_judged_on_every_fold(results: Path) -> None:
    heading, rows = read_results(file_of(results), FoldRow.from_entry)
    assert (heading.seeds, heading.folds, heading.study) == ((2000, 2001), 2, NAME)
    assert {"cfmt-oracle-clusters", "cfmt-receive-mixture-random"} <= {*heading.ablations}
    assert [(row.method, row.judged.seed, row.judged.fold) for row in rows] == [
        (method, seed, fold) for method in METHODS for seed in (2000, 2001) for fold in (0, 1)
    ]
    assert len({row.fingerprint for row in rows}) == len(METHODS) * 2


def test_a_run_is_judged_as_the_search_judges(results: Path) -> None:
    config = for_method(planned().config, "cfmt")
    expected = evaluate_folds(config, folds_of(config, load_training(config.data, lambda _: None)))
    _, rows = read_results(file_of(results), FoldRow.from_entry)
    found = {row.judged for row in rows if row.method == "cfmt"}
    assert found == set(expected)


def test_an_interrupted_study_goes_on(results: Path, tmp_path: Path) -> None:
    whole = lines_of(results)
    file_of(tmp_path).write_text("".join([*whole[:4], *whole[5:]]) + whole[4][:30])
    told: list[str] = []
    run_study(planned(), tmp_path, tell=told.append)
    assert runs_told(told) == [f"{NAME} [12/12] fedavg seed 2001 fold 1"]
    assert lines_of(tmp_path)[1:] == whole[1:]
    told.clear()
    run_study(planned(), tmp_path, tell=told.append)
    assert runs_told(told) == []


def test_runs_under_other_settings_are_dropped(results: Path, tmp_path: Path) -> None:
    file_of(tmp_path).write_text("".join(lines_of(results)))
    told: list[str] = []
    (tmp_path / "cfmt.toml").write_text("[methods]\nprox_mu = 0.7\n")
    run_study(planned(tuned=tmp_path, seeds={"count": 1}), tmp_path, tell=told.append)
    assert f"{NAME}: 10 runs under other settings or to run again are dropped" in told
    assert runs_told(told) == [
        f"{NAME} [{number}/6] {method} seed 2000 fold {fold}"
        for number, (fold, method) in enumerate(product((0, 1), METHODS[1:]), start=3)
    ]
    assert len(lines_of(tmp_path)) == 1 + 6


def test_a_run_without_a_figure_of_today_is_run_again(results: Path, tmp_path: Path) -> None:
    heading, first, *others = lines_of(results)
    older = json.loads(first)
    del older["f1_macro_types"]
    file_of(tmp_path).write_text("".join([heading, json.dumps(older) + "\n", *others]))
    told: list[str] = []
    run_study(planned(), tmp_path, tell=told.append)
    assert runs_told(told) == [f"{NAME} [12/12] fedavg seed 2000 fold 0"]
    assert lines_of(tmp_path)[1:] == lines_of(results)[1:]


def test_only_the_training_file_is_opened(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "KDDTrain+.txt.gz").symlink_to(nsl_kdd_folder / "KDDTrain+.txt.gz")
    study = planned(data={"source": str(tmp_path / "data"), "folds": 2}, seeds={"count": 1})
    run_study(small(study, ["fedavg"]), tmp_path, tell=lambda _: None)
    heading, rows = read_results(file_of(tmp_path), FoldRow.from_entry)
    assert [source["name"] for source in heading.environment["sources"]] == ["KDDTrain+.txt"]
    assert all(score_of([row.judged]) is not None for row in rows)


def test_the_page_has_the_study_beside_those_on_the_test_file(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    run_study(small(studies()["prevalence-5"], ["fedavg", "cfmt"]), folder, tell=lambda _: None)
    scenarios = ["prevalence-5", "mixed-prevalence"]
    write_page(folder, tmp_path / "results.md", order=scenarios, apart="", tuned=None)
    before = (tmp_path / "results.md").read_text()
    assert "attack types left out of training\n" not in before
    file_of(folder).write_text("".join(lines_of(results)))
    write_page(folder, tmp_path / "results.md", order=scenarios, apart="", tuned=None)
    text = (tmp_path / "results.md").read_text()
    start, end = (
        text.index("## What each part is worth on attack types left out of training"),
        text.index("## Settings"),
    )
    part = text[start:end]
    assert text[:start] + text[end:] == before
    assert "Training rows alone" in part
    assert "They favour the settings" not in part
    assert "Traffic: SYNTHETIC, which says nothing about real traffic; 2 rounds, seeds 2000 to 2001." in part
    assert "Means are over 2 folds of attack types first" in part
    assert "| method | ROC-AUC, macro types | F1 at thr., macro types | score | ROC-AUC |" in part
    assert all(part.count(f"| `{name}` |") == (1 if name == "cfmt" else 2) for name in METHODS)
    assert "all attack" not in part


def made_up(folder: Path, scores: Mapping[str, Mapping[tuple[int, int], float]], **more: Any) -> Path:
    """Write a study of methods with some score for each seed and fold."""
    seeds = sorted({seed for by_run in scores.values() for seed, _ in by_run})
    folds = {fold for by_run in scores.values() for _, fold in by_run}
    heading = Heading(
        study=NAME,
        summary="made up",
        data="nsl-kdd",
        synthetic=False,
        partition={},
        seeds=tuple(seeds),
        rounds=20,
        quick=False,
        threshold=("fpr:0.05",),
        settings={},
        ablations=("cfmt-no-prox",),
        environment={},
        folds=len(folds),
    )
    rows = [
        FoldRow(method, f"{method} {fold}", FoldScore(fold, seed, 0.5, 0.4, score + 0.01, score - 0.01))
        for method, by_run in scores.items()
        for (seed, fold), score in by_run.items()
    ]
    entries = [asdict(replace(heading, **more)), *(row.to_entry() for row in rows)]
    folder.mkdir(exist_ok=True)
    file_of(folder).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return folder


OURS = {(2000, 0): 0.70, (2000, 1): 0.90, (2001, 0): 0.72, (2001, 1): 0.92}


def page_of(folder: Path) -> str:
    return "\n".join(leave_types_out_report(folder, ["prevalence-5"], ours="cfmt", test="KDDTest+"))


def test_folds_are_averaged_within_a_seed_and_differences_paired(tmp_path: Path) -> None:
    better = {run: score + 0.05 for run, score in OURS.items()}
    mixed = {run: score + (0.02 if run[0] == 2000 else -0.04) for run, score in OURS.items()}
    scores = {"cfmt": OURS, "cfmt-no-prox": mixed, "fedavg": better}
    text = page_of(made_up(tmp_path, scores, settings={"cfmt": {"methods.prox_mu": 0.5}}))
    # 0.80 and 0.82: half of Student's interval of two seeds is 12.706 * 0.0141 / sqrt(2)
    assert "| `cfmt` | 0.820±.127 | 0.800±.127 | 0.810±.127 | 0.500±.000 |" in text
    assert text.index("| `fedavg` | **0.870") < text.index("| `cfmt` |") < text.index("| `cfmt-no-prox` |")
    assert "| minus `cfmt` | score |" in text
    assert "| `fedavg` | **+0.050±.000** |" in text
    assert "| `cfmt-no-prox` | -0.010±.381 |" in text
    assert "Of 2 differences that" in text
    assert "unlike scores on KDDTest+, these may be used" in text
    assert "They favour the settings that were found" in text
    assert "Traffic: nsl-kdd; 20 rounds" in text


def test_a_fold_without_a_figure_leaves_a_dash(tmp_path: Path) -> None:
    made_up(tmp_path, {"cfmt": OURS, "fedavg": OURS})
    lines = lines_of(tmp_path)
    lines[1] = json.dumps(json.loads(lines[1]) | {"roc_auc_macro_types": None}) + "\n"
    file_of(tmp_path).write_text("".join(lines))
    text = page_of(tmp_path)
    assert "| `cfmt` | - | 0.800±.127 | - | 0.500±.000 |" in text
    assert "| `fedavg` | - |" in text


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    assert page_of(tmp_path) == ""
    made_up(tmp_path, {"cfmt": OURS, "fedavg": OURS})
    whole = lines_of(tmp_path)
    other = json.dumps(json.loads(whole[-1]) | {"fingerprint": "another"}) + "\n"
    refused = {
        "lacks some runs of fedavg; resume with: make results": whole[:-1],
        "lacks some runs of cfmt; resume with: make results": [*whole, whole[1]],
        "mixes runs of fedavg under different settings": [*whole[:-1], other],
        "lacks all runs; resume with: make results": whole[:1],
        "is of another form": [*whole, '{"method": "cfmt"}\n'],
    }
    for message, lines in refused.items():
        file_of(tmp_path).write_text("".join(lines))
        with pytest.raises(RunDirectoryError, match=message):
            page_of(tmp_path)


def test_the_script_has_no_quick_form_of_it() -> None:
    command = [sys.executable, "-m", "studies.results", "--quick", "--only", NAME]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"--quick runs none of {', '.join(LEAVE_TYPES_OUT)}" in done.stderr
