"""Studies and the page that is made of them: what is run once, what is dropped, what must be said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cfmt.config import SCENARIOS
from cfmt.errors import RunDirectoryError
from cfmt.experiment.statistics import Interval
from cfmt.federated.methods import METHODS
from studies.markdown import differences_table, markdown_table, methods_table
from studies.plan import IN_DISTRIBUTION, LEAVE_TYPES_OUT, plan_studies, run_study
from studies.results_page import PUBLISHED, write_page
from studies.study import Heading, ResultRow, read_study
from support.planned_studies import small, studies
from support.report_histories import made_up_record


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one study and the one apart."""
    folder = tmp_path_factory.mktemp("docs") / "results"
    for name in ("prevalence-5", IN_DISTRIBUTION):
        run_study(small(studies()[name]), folder, tell=lambda _: None)
    return folder


def test_the_protocol_is_every_scenario_with_every_method() -> None:
    planned = {study.name: study for study in plan_studies({}, tuned=None, quick=False)}
    assert list(planned) == [*SCENARIOS, IN_DISTRIBUTION, *LEAVE_TYPES_OUT]
    for name, study in planned.items():
        assert study.config.methods.names[: len(METHODS)] == tuple(METHODS)
        assert (study.config.training.rounds, study.config.seeds.count) == (100, 5)
        assert study.config.methods.names[len(METHODS) :] == study.ablations
        split = {IN_DISTRIBUTION: "random"} | dict.fromkeys(LEAVE_TYPES_OUT, "types")
        assert study.config.data.split == split.get(name, "official")
        assert study.config.seeds.first == (2000 if name in LEAVE_TYPES_OUT else 0)
    assert len([study for study in planned.values() if study.ablations]) == 4
    assert "cfmt-no-prox" in planned["prevalence-5"].ablations


def test_the_quick_form_is_short() -> None:
    planned = plan_studies({}, tuned=None, quick=True)
    assert [study.name for study in planned] == [*SCENARIOS, IN_DISTRIBUTION]
    for study in planned:
        assert (study.config.training.rounds, study.config.seeds.count, study.ablations) == (20, 2, ())


def test_settings_are_those_of_the_scenario_else_those_for_all(tmp_path: Path) -> None:
    (tmp_path / "iid").mkdir()
    (tmp_path / "cfmt.toml").write_text("[methods]\nprox_mu = 0.5\n[cfmt]\nbudget = 'under'\n")
    (tmp_path / "iid" / "cfmt.toml").write_text("[methods]\nprox_mu = 0.7\n")
    found = studies(tuned=tmp_path, quick=False)
    assert found["iid"].config.tuned.settings == {"cfmt": {"methods.prox_mu": 0.7}}
    assert found["prevalence-5"].config.tuned.settings["cfmt"]["methods.prox_mu"] == 0.5
    assert "cfmt-matched-budget" in found["prevalence-5"].ablations


def test_a_file_holds_heading_and_runs(results: Path) -> None:
    study = read_study(results / "prevalence-5.jsonl")
    assert [(row.method, row.seed) for row in study.rows] == [
        ("fedavg", 0),
        ("fedavg", 1),
        ("cfmt", 0),
        ("cfmt", 1),
    ]
    assert all(len(row.curve) == 2 for row in study.rows)
    assert (study.heading.study, study.heading.synthetic, study.heading.seeds) == (
        "prevalence-5",
        True,
        (0, 1),
    )
    assert "f1@cost:fn=10,fp=1" in study.rows[0].metrics["synthetic"]
    assert study.heading.setting.describe().endswith("attacks 5 % · 2 seeds")


def test_finished_runs_are_kept_and_those_under_other_settings_dropped(results: Path, tmp_path: Path) -> None:
    file = tmp_path / "prevalence-5.jsonl"
    whole = (results / "prevalence-5.jsonl").read_bytes()
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]) + b'{"method": "cf')
    told: list[str] = []
    study = small(studies()["prevalence-5"])
    run_study(study, tmp_path, tell=told.append)
    assert len([line for line in told if line.startswith("prevalence-5 [")]) == 2
    names = [(row.method, row.seed) for row in read_study(file).rows]
    assert names == [(row.method, row.seed) for row in read_study(results / "prevalence-5.jsonl").rows]
    told.clear()
    run_study(study, tmp_path, tell=told.append)
    assert not [line for line in told if "seed" in line]
    training = study.config.training.model_copy(update={"learning_rate": 0.01})
    other = replace(study, config=study.config.model_copy(update={"training": training}))
    run_study(other, tmp_path, tell=told.append)
    assert "prevalence-5: 4 runs under other settings or to run again are dropped" in told
    assert len(read_study(file).rows) == 4


