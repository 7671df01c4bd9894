"""The benchmark for a GPU, as far as it goes without one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import gpu
import inputs
from cfmt.mlp import MLP
from cfmt.nn import NativeEngine

RATES = gpu.Rates(flop_per_second=1e12, bytes_per_second=1e9)


def test_without_a_device_nothing_is_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "gpu.json")])
    with pytest.raises(SystemExit, match=r"needs a CUDA device, and torch .* sees none") as stop:
        gpu.main()
    assert stop.value.code not in (None, 0)
    assert not list(tmp_path.iterdir())


def test_the_floor_is_products_or_models_in_memory() -> None:
    mlp = MLP(121)
    in_memory = 4 * mlp.n_params * (2 * 10 + 3 * 20) / 1e9
    assert gpu.floor_seconds(RATES, mlp, n_clients=10, n_steps=20, n_rows=640) == pytest.approx(in_memory)
    slow = gpu.Rates(flop_per_second=1e9, bytes_per_second=1e12)
    flop = 640 * (4 * 121 * 128 + 6 * 128)
    assert gpu.floor_seconds(slow, mlp, n_clients=10, n_steps=20, n_rows=640) == pytest.approx(flop / 1e9)


def test_rates_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peers.floor.SECONDS", 0.01)
    rates = gpu.measure_rates("cpu", sides=(64, 128), copy_bytes=1 << 20)
    assert rates.flop_per_second > 1e8
    assert rates.bytes_per_second > 1e8


def test_the_engine_is_checked_before_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "N_ROWS", 3000)
    inputs.training.cache_clear()
    result = gpu.small_federation(RATES, "cpu", 200, rounds=2)
    assert result["clients"] == 200
    assert len(result["seconds"]) == 2
    assert result["floor_share"] == pytest.approx(result["floor_seconds"] / min(result["seconds"]))
    work = inputs.training(200)
    summed = gpu.play(NativeEngine(work.mlp, work.X, work.y), work)
    with pytest.raises(AssertionError):
        gpu.check(summed._replace(sums=1.01 * summed.sums), summed, work)
    inputs.training.cache_clear()


def test_whole_rounds_of_a_large_federation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("million.N_ROWS", 2000)
    (result,) = gpu.large_federation(RATES, 50, ["fedavg"], 2, device="cpu")
    assert result["name"] == "fedavg, 50 clients"
    assert np.isfinite(result["seconds"]).all()
