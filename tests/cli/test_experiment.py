"""``cfmt train`` and ``cfmt compare`` end to end, on a little synthetic traffic."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cfmt.cli import app, errors
from cfmt.cli.progress import Lines
from cfmt.config import build_config
from cfmt.detector import Detector
from cfmt.experiment.clients import federation_builder
from cfmt.experiment.traffic import load_tables
from cfmt.federated import cohort
from cfmt.preprocessing import Quantiles

runner = CliRunner()
TINY = ["--clients", "10", "--train-rows", "2000", "--test-rows", "500", "--hidden", "8", "--steps", "5"]
COMPARE = ["compare", *TINY, *["--rounds", "2", "--seeds", "2", "--methods", "fedavg,fedprox,cfmt"]]


def invoke(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """What is the same whenever and wherever the same runs are made."""
    for part in ("methods", "paired"):
        for metrics in summary[part].values():
            del metrics["seconds"]
    return {part: summary[part] for part in ("methods", "paired", "config", "synthetic")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A finished comparison: its folder, stdout with ``--json``, and stderr."""
    folder = tmp_path_factory.mktemp("compare") / "run"
    code, out, err = invoke(*COMPARE, "--json", "--out", folder)
    assert code == 0, err
    return folder, out, err


def test_json_is_one_object_and_nothing_else(finished: tuple[Path, str, str]) -> None:
    folder, out, err = finished
    summary = json.loads(out)
    assert out.count("\n") == 1
    assert summary["synthetic"] is True
    assert set(summary["methods"]) == {"fedavg", "fedprox", "cfmt"}
    assert set(summary["paired"]) == {"fedprox", "cfmt"}
    for metrics in (*summary["methods"].values(), *summary["paired"].values()):
        for found in metrics.values():
            assert set(found) == {"mean", "low", "high", "values"}
            assert len(found["values"]) == 2
    assert "SYNTHETIC" in err
    assert json.loads((folder / "summary.json").read_text()) == summary


def test_the_folder_keeps_everything(finished: tuple[Path, str, str]) -> None:
    folder = finished[0]
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["partition"]["clients"] == 10
    assert config["methods"]["names"] == ["fedavg", "fedprox", "cfmt"]
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2 * 2 * 3
    assert len(list((folder / "runs").iterdir())) == 2 * 3
    assert len(list((folder / "models").iterdir())) == 2 * 3
    for name in (
        "environment.json",
        "clients.png",
        "clients.svg",
        "curves.png",
        "curves.svg",
        "methods.png",
        "methods.svg",
    ):
        assert (folder / name).stat().st_size > 0


def test_tables_are_sorted_by_the_metric_asked_for(finished: tuple[Path, str, str]) -> None:
    folder, out, _ = finished
    code, table, err = invoke("compare", "--resume", folder, "--sort", "recall_known")
    assert code == 0
    assert "6 of 6 runs are finished already" in err
    methods = json.loads(out)["methods"]
    best_first = sorted(methods, key=lambda name: -methods[name]["recall_known"]["mean"])
    shown = [
        line.split()[0] for line in table.splitlines() if line.split()[:1] and line.split()[0] in methods
    ]
    assert shown[:3] == best_first
    assert "SYNTHETIC" in table


def test_quiet_tells_nothing(finished: tuple[Path, str, str]) -> None:
    code, out, err = invoke("compare", "--resume", finished[0], "--quiet")
    assert (code, err) == (0, "")
    assert "SYNTHETIC" in out


def test_resume_refuses_another_configuration(finished: tuple[Path, str, str]) -> None:
    code, out, err = invoke("compare", "--resume", finished[0], "--alpha", 0.5, "--rounds", 3)
    assert (code, out) == (errors.MISUSED, "")
    assert "--alpha: 0.3 -> 0.5; --rounds: 2 -> 3" in err