def test_a_run_that_lacks_a_figure_is_run_again(results: Path, tmp_path: Path) -> None:
    heading, *rows = (results / "prevalence-5.jsonl").read_text().splitlines()
    older = json.loads(rows[0])
    for figures in older["metrics"].values():
        del figures["recall_macro_types"]
    lines = [heading, json.dumps(older), *rows[1:]]
    (tmp_path / "prevalence-5.jsonl").write_text("".join(line + "\n" for line in lines))
    told: list[str] = []
    run_study(small(studies()["prevalence-5"]), tmp_path, tell=told.append)
    assert [line.split(":")[0] for line in told if "seed" in line] == ["prevalence-5 [4/4] fedavg seed 0"]


def test_a_method_is_run_again_where_its_code_has_changed(results: Path, tmp_path: Path) -> None:
    (tmp_path / "prevalence-5.jsonl").write_bytes((results / "prevalence-5.jsonl").read_bytes())
    told: list[str] = []
    run_study(small(studies()["prevalence-5"]), tmp_path, tell=told.append, rerun=["cfmt"])
    assert [line.split(":")[0] for line in told if "seed" in line] == [
        "prevalence-5 [3/4] cfmt seed 0",
        "prevalence-5 [4/4] cfmt seed 1",
    ]


def test_the_script_runs_a_study_and_writes_the_page(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "studies.results",
        "--quick",
        "--only",
        "iid",
        "--page",
        str(tmp_path / "page.md"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "## iid" in (tmp_path / "page.md").read_text()
    assert (tmp_path / "page" / "figures" / "iid-curves.svg").exists()
    wrong = subprocess.run(
        [*command, "--page-only", "--page", str(tmp_path / "none.md")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: ")


def test_another_seed_adds_to_the_runs(results: Path, tmp_path: Path) -> None:
    (tmp_path / "prevalence-5.jsonl").write_bytes((results / "prevalence-5.jsonl").read_bytes())
    told: list[str] = []
    run_study(small(studies(seeds={"count": 3})["prevalence-5"]), tmp_path, tell=told.append)
    assert (
        len([line for line in told if "seed 2" in line])
        == len([line for line in told if "seed" in line])
        == 2
    )


def test_the_telling_of_a_run_shows_no_figure_of_it(tmp_path: Path) -> None:
    told: list[str] = []
    run_study(small(studies()["iid"], ["fedavg"]), tmp_path, tell=told.append)
    runs = [line for line in told if line.startswith("iid [")]
    assert all(re.fullmatch(r"iid \[\d/2\] fedavg seed \d: \d+\.\d s", line) for line in runs)
    assert len(runs) == 2


def test_the_page_says_what_it_must(results: Path) -> None:
    page = results.parent / "results.md"
    write_page(results, page, order=[*SCENARIOS, IN_DISTRIBUTION], apart=IN_DISTRIBUTION, tuned=None)
    text = page.read_text()
    for words in (
        "SYNTHETIC traffic",
        "The quick form",
        "without data split, seeds, settings or variance",
        "these numbers mean little",
        "*all attack*",
        "minus `fedavg`",
        "`cfmt` minus",
        "nothing was tuned",
        "make results DATA=DIR QUICK=1",
        "alerts / M by f1",
        "recall, macro types",
    ):
        assert words in text
    assert "## iid" not in text
    for picture in re.findall(r"\]\((\S+\.svg)\)", text):
        assert (page.parent / picture).stat().st_size > 0
    first = text
    write_page(results, page, order=[*SCENARIOS, IN_DISTRIBUTION], apart=IN_DISTRIBUTION, tuned=None)
    assert page.read_text() == first


def test_no_seed_is_left_out_of_a_mean(results: Path, tmp_path: Path) -> None:
    whole = (results / "prevalence-5.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "prevalence-5.jsonl").write_text("".join(whole[:-1]))
    with pytest.raises(RunDirectoryError, match="lacks some runs; resume with: make results"):
        write_page(tmp_path, tmp_path / "p.md", order=["prevalence-5"], apart="", tuned=None)
    with pytest.raises(RunDirectoryError, match="holds no results"):
        write_page(tmp_path, tmp_path / "p.md", order=["iid"], apart="", tuned=None)
    (tmp_path / "iid.jsonl").write_text('{"study": "iid"}\n')
    with pytest.raises(RunDirectoryError, match=r"iid\.jsonl: is of another form"):
        read_study(tmp_path / "iid.jsonl")


def made_up_study(folder: Path, *, lift: float) -> None:
    """A study in which CFMT is ahead of FedAvg by ``lift`` on every seed, and has one ablation."""
    names = ("fedavg", "fedprox", "cfmt", "cfmt-no-prox")
    spec: dict[str, Any] = {"n_clients": 100, "alpha": 0.3, "prevalence": [0.01, 0.1]}
    environment = {"versions": {"cfmt": "1"}, "cpu": "x", "threads": 2, "git": None, "sources": []}
    found = {"cfmt": {"methods.prox_mu": 0.5}}
    heading = Heading(
        study="prevalence-5",
        summary="made up",
        data="nsl-kdd",
        synthetic=False,
        partition=spec,
        seeds=(0, 1, 2),
        rounds=20,
        quick=False,
        threshold=("fpr:0.05",),
        settings=found,
        ablations=names[3:],
        environment=environment,
    )
    lines = [heading.to_entry()]
    for name in names:
        for seed in (0, 1, 2):
            record = made_up_record("same", seed)
            level = 0.5 + 0.001 * seed + (lift if name == "cfmt" else 0)
            judged = {"roc_auc": level, "f1_at_threshold": level}
            metrics = {test: figures | judged for test, figures in record.metrics.items()}
            lines.append(ResultRow(name, seed, "0", metrics, record.curve).to_entry())
    (folder / "prevalence-5.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(("lift", "ahead"), [(0.05, True), (-0.05, False)])
def test_the_verdict_follows_the_paired_intervals(tmp_path: Path, lift: float, ahead: bool) -> None:
    made_up_study(tmp_path, lift=lift)
    write_page(tmp_path, tmp_path / "p.md", order=["prevalence-5"], apart="", tuned=tmp_path)
    text = (tmp_path / "p.md").read_text()
    verdict = next(line for line in text.splitlines() if line.startswith("| `prevalence-5` | 0."))
    assert verdict.endswith("| `fedavg`, `fedprox` | none |" if ahead else "| none | `fedavg`, `fedprox` |")
    ablations = text[text.index("### Ablations") :]
    assert f"| `cfmt-no-prox` | **{-lift:+.3f}±.000**" in ablations
    assert "`methods.prox_mu` = 0.5" in text
    assert "SYNTHETIC" not in text
    assert "quick form" not in text
    for f1, auc in PUBLISHED.values():
        assert f"{f1:.2f} | {auc:.2f}" in text


def test_the_page_reports_on_the_folds(tmp_path: Path) -> None:
    made_up_study(tmp_path, lift=0.1)
    tuned = tmp_path / "tuned"
    tuned.mkdir()
    entries: list[dict[str, Any]] = [
        {"method": "cfmt", "trial": trial, "criterion": criterion, "score": trial / 10}
        for criterion in ("types", "types-micro", "random", "official")
        for trial in range(5)
    ]
    lines = [json.dumps(entry) + "\n" for entry in ({"searches": {}}, *entries)]
    (tuned / "fold-check.jsonl").write_text("".join(lines))
    (tuned / "cfmt.jsonl").write_text("{}\n{}\n{}\n")
    write_page(tmp_path, tmp_path / "p.md", order=["prevalence-5"], apart="", tuned=tuned)
    text = (tmp_path / "p.md").read_text()
    assert "## Do the folds predict KDDTest+?" in text
    figures = "| +1.00 | +1.00 to +1.00 | +1.00 | 5 |"
    assert f"| types left out, macro average (the search) {figures}" in text
    assert f"| types left out, micro average {figures}" in text
    assert "Trials of each method: 2." in text


def test_rows_come_back_as_they_were_written() -> None:
    record = made_up_record("cfmt", 3)
    row = ResultRow("cfmt", 3, "ab", record.metrics | {"empty": {"roc_auc": float("inf")}}, record.curve)
    assert ResultRow.from_entry(json.loads(json.dumps(row.to_entry()))) == row


def test_markdown_marks_the_best_and_what_is_sure() -> None:
    def found(mean: float, half: float = 0.01) -> Interval:
        return Interval(mean, mean - half, mean + half, (mean, mean))

    means = {"a": 0.9, "b": 0.8}
    methods = {name: {"roc_auc": found(mean), "f1_all_attack": found(0.7)} for name, mean in means.items()}
    assert methods_table(methods, ["a", "b"], ["roc_auc"]) == (
        "| method | ROC-AUC |\n| --- | ---: |\n| `a` | **0.900±.010** |\n| `b` | 0.800±.010 |\n"
        "| *all attack* | *0.500* |\n"
    )
    differences = {"a": {"f1": found(0.02)}, "b": {"f1": found(0.005)}}
    assert differences_table(differences, ["f1"], first="minus").endswith(
        "| `a` | **+0.020±.010** |\n| `b` | +0.005±.010 |\n"
    )
    assert markdown_table(["x"], [["a|b"]]) == "| x |\n| --- |\n| a\\|b |\n"
