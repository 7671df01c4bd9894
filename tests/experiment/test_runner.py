"""A resumable experiment as a Python call: any registered method, the same files after a stop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfmt.config import ExperimentConfig, build_config
from cfmt.data import load_synthetic
from cfmt.detector import Detector
from cfmt.errors import InterruptedRunError
from cfmt.experiment.events import Silence
from cfmt.experiment.runner import run_experiment
from cfmt.federated import METHODS
from support.plugins import EASY_WHEN_WRONG, FIRST_ROWS, MEDIAN

ADDED = [FIRST_ROWS, EASY_WHEN_WRONG, MEDIAN]


def config_of(*names: str, seeds: int = 1) -> ExperimentConfig:
    return build_config(
        {
            "data": {"train_rows": 1500, "test_rows": 300},
            "partition": {"clients": 8},
            "training": {"rounds": 2, "steps": 3, "hidden": 8},
            "methods": {"names": list(names)},
            "seeds": {"count": seeds},
        }
    )


def figures(folder: Path) -> dict[str, Any]:
    """What a summary says, but for wall time and place."""
    summary = json.loads((folder / "summary.json").read_text())
    for methods in (summary["methods"], summary["paired"]):
        for column in methods.values():
            column.pop("seconds")
    return {key: value for key, value in summary.items() if key != "directory"}


def test_methods_of_a_user_are_compared_counted_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in ADDED:
        monkeypatch.setitem(METHODS, method.name, partial(replace, method))
    names = [method.name for method in ADDED]
    finished = run_experiment(config_of("fedavg", *names), out=tmp_path / "run")
    assert set(finished.methods) == {"fedavg", *names}
    assert set(finished.differences) == set(names)
    megabytes = {name: column["megabytes"].mean for name, column in finished.methods.items()}
    assert megabytes["fedavg"] == megabytes["first-rows"] == megabytes["median"]
    assert megabytes["easy-when-wrong"] > megabytes["fedavg"]
    _, test = load_synthetic(10, 50, seed=4)
    for name in names:
        detector = Detector.load(tmp_path / "run" / "models" / f"{name}-seed0.safetensors")
        assert detector.metadata["method"] == name
        assert np.isfinite(detector.predict_proba(test)).all()


class StopAfter(Silence):
    """Presses Ctrl-C once a number of runs are over."""

    def __init__(self, n_runs: int) -> None:
        self.left = n_runs

    def on_run(self, method: object, seed: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_stopped_experiment_is_resumed_to_the_same_figures(tmp_path: Path) -> None:
    config = config_of("fedavg", "fed-over", seeds=2)
    whole = run_experiment(config, out=tmp_path / "whole")
    with pytest.raises(InterruptedRunError, match="2 of 4 runs are finished") as stopped:
        run_experiment(config, out=tmp_path / "cut", events=StopAfter(2))
    assert stopped.value.folder == tmp_path / "cut"
    assert "cfmt compare --resume" in stopped.value.how_to_resume("compare")
    resumed = run_experiment(config, resume=tmp_path / "cut")
    assert figures(tmp_path / "cut") == figures(tmp_path / "whole")
    assert [r.seed for r in resumed.records] == [r.seed for r in whole.records]
    for name in ("fedavg-seed1", "fed-over-seed1"):
        paths = [tmp_path / run / "models" / f"{name}.safetensors" for run in ("whole", "cut")]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_it_knows_no_terminal() -> None:
    heavy = {"typer", "rich", "matplotlib", "torch"}
    code = f"import sys, cfmt.experiment.runner; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
