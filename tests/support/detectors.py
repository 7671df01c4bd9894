"""Detectors without a training, and the command line that takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from typer.testing import CliRunner

from cfmt.cli import app
from cfmt.data import load_synthetic
from cfmt.detector import Detector
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def untrained(scaling: Literal["zscore", "quantile"] = "zscore", **changes: Any) -> Detector:
    """Random weights, large enough that scores spread over (0, 1)."""
    train, _ = load_synthetic(2000, 0, seed=0)
    preprocessor = fit_preprocessor(train, scaling=scaling)
    mlp = MLP(preprocessor.n_features, hidden=16)
    values: dict[str, Any] = {"threshold": 0.5, "metadata": {"method": "fedavg"}} | changes
    return Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, **values)


def saved_detector(path: Path, scaling: Literal["zscore", "quantile"] = "zscore", **changes: Any) -> Path:
    untrained(scaling, **changes).save(path)
    return path