def test_the_written_configuration_repeats_the_comparison(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    folder, out, _ = finished
    code, again, _ = invoke(
        "compare", "--config", folder / "config.toml", "--json", "--out", tmp_path / "again"
    )
    assert code == 0
    assert figures(json.loads(again)) == figures(json.loads(out))


def test_an_interrupted_comparison_goes_on_to_the_same_summary(
    finished: tuple[Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = Lines.on_round

    def interrupt(self: Lines, method: Any, seed: int, report: Any, point: Any) -> None:
        tell(self, method, seed, report, point)
        if (method.name, seed, report.round) == ("cfmt", 0, 1):
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Lines, "on_round", interrupt)
        code, out, err = invoke(*COMPARE, "--json", "--out", folder)
    assert (code, out) == (errors.INTERRUPTED, "")
    assert err.splitlines()[-1] == (
        f"interrupted; 2 of 6 runs are finished in {folder}; resume with: cfmt compare --resume {folder}"
    )
    code, out, err = invoke("compare", "--resume", folder, "--json")
    assert code == 0
    assert "2 of 6 runs are finished already" in err
    assert "fedavg seed 0" not in err
    assert "[3/6] cfmt seed 0" in err
    assert figures(json.loads(out)) == figures(json.loads(finished[1]))
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2 * 2 * 3


def test_a_run_goes_on_with_what_it_was_begun_with_alone(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    config, environment = folder / "config.toml", folder / "environment.json"
    text, begun = config.read_text(), environment.read_text()
    sha256 = json.loads(begun)["sources"][0]["sha256"]
    for path, damaged, code, message in (
        (
            config,
            text.replace("rounds = 2", "rounds = 3"),
            errors.FAILED,
            f"{config}: was changed since the run began",
        ),
        (config, text + "[", errors.MISUSED, f"{config}: is not TOML"),
        (
            environment,
            begun.replace(sha256, "0" * 64),
            errors.FAILED,
            f"{folder}: was begun on other data (sha256 0000",
        ),
    ):
        path.write_text(damaged)
        found, out, err = invoke("compare", "--resume", folder)
        assert (found, out) == (code, "")
        assert err.splitlines()[-1].startswith(f"error: {message}")
        config.write_text(text)
        environment.write_text(begun)
    assert invoke("compare", "--resume", folder, "--quiet")[0] == 0


def test_attacks_beyond_the_prevalence_are_told(tmp_path: Path) -> None:
    few = ["--clients", "50", "--rows-per-client", "4,8", "--min-size", "2", "--train-rows", "2000"]
    code, _, err = invoke(
        "train", *few, "--hidden", 8, "--rounds", 1, "--method", "fedavg", "--out", tmp_path / "a"
    )
    assert code == 0
    assert re.search(
        r"seed 0: [\d.]+ % of the clients' rows are attacks, not 5 % at most: each keeps one", err
    )
    code, _, err = invoke("train", *TINY, "--rounds", 1, "--method", "fedavg", "--out", tmp_path / "b")
    assert code == 0
    assert "% at most" not in err


def test_a_disk_that_is_full_is_named_with_the_way_to_go_on(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))
sys.argv = ["cfmt", *{COMPARE}, "--out", {str(folder)!r}]
from cfmt.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    model = folder / "models" / "fedavg-seed0.safetensors"
    assert done.returncode == errors.FAILED
    assert done.stderr.splitlines()[-1] == (
        f"error: {model}: File too large; 0 of 6 runs are finished in {folder}; "
        f"resume with: cfmt compare --resume {folder}"
    )
    assert list(model.parent.iterdir()) == []
    resumed, out, err = invoke("compare", "--resume", folder, "--json")
    assert resumed == 0, err
    assert figures(json.loads(out)) == figures(json.loads(finished[1]))


@pytest.mark.parametrize("engine", ["native", "torch"])
@pytest.mark.parametrize("rate", ["1e3", "1e5", "1e30"])
@pytest.mark.parametrize("method", ["fedavg", "cfmt"])
def test_a_training_that_diverges_is_no_fault_of_ours(
    tmp_path: Path, engine: str, rate: str, method: str
) -> None:
    given = ["--learning-rate", rate, "--rounds", "30", "--engine", engine, "--method", method]
    code, _, err = invoke("train", *TINY, *given, "--out", tmp_path / "run")
    assert code == errors.FAILED
    *_, line = err.splitlines()
    assert re.match(
        rf"error: {method} seed 0: round \d+: (the update of client \d+|a score of the model) ", line
    )
    assert "diverged; lower" in line
    assert "learning" in line
    assert "fault of cfmt" not in line
    assert "Traceback" not in err


def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "cfmt", *COMPARE, "--rounds", "100000", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (folder / "metrics.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (errors.INTERRUPTED, "")
    assert err.splitlines()[-1].startswith(f"interrupted; 0 of 6 runs are finished in {folder}; resume with")
    assert "Traceback" not in err


def test_threads_do_not_change_a_figure(finished: tuple[Path, str, str], tmp_path: Path) -> None:
    command = [*COMPARE, "--threads", "3", "--json", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "cfmt", *command], capture_output=True, text=True, check=True, env=os.environ
    )
    ours, theirs = figures(json.loads(done.stdout)), figures(json.loads(finished[1]))
    assert ours["methods"] == theirs["methods"]
    assert ours["config"]["training"].pop("threads") == 3
    assert theirs["config"]["training"].pop("threads") is None
    assert ours["config"] == theirs["config"]


def test_run_shows_one_method_in_detail(tmp_path: Path) -> None:
    code, out, err = invoke("train", *TINY, "--rounds", 2, "--seed", 7, "--out", tmp_path / "run")
    assert code == 0, err
    assert "cfmt: SYNTHETIC" in out
    assert "seed 7" in out
    assert "Clusters" in out
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_on_a_saved_partition_is_the_run_that_deals_it_out(tmp_path: Path) -> None:
    assert invoke("partition", *TINY[:6], "--seed", 7, "--out", tmp_path / "parts")[0] == 0
    run = ["train", *TINY[2:], "--rounds", 2, "--seed", 7, "--json"]
    code, saved, err = invoke(*run, "--partition-from", tmp_path / "parts", "--out", tmp_path / "saved")
    assert code == 0, err
    _, drawn, _ = invoke(*run, "--clients", 10, "--out", tmp_path / "drawn")
    assert figures(json.loads(saved))["methods"] == figures(json.loads(drawn))["methods"]
    config = tomllib.loads((tmp_path / "saved" / "config.toml").read_text())
    assert config["partition"]["clients"] == 10
    assert config["partition"]["source"] == str(tmp_path / "parts")


def test_progress_is_told_within_a_round_and_an_interrupt_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell_then_interrupt(self: Lines, method: object, seed: int, done: int, total: int) -> None:
        self._every = 0.0
        on_clients(self, method, seed, done, total)  # type: ignore[arg-type]
        if done == 7 and self._run is not None and self._run.rounds == 1:
            raise KeyboardInterrupt

    on_clients = Lines.on_clients
    monkeypatch.setattr(cohort, "ROWS_AT_ONCE", 1)
    with monkeypatch.context() as patch:
        patch.setattr(Lines, "on_clients", tell_then_interrupt)
        code, out, err = invoke("train", *TINY, "--rounds", 2, "--out", tmp_path / "run")
    assert (code, out) == (errors.INTERRUPTED, "")
    assert "cfmt seed 0: round 1/2, 5 of 10 clients, " in err
    assert "s left in the round" in err
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1
    code, out, err = invoke("train", "--resume", tmp_path / "run")
    assert code == 0, err
    assert "Clusters" in out


def test_a_run_on_quantiles_says_so_and_its_detector_scores_the_same_bits(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code, out, err = invoke("train", *TINY, "--rounds", 2, "--scaling", "quantile", "--out", folder)
    assert code == 0, err
    assert "quantile scaling" in out
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["preprocessing"] == {"scaling": "quantile"}
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["config"]["preprocessing"] == {"scaling": "quantile"}
    detector = Detector.load(folder / "model.safetensors")
    checked = build_config(config)
    train, tests = load_tables(checked.data, lambda _: None)
    federation = federation_builder(checked, train, tests, lambda _: None)(0)
    assert isinstance(federation.preprocessor.scaling, Quantiles)
    assert detector.preprocessor.transform(tests[0]).tobytes() == federation.tests[0].X.tobytes()
    code, _, err = invoke("train", "--resume", folder, "--scaling", "zscore")
    assert code == errors.MISUSED
    assert '--scaling: "quantile" -> "zscore"' in err


def test_run_goes_where_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = invoke("train", *TINY, "--rounds", 1, "--method", "fedavg", "--json")
    assert code == 0
    folder = Path(json.loads(out)["directory"])
    assert folder.parent == Path("runs")
    assert folder.name.endswith("Z-train")
    assert json.loads(out)["paired"] == {}


def test_clients_of_one_class_and_without_validation_are_counted(tmp_path: Path) -> None:
    skewed = ["--clients", 100, "--alpha", 0.01, "--min-size", 1, "--prevalence", "none"]
    code, _, err = invoke("train", *TINY, *skewed, "--rounds", 1, "--out", tmp_path / "run")
    assert code == 0
    assert "of 100 clients with training rows of one class" in err
    assert "of 100 clients too small for validation rows" in err


@pytest.mark.parametrize("kept", ["attacks", "normal traffic"])
def test_training_rows_of_one_class_are_refused(nsl_kdd_folder: Path, tmp_path: Path, kept: str) -> None:
    shutil.copy(nsl_kdd_folder / "KDDTest+.txt.gz", tmp_path)
    with gzip.open(nsl_kdd_folder / "KDDTrain+.txt.gz", "rt") as lines:
        chosen = [line for line in lines if (line.split(",")[41] == "normal") == (kept != "attacks")]
    (tmp_path / "KDDTrain+.txt").write_text("".join(chosen[:500]))
    code, out, err = invoke("train", "--data", tmp_path, "--out", tmp_path / "run")
    assert (code, out) == (errors.FAILED, "")
    assert f"{tmp_path}: the training rows are {kept} only; a detector learns from both" in err
    assert not (tmp_path / "run").exists()


def test_seeds_that_share_a_saved_split_are_said_to(tmp_path: Path) -> None:
    made = ["partition", "--clients", 10, "--train-rows", 2000, "--seed", 3, "--out", tmp_path / "parts"]
    assert invoke(*made)[0] == 0
    given = ["--train-rows", 2000, "--test-rows", 500, "--hidden", 8, "--steps", 5, "--rounds", 1]
    command = ["compare", *given, "--methods", "fedavg", "--seeds", 2, "--partition-from", tmp_path / "parts"]
    code, out, err = invoke(*command, "--out", tmp_path / "run")
    assert code == 0, err
    assert "2 seeds, one split for all" in " ".join(out.split())
    assert f"note: all seeds share the split in {tmp_path / 'parts'}; intervals" in err
    assert "seed 0" not in (tmp_path / "run" / "clients.svg").read_text()


def test_clients_without_a_validation_attack_are_told(tmp_path: Path) -> None:
    few = ["--clients", 20, "--rows-per-client", "12,16", "--min-size", 1, "--train-rows", 2000]
    given = [
        *few,
        "--rounds",
        1,
        "--steps",
        1,
        "--hidden",
        4,
        "--method",
        "fedavg",
        "--out",
        tmp_path / "run",
    ]
    code, out, err = invoke("train", *given)
    assert code == 0, err
    assert (
        "note: seed 0: no client has an attack among its validation rows; the threshold rules f1 and cost"
        in err
    )
    (line,) = (line for line in out.splitlines() if line.startswith("F1 at threshold"))
    assert line.split()[-1] == "-"
